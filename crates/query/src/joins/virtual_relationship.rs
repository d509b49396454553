//! When two nodes are joined, and what the relationship between them is.

use super::Join;
use livewell_model::{ElementId, Map, Node, Relationship, SmolStr, Value, key};

/// The part a node takes in a join: which of its keys, and with which value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Role {
    /// The value, in the encoding of [`key`]: equal where `=` is true.
    pub value: Vec<u8>,
    /// The number of the key.
    pub key: u8,
}

/// The roles of a node, ascending; none while it has none of the labels and properties.
pub(crate) fn roles(join: &Join, node: &Node) -> Vec<Role> {
    let keys = (0..=u8::MAX).zip(&join.keys);
    let mut roles: Vec<Role> = keys
        .filter(|(_, key)| node.has_label(&key.label))
        .filter_map(|(number, key)| {
            let value = node.properties.get(&key.property).filter(|value| equals_itself(value))?;
            Some(Role { value: key::of([value]), key: number })
        })
        .collect();
    roles.sort();
    roles
}

/// Whether `value = value` is true; it is not for null and NaN, alone or inside.
fn equals_itself(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Float(float) => !float.is_nan(),
        Value::List(items) => items.iter().all(equals_itself),
        Value::Map(map) => map.iter().all(|(_, value)| equals_itself(value)),
        _ => true,
    }
}

/// The relationship between two nodes that are joined; the same whichever comes first.
pub(crate) fn between(join: &Join, one: &ElementId, other: &ElementId) -> Relationship {
    let (from, to) = if one <= other { (one, other) } else { (other, one) };
    let parts = [join.kind.as_str(), &from.source, &from.id, &to.source, &to.id];
    // Each part with its length, so that no two pairs have one id; no source has the empty name.
    let id: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Relationship {
        id: ElementId::new("", id),
        kind: SmolStr::clone(&join.kind),
        from: from.clone(),
        to: to.clone(),
        properties: Map::new(),
    }
}
