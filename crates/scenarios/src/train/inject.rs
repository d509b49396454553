//! Changes that break a condition.

use super::model::{Edit, Model};
use super::names::*;
use super::query::Query;
use crate::choice::Choice;
use livewell_model::{AppliedTransaction, Value};

/// Breaks the condition of a query in so many places, which are drawn; returns the transaction.
pub fn inject(model: &mut Model, query: Query, places: usize, choice: &mut Choice) -> AppliedTransaction {
    let candidates = candidates(model, query);
    let mut edit = model.edit();
    let places = if candidates.is_empty() { 0 } else { places };
    for _ in 0..places {
        // A place that is drawn twice, or that an earlier one has taken away, is left as it is.
        break_one(&mut edit, query, *choice.of(&candidates));
    }
    edit.finish()
}

/// What can be broken: nodes, or relationships to delete.
fn candidates(model: &Model, query: Query) -> Vec<u64> {
    match query {
        Query::PosLength | Query::ConnectedSegments => model.nodes(SEGMENT),
        Query::SwitchMonitored | Query::SwitchSet => model.nodes(SWITCH),
        Query::RouteSensor => model.relationships(REQUIRES),
        Query::SemaphoreNeighbor => model.relationships(ENTRY),
    }
}

fn break_one(edit: &mut Edit<'_>, query: Query, place: u64) {
    match query {
        Query::PosLength => edit.set(place, LENGTH, Value::Int(0)),
        Query::RouteSensor | Query::SemaphoreNeighbor => edit.delete(place),
        Query::SwitchMonitored => {
            for (relationship, _) in edit.model().outgoing(place, MONITORED_BY) {
                edit.delete(relationship);
            }
        }
        Query::SwitchSet => turn(edit, place),
        Query::ConnectedSegments => lengthen(edit, place),
    }
}

/// Turns a switch to its next position.
fn turn(edit: &mut Edit<'_>, switch: u64) {
    let current = edit.model().property(switch, CURRENT_POSITION);
    let at = POSITIONS.iter().position(|position| current == Some(&Value::from(*position))).unwrap_or(0);
    edit.set(switch, CURRENT_POSITION, POSITIONS[(at + 1) % POSITIONS.len()].into());
}

/// Lays one more segment behind this one, with the same sensors.
fn lengthen(edit: &mut Edit<'_>, segment: u64) {
    let added = edit.node(SEGMENT, &[(LENGTH, Value::Int(1))]);
    for (_, sensor) in edit.model().outgoing(segment, MONITORED_BY) {
        edit.connect(added, MONITORED_BY, sensor);
    }
    for (relationship, next) in edit.model().outgoing(segment, CONNECTS_TO) {
        edit.delete(relationship);
        edit.connect(added, CONNECTS_TO, next);
    }
    edit.connect(segment, CONNECTS_TO, added);
}
