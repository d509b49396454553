//! Virtual relationships, found by comparing every node with every other.

use super::graph::Graph;
use crate::expression::EvalError;
use crate::expression::compare::equals;
use crate::joins::{Join, between};
use crate::meter::size;
use livewell_model::{Element, Node};

/// The graph with the virtual relationships of `joins`.
///
/// # Errors
/// Returns the errors of [`crate::Meter::hold`].
pub(super) fn joined(graph: &Graph, joins: &[Join]) -> Result<Graph, EvalError> {
    let mut joined = graph.clone();
    for join in joins {
        for one in graph.nodes() {
            for other in graph.nodes().filter(|other| other.id >= one.id) {
                graph.meter.tick()?;
                if are_joined(join, one, other) {
                    let relationship = Element::Relationship(between(join, &one.id, &other.id).into());
                    graph.meter.hold(size::element(&relationship))?;
                    joined.insert(relationship);
                }
            }
        }
    }
    Ok(joined)
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
