//! Values as explanations show them: none is larger than a person reads.

use livewell_model::{Map, Value};

/// How many bytes of one text are shown.
const TEXT_BYTES: usize = 1_000;
/// How many items of a list, or entries of a map, are shown.
const ITEMS: usize = 20;
/// How deep lists and maps are shown.
const DEPTH: usize = 4;

/// Returns the value, or the beginning of a large one.
pub(super) fn shown(value: &Value) -> Value {
    within(value, DEPTH)
}

fn within(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) if text.len() > TEXT_BYTES => {
            let mut end = TEXT_BYTES;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Value::string(format!("{}... ({} bytes)", &text[..end], text.len()))
        }
        Value::Bytes(bytes) if bytes.len() > TEXT_BYTES => Value::string(format!("({} bytes)", bytes.len())),
        Value::List(items) | Value::Path(items) if depth == 0 && !items.is_empty() => {
            Value::string(format!("({} items)", items.len()))
        }
        Value::List(items) => Value::list(first(items, depth)),
        Value::Path(items) => Value::list(first(items, depth)),
        Value::Map(map) if depth == 0 && !map.is_empty() => Value::string(format!("({} entries)", map.len())),
        Value::Map(map) => Value::Map(entries(map, depth).into()),
        Value::Node(node) => Value::string(format!("(node {})", node.id)),
        Value::Relationship(one) => Value::string(format!("(relationship {})", one.id)),
        other => other.clone(),
    }
}

fn first(items: &[Value], depth: usize) -> Vec<Value> {
    let mut list: Vec<Value> = items.iter().take(ITEMS).map(|item| within(item, depth - 1)).collect();
    if items.len() > ITEMS {
        list.push(Value::string(format!("... ({} items)", items.len())));
    }
    list
}

fn entries(map: &Map, depth: usize) -> Map {
    let shown = map.iter().take(ITEMS).map(|(name, value)| (name.clone(), within(value, depth - 1)));
    let mut shown: Map = shown.collect();
    if map.len() > ITEMS {
        shown.insert("...", Value::string(format!("({} entries)", map.len())));
    }
    shown
}
