//! A row between two clauses.

use super::graph::Graph;
use crate::expression::EvalError;
use crate::meter::size;
use livewell_model::{Value, key};
use std::cmp::Reverse;

/// A row between two clauses.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    /// The row's identity so far, in the encoding of [`livewell_model::key`].
    pub(super) key: Vec<u8>,
    /// The keys of the last ORDER BY; the row's key breaks ties. Empty: no order.
    pub(super) order: Vec<SortKey>,
    /// The value of each slot.
    pub(super) values: Vec<Value>,
}

impl Binding {
    /// The bytes it takes, with what its values alone point to.
    pub(super) fn bytes(&self) -> usize {
        /// About what a key of an order takes.
        const ORDER: usize = 48;
        size::entry(self.key.len()) + self.order.len() * ORDER + size::read(&self.values)
    }
}

/// The rows, held in place of all that was held since `before`.
pub(super) fn keep(rows: Vec<Binding>, before: usize, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
    graph.meter.reset(before);
    graph.meter.hold(rows.iter().map(Binding::bytes).sum())?;
    Ok(rows)
}

/// One key of an order. The two kinds never meet: all rows of one order have the same kind at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Ascending(Vec<u8>),
    Descending(Reverse<Vec<u8>>),
}

/// The exact encodings of several values, one after another: tells `1` from `1.0`.
pub(super) fn exact(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(key::exact).collect()
}
