//! What callers send to an `http` source, as the document describes it. `livewell_source` reads it from the text, to name
//! the place of what is wrong; a test compares both.
#![allow(dead_code, reason = "of these types only the schemas are used")]

use super::wire::End;
use schemars::JsonSchema;
use serde_json::{Map, Value};

/// A change, a transaction, or a record where the source has a `node`.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum Sent {
    Change(Box<Change>),
    Transaction(Transaction),
    Record(Map<String, Value>),
}

/// A change, a transaction or a record a line; a line is a transaction.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Lines(String);

/// Changes that are taken in together or not at all.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    transaction: Vec<Change>,
    /// Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    timestamp: Option<i64>,
}

/// One change of an element.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum Change {
    Insert(Insert),
    Update(Update),
    Delete(Delete),
}

/// An element is there from now on.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Insert {
    #[schemars(extend("const" = "insert"))]
    operation: String,
    element: Inserted,
    /// Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    timestamp: Option<i64>,
}

/// An element as it is.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Inserted {
    Node(Node),
    Relationship(Relationship),
}

/// A node as it is.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Node {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "node"))]
    kind: String,
    #[schemars(length(min = 1))]
    id: String,
    #[serde(default)]
    labels: Vec<Name>,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// A relationship as it is.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Relationship {
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["relation", "relationship"]))]
    kind: String,
    #[schemars(length(min = 1))]
    id: String,
    /// Its type.
    #[schemars(length(min = 1, max = 1))]
    labels: Vec<Name>,
    from: End,
    to: End,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// A label, or the type of a relationship.
#[derive(JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Name(#[schemars(length(min = 1))] String);

/// What of an element is other than before; what is not named stays.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Update {
    #[schemars(extend("const" = "update"))]
    operation: String,
    element: Patch,
    /// Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    timestamp: Option<i64>,
}

/// The parts of an element that are other than before.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Patch {
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("enum" = ["node", "relation", "relationship"]))]
    kind: Option<String>,
    #[schemars(length(min = 1))]
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Name>")]
    labels: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "End")]
    from: Option<End>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "End")]
    to: Option<End>,
    /// A property that is null is taken away.
    #[serde(default)]
    properties: Map<String, Value>,
}

/// An element is gone.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Delete {
    #[schemars(extend("const" = "delete"))]
    operation: String,
    #[schemars(length(min = 1))]
    id: String,
    /// Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    timestamp: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_source::settings::HttpSettings;

    /// Returns whether the schema of a type allows this text.
    fn is_allowed<T: JsonSchema>(text: &str) -> bool {
        let schema = schemars::schema_for!(T).to_value();
        let json: Value = serde_json::from_str(text).unwrap();
        jsonschema::draft202012::new(&schema).unwrap().is_valid(&json)
    }

    #[test]
    fn what_the_document_allows_is_what_a_source_takes() {
        let settings: HttpSettings = serde_json::from_str(r#"{"id":"s"}"#).unwrap();
        let reader = settings.reader().unwrap();
        for (taken, text) in [
            (true, r#"{"operation":"insert","element":{"type":"node","id":"o1"}}"#),
            (
                true,
                r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":["A","B"],"properties":{"x":[1,null]}},"timestamp":-5}"#,
            ),
            (
                true,
                r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["IN"],"from":"a","to":"b"}}"#,
            ),
            (
                true,
                r#"{"operation":"insert","element":{"type":"relationship","id":"r","labels":["IN"],"from":{"source":"t","id":"a"},"to":"b"}}"#,
            ),
            (true, r#"{"operation":"update","element":{"id":"o1","properties":{"x":null}}}"#),
            (
                true,
                r#"{"operation":"update","element":{"type":"relation","id":"o1","labels":["IN"],"to":"c"}}"#,
            ),
            (true, r#"{"operation":"delete","id":"o1","timestamp":7}"#),
            (false, r#"{"operation":"insert"}"#),
            (false, r#"{"operation":"upsert","element":{"type":"node","id":"o1"}}"#),
            (false, r#"{"operation":"insert","element":{"id":"o1"}}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":""}}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":7}}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":[""]}}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":null}}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":"o1","from":"a"}}"#),
            (
                false,
                r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["IN"],"from":"a"}}"#,
            ),
            (
                false,
                r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":[],"from":"a","to":"b"}}"#,
            ),
            (false, r#"{"operation":"insert","element":{"type":"node","id":"o1"},"timestamp":"now"}"#),
            (false, r#"{"operation":"insert","element":{"type":"node","id":"o1"},"more":1}"#),
            (false, r#"{"operation":"update","element":{"properties":{}}}"#),
            (false, r#"{"operation":"delete"}"#),
            (false, r#"{"operation":"delete","id":null}"#),
            (false, "[]"),
        ] {
            assert_eq!(reader.transaction(text.as_bytes()).is_ok(), taken, "{text}");
            assert_eq!(is_allowed::<Change>(text), taken, "{text}");
            let transaction = format!(r#"{{"transaction":[{text}]}}"#);
            assert_eq!(reader.transaction(transaction.as_bytes()).is_ok(), taken, "{transaction}");
            assert_eq!(is_allowed::<Transaction>(&transaction), taken, "{transaction}");
        }
    }
}
