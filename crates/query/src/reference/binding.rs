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

/// Rows that are made one after another, as somebody takes them; nobody takes one after an error.
pub(super) type Rows<'a, T = Binding> = Box<dyn Iterator<Item = Result<T, EvalError>> + 'a>;

/// These rows.
pub(super) fn rows<'a, T: 'a>(rows: impl IntoIterator<Item = T, IntoIter: 'a>) -> Rows<'a, T> {
    Box::new(rows.into_iter().map(Ok))
}

/// All that is made of each row.
pub(super) fn flat_map<'a, T: 'a, U: 'a>(
    rows: Rows<'a, T>,
    make: impl Fn(T) -> Result<Rows<'a, U>, EvalError> + 'a,
) -> Rows<'a, U> {
    let failed = |error| Box::new(std::iter::once(Err(error))) as Rows<'a, U>;
    Box::new(rows.flat_map(move |row| row.and_then(&make).unwrap_or_else(failed)))
}

/// The rows for which this is true.
pub(super) fn filter<'a>(
    rows: Rows<'a>,
    is_kept: impl Fn(&Binding) -> Result<bool, EvalError> + 'a,
) -> Rows<'a> {
    Box::new(rows.filter_map(move |row| match row.and_then(|row| Ok((is_kept(&row)?, row))) {
        Ok((is_kept, row)) => is_kept.then_some(Ok(row)),
        Err(error) => Some(Err(error)),
    }))
}

/// All rows, each of which is held.
pub(super) fn all(rows: Rows<'_>, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
    let held = |row: Result<Binding, EvalError>| {
        let row = row?;
        graph.meter.hold(row.bytes())?;
        Ok(row)
    };
    rows.map(held).collect()
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
