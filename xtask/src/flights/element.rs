//! Changes in the form that a `file` source reads.

use serde_json::{Value, json};

/// Returns an insert of a node.
pub fn node(id: &str, label: &str, properties: impl Into<Value>) -> Value {
    let properties = properties.into();
    json!({"operation": "insert", "element": {"type": "node", "id": id, "labels": [label], "properties": properties}})
}

/// Returns an insert of a relationship from node `from`, whose id contains its type: a flight has one of each.
pub fn relationship(from: &str, kind: &str, to: impl Into<Value>) -> Value {
    let (id, to) = (format!("{from}/{kind}"), to.into());
    let element = json!({"type": "relation", "id": id, "labels": [kind], "from": from, "to": to});
    json!({"operation": "insert", "element": element})
}

/// Returns an update of a node's properties.
pub fn update(id: &str, properties: impl Into<Value>) -> Value {
    let properties = properties.into();
    json!({"operation": "update", "element": {"type": "node", "id": id, "properties": properties}})
}

/// Returns a delete.
pub fn delete(id: &str) -> Value {
    json!({"operation": "delete", "id": id})
}

/// Returns the id of an element of the source `reference`.
pub fn reference(id: impl std::fmt::Display) -> Value {
    json!({"source": "reference", "id": id.to_string()})
}
