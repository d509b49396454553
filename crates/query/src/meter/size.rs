//! How many bytes rows and values take, as the allocator sees it.
//!
//! A row is its slots; what its values point to is shared by rows and counts once. [`owned`] is what goes with a value
//! if that goes, and [`Measure`] counts what several rows hold together.

use crate::batch::{Batch, Weighted};
use hashbrown::HashSet;
use livewell_model::{AppliedChange, Element, Map, Node, Relationship, SmolStr, Value};
use std::sync::Arc;

/// What an allocation takes beside its bytes.
const ALLOCATION: usize = 16;
/// The two counts of an `Arc`.
const COUNTS: usize = 16;
/// A string of up to so many bytes has no allocation.
const INLINE: usize = 23;
/// About what a decimal, a date-time or a duration takes: none of them grows.
const SCALAR: usize = 96;

/// A row of so many slots, without what its values point to.
pub fn row(slots: usize) -> usize {
    size_of::<Weighted>() + ALLOCATION + slots * size_of::<Value>()
}

/// The rows of a batch, without what their values point to.
pub fn shallow(batch: &Batch) -> usize {
    batch.iter().map(|entry| row(entry.row.len())).sum()
}

/// What an entry of a map, or of a list of such, takes beside `bytes` that it points to.
pub fn entry(bytes: usize) -> usize {
    // A tree's nodes are two thirds full, and a vector that grows is half empty.
    bytes + ALLOCATION + 2 * size_of::<Vec<u8>>()
}

/// The bytes that the value alone points to: what others share counts nothing.
pub fn owned(value: &Value) -> usize {
    heap(value, &mut |count, _| count == 1)
}

/// An element with all that it points to, shared or not.
pub fn element(element: &Element) -> usize {
    heap(&element.to_value(), &mut |_, _| true)
}

/// A row that was read, with all that its values point to.
pub fn read(values: &[Value]) -> usize {
    row(values.len()) + values.iter().map(owned).sum::<usize>()
}

/// Counts what values point to, each part once, however many share it.
#[derive(Debug, Default)]
pub struct Measure {
    seen: HashSet<usize>,
}

impl Measure {
    /// The bytes of rows and of what they point to, without what was counted before.
    pub fn batch(&mut self, batch: &Batch) -> usize {
        batch.iter().map(|entry| row(entry.row.len()) + self.values(&entry.row)).sum()
    }

    /// The bytes of both images of changed elements, without what was counted before.
    pub fn changes(&mut self, changes: &[AppliedChange]) -> usize {
        let image = |element: &Element| self.value(&element.to_value());
        let images: usize =
            changes.iter().flat_map(|change| change.before.iter().chain(&change.after)).map(image).sum();
        size_of_val(changes) + images
    }

    fn values(&mut self, values: &[Value]) -> usize {
        values.iter().map(|value| self.value(value)).sum()
    }

    fn value(&mut self, value: &Value) -> usize {
        heap(value, &mut |count, place| count == 1 || self.seen.insert(place))
    }
}

/// What decides whether a part counts: how many share it, and where it lies.
type Counts<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

fn heap(value: &Value, counts: Counts<'_>) -> usize {
    match value {
        Value::String(text) => string(text),
        Value::List(items) | Value::Path(items) => {
            if !counts(Arc::strong_count(items), items.as_ptr().addr()) {
                return 0;
            }
            let parts = items.iter().map(|item| heap(item, counts)).sum::<usize>();
            ALLOCATION + COUNTS + items.len() * size_of::<Value>() + parts
        }
        Value::Map(map) if counts(Arc::strong_count(map), Arc::as_ptr(map).addr()) => {
            ALLOCATION + COUNTS + size_of::<Map>() + properties(map, counts)
        }
        Value::Node(node) if counts(Arc::strong_count(node), Arc::as_ptr(node).addr()) => {
            let labels = ALLOCATION
                + node.labels.iter().map(|label| size_of_val(label) + string(label)).sum::<usize>();
            let id = string(&node.id.source) + string(&node.id.id);
            ALLOCATION + COUNTS + size_of::<Node>() + id + labels + properties(&node.properties, counts)
        }
        Value::Relationship(edge) if counts(Arc::strong_count(edge), Arc::as_ptr(edge).addr()) => {
            let ids = [&edge.id, &edge.from, &edge.to];
            let ids: usize = ids.map(|id| string(&id.source) + string(&id.id)).iter().sum();
            ALLOCATION + COUNTS + size_of::<Relationship>() + ids + properties(&edge.properties, counts)
        }
        Value::Bytes(bytes) if counts(Arc::strong_count(bytes), bytes.as_ptr().addr()) => {
            ALLOCATION + COUNTS + bytes.len()
        }
        Value::Decimal(_) | Value::DateTime(_) | Value::Duration(_) => SCALAR,
        _ => 0,
    }
}

fn properties(map: &Map, counts: Counts<'_>) -> usize {
    let entries = map
        .iter()
        .map(|(name, value)| size_of_val(name) + size_of_val(value) + string(name) + heap(value, counts));
    ALLOCATION + entries.sum::<usize>()
}

/// What a string points to. Whether others share it cannot be known.
fn string(text: &SmolStr) -> usize {
    if text.len() > INLINE { ALLOCATION + COUNTS + text.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_counts_once_among_rows_and_nothing_for_one_of_them() {
        let list = Value::list((0..1_000).map(Value::Int).collect::<Vec<_>>());
        let alone = owned(&list);
        assert!(alone >= 1_000 * size_of::<Value>());
        let batch: Batch = (0..10).map(|_| Weighted { row: vec![list.clone()], weight: 1 }).collect();
        assert_eq!(owned(&list), 0);
        let measured = Measure::default().batch(&batch);
        assert_eq!(measured, alone + 10 * row(1));
    }

    #[test]
    fn what_a_value_holds_inside_counts() {
        let text = Value::from("x".repeat(10_000));
        assert!(owned(&text) >= 10_000);
        let map: Map = [("t", text)].into_iter().collect();
        let nested = Value::list([Value::Map(Arc::new(map))]);
        assert!(owned(&nested) >= 10_000);
        assert_eq!(owned(&Value::from("short")), 0);
    }
}
