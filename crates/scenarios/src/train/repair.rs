//! Changes that mend what a query has found.

use super::model::{Edit, Model};
use super::names::*;
use super::query::Query;
use livewell_model::{AppliedTransaction, Value};

/// Mends places that a query has found, each given by the row's columns; returns the transaction.
pub fn repair(model: &mut Model, query: Query, rows: &[Vec<u64>]) -> AppliedTransaction {
    let mut edit = model.edit();
    for row in rows {
        mend_one(&mut edit, query, row);
    }
    edit.finish()
}

fn mend_one(edit: &mut Edit<'_>, query: Query, row: &[u64]) {
    match query {
        Query::PosLength => lay_out(edit, row[0]),
        Query::SwitchMonitored => {
            if edit.model().outgoing(row[0], MONITORED_BY).is_empty() {
                let sensor = edit.node(SENSOR, &[]);
                edit.connect(row[0], MONITORED_BY, sensor);
            }
        }
        Query::RouteSensor => connect_once(edit, row[0], REQUIRES, row[1]),
        Query::SwitchSet => {
            if let Some(position) = edit.model().property(row[1], POSITION).cloned() {
                edit.set(row[0], CURRENT_POSITION, position);
            }
        }
        Query::ConnectedSegments => shorten(edit, row),
        Query::SemaphoreNeighbor => connect_once(edit, row[1], ENTRY, row[0]),
    }
}

/// Makes a length positive.
fn lay_out(edit: &mut Edit<'_>, segment: u64) {
    if let Some(Value::Int(length @ ..=0)) = edit.model().property(segment, LENGTH).cloned() {
        edit.set(segment, LENGTH, Value::Int(1 - length));
    }
}

/// Connects two nodes, if another row has not done so.
fn connect_once(edit: &mut Edit<'_>, from: u64, kind: &str, to: u64) {
    if !edit.model().outgoing(from, kind).iter().any(|(_, end)| *end == to) {
        edit.connect(from, kind, to);
    }
}

/// Takes the second segment out of a row, unless an earlier repair has parted it from its neighbors.
fn shorten(edit: &mut Edit<'_>, row: &[u64]) {
    let connects = |from, to| edit.model().outgoing(from, CONNECTS_TO).iter().any(|(_, end)| *end == to);
    if connects(row[0], row[1]) && connects(row[1], row[2]) {
        edit.delete(row[1]);
        edit.connect(row[0], CONNECTS_TO, row[2]);
    }
}
