//! Prints transactions as JSON, in the form that [`parse_transaction`](super::parse_transaction) reads.

use livewell_model::{Change, Element, ElementId, Map, Patch, SmolStr, Transaction};
use serde_json::{Value as Json, json};

/// Returns the transaction as one line of JSON, without the line break. An end of a relationship names its source if it
/// is not the source of the relationship.
///
/// Values that JSON cannot hold (bytes, NaN, infinities) come out as strings and stay strings.
pub fn transaction_to_json(transaction: &Transaction) -> String {
    let mut line = match transaction.changes.as_slice() {
        [change] => change_to_json(change),
        _ => json!({"transaction": changes_to_json(transaction)}),
    };
    if let Some(timestamp) = transaction.timestamp {
        line["timestamp"] = timestamp.0.into();
    }
    line.to_string()
}

/// Returns each change of the transaction in JSON.
pub fn changes_to_json(transaction: &Transaction) -> Vec<Json> {
    transaction.changes.iter().map(change_to_json).collect()
}

fn change_to_json(change: &Change) -> Json {
    match change {
        Change::Delete(id) => json!({"operation": "delete", "id": id.id.as_str()}),
        Change::Insert(element) => json!({"operation": "insert", "element": element_to_json(element)}),
        Change::Update(patch) => json!({"operation": "update", "element": patch_to_json(patch)}),
    }
}

fn element_to_json(element: &Element) -> Json {
    match element {
        Element::Node(node) => json!({
            "type": "node",
            "id": node.id.id.as_str(),
            "labels": names(&node.labels),
            "properties": properties(&node.properties),
        }),
        Element::Relationship(relationship) => json!({
            "type": "relation",
            "id": relationship.id.id.as_str(),
            "labels": [relationship.kind.as_str()],
            "from": end(&relationship.from, &relationship.id),
            "to": end(&relationship.to, &relationship.id),
            "properties": properties(&relationship.properties),
        }),
    }
}

fn patch_to_json(patch: &Patch) -> Json {
    let mut json = json!({"id": patch.id.id.as_str()});
    if let Some(is_relationship) = patch.is_relationship {
        json["type"] = if is_relationship { "relation" } else { "node" }.into();
    }
    if let Some(labels) = &patch.labels {
        json["labels"] = names(labels);
    }
    for (name, id) in [("from", &patch.from), ("to", &patch.to)] {
        if let Some(id) = id {
            json[name] = end(id, &patch.id);
        }
    }
    json["properties"] = properties(&patch.properties);
    json
}

/// Returns an end of a relationship: in short form if it belongs to the relationship's own source.
fn end(id: &ElementId, of: &ElementId) -> Json {
    if id.source == of.source {
        id.id.as_str().into()
    } else {
        json!({"source": id.source.as_str(), "id": id.id.as_str()})
    }
}

fn names(labels: &[SmolStr]) -> Json {
    labels.iter().map(SmolStr::as_str).collect()
}

fn properties(map: &Map) -> Json {
    serde_json::to_value(map).expect("values are written without fail")
}
