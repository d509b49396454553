//! Values as the JSON of calls has them, each with its schema: states, kinds, times, epochs, rows.

use crate::render::Numbers;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use livewell::{ComponentKind, State};
use livewell_model::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// Returns a shape as a JSON value, for the commands.
pub fn json(shape: &impl Serialize) -> Json {
    serde_json::to_value(shape).expect("a shape has texts as its keys")
}

/// Answers with a shape whose values have integers as they were asked for.
pub fn answer(numbers: Numbers, shape: &impl Serialize) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], numbers.text(shape)).into_response()
}

/// Returns JSON text as a header value: with `\u` escapes for what is not ASCII.
pub fn ascii(json: &str) -> HeaderValue {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            text.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    HeaderValue::from_str(&text).expect("printable ASCII is a header's value")
}

/// Returns the members of what is an object in JSON.
pub fn members(shape: &impl Serialize) -> Map<String, Json> {
    match json(shape) {
        Json::Object(members) => members,
        other => unreachable!("{other} is not an object"),
    }
}

/// Writes a value as a string, with a schema that stands where it is used.
macro_rules! text {
    ($type:ident, $schema:expr, $written:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                let written: fn(&Self) -> _ = $written;
                out.collect_str(&written(self))
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// What a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doing(pub State);

text!(Doing, json_schema!({ "type": "string", "enum": State::ALL.map(State::name) }), |Self(state)| state
    .name());

/// A kind of component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(pub ComponentKind);

text!(
    Kind,
    json_schema!({ "type": "string", "enum": ComponentKind::ALL.map(ComponentKind::noun) }),
    |Self(kind)| kind.noun()
);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Timestamp);

text!(Time, json_schema!({ "type": "string", "format": "date-time" }), |Self(time)| time.to_rfc3339());

/// An epoch: an opaque number, which is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(pub u64);

text!(Epoch, json_schema!({ "type": "string", "pattern": "^[0-9]+$" }), |Self(epoch)| *epoch);

/// A number of 64 bits in hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub struct Hex(pub u64);

text!(Hex, json_schema!({ "type": "string", "pattern": "^[0-9a-f]{16}$" }), |Self(number)| format!(
    "{number:016x}"
));

/// An end of a relationship: an id of its own source, or one with the source that it is of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum End {
    /// Of the source of the relationship.
    Own(#[schemars(length(min = 1))] String),
    /// Of another source.
    Other(Elsewhere),
}

/// An element of another source.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Elsewhere {
    pub source: String,
    pub id: String,
}

/// A row of a query.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    /// Identifies the row: derived from its values, never from internal numbers.
    pub row_signature: Hex,
    /// The columns by their names, in the order of RETURN; null columns are present.
    pub data: Map<String, Json>,
}

/// The id of the last event, as a browser sends it.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the schema is all that is used of it")]
pub struct LastId(#[schemars(regex(pattern = "^([0-9]{1,19}-[0-9]{1,19})?$"))] String);

/// Bytes that are not text.
pub struct Binary;

impl JsonSchema for Binary {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Binary".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "binary" })
    }
}
