//! Virtual relationships, found by comparing every node with every other; or, among packed elements, with those that
//! have the same value under another key.

use super::packed::Packed;
use crate::expression::EvalError;
use crate::expression::compare::equals;
use crate::joins::{Join, between};
use crate::meter::{Meter, size};
use livewell_model::{Element, ElementId, Node, key};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The virtual relationships of `joins` between nodes.
///
/// # Errors
/// Returns the errors of [`crate::Meter::hold`].
pub(super) fn compared(
    nodes: &BTreeMap<ElementId, Arc<Node>>,
    joins: &[Join],
    meter: &Meter,
) -> Result<Vec<Element>, EvalError> {
    let mut joined = Vec::new();
    for join in joins {
        for one in nodes.values() {
            for other in nodes.values().filter(|other| other.id >= one.id) {
                meter.tick()?;
                if are_joined(join, one, other) {
                    let relationship = Element::Relationship(between(join, &one.id, &other.id).into());
                    meter.hold(size::element(&relationship))?;
                    joined.push(relationship);
                }
            }
        }
    }
    Ok(joined)
}

/// The virtual relationships of `joins` between packed nodes.
///
/// # Errors
/// Returns the errors of [`crate::Meter::hold`].
pub(super) fn found(stored: &Packed, joins: &[Join], meter: &Meter) -> Result<Packed, EvalError> {
    let mut joined = Packed::new();
    for join in joins {
        for (one, other) in pairs(stored, join, meter)? {
            let (one, other) = (stored.node(one), stored.node(other));
            if are_joined(join, &one, &other) {
                meter.hold(joined.push(&Element::Relationship(between(join, &one.id, &other.id).into())))?;
            }
        }
    }
    Ok(joined)
}

/// A node by one of the keys of a join.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Keyed {
    /// The value, in the encoding of [`key`]: values that are equal have the same.
    value: Vec<u8>,
    /// Which of the keys.
    key: usize,
    node: u32,
}

/// All pairs of nodes whose values under two different keys have the same encoding, the lower number first.
fn pairs(stored: &Packed, join: &Join, meter: &Meter) -> Result<Vec<(u32, u32)>, EvalError> {
    let mut keyed = Vec::new();
    for at in 0..stored.node_count() {
        meter.tick()?;
        let node = stored.node(at);
        for (key, wanted) in join.keys.iter().enumerate().filter(|(_, key)| node.has_label(&key.label)) {
            if let Some(value) = node.properties.get(&wanted.property) {
                let value = key::of([value]);
                meter.hold(size::entry(value.len()))?;
                keyed.push(Keyed { value, key, node: at });
            }
        }
    }
    keyed.sort_unstable();
    let mut pairs = Vec::new();
    for same in keyed.chunk_by(|one, other| one.value == other.value) {
        for (first, one) in same.iter().enumerate() {
            // They are ordered by key, so those of another key come last.
            let others = first + same[first..].partition_point(|other| other.key == one.key);
            for other in &same[others..] {
                meter.hold(size_of::<(u32, u32)>())?;
                pairs.push((one.node.min(other.node), one.node.max(other.node)));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let released = keyed.iter().map(|keyed| size::entry(keyed.value.len())).sum();
    meter.release(released);
    Ok(pairs)
}

/// Whether two of the keys have equal values, one on each node.
fn are_joined(join: &Join, one: &Node, other: &Node) -> bool {
    let keys = || join.keys.iter().enumerate();
    keys().any(|(at, left)| {
        keys().filter(|(other_at, _)| *other_at != at).any(|(_, right)| {
            let values = (one.properties.get(&left.property), other.properties.get(&right.property));
            one.has_label(&left.label)
                && other.has_label(&right.label)
                && matches!(values, (Some(left), Some(right)) if equals(left, right) == Some(true))
        })
    })
}
