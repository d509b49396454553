//! The rows of several queries together.

use super::super::binding::Binding;
use super::super::graph::Graph;
use super::answer::{Kind, Members, Step};
use crate::expression::EvalError;
use crate::meter::size;
use livewell_model::{Value, key};
use std::collections::BTreeSet;

/// How many rows a UNION has.
pub(super) struct Union {
    is_distinct: bool,
    rows: u64,
    distinct: BTreeSet<Vec<u8>>,
}

impl Union {
    pub(super) fn new(is_distinct: bool) -> Self {
        Self { is_distinct, rows: 0, distinct: BTreeSet::new() }
    }

    /// Adds a row of one of the queries.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Meter::hold`].
    pub(super) fn add(&mut self, row: &Binding, graph: &Graph) -> Result<(), EvalError> {
        self.rows += 1;
        if self.is_distinct {
            let key = key::of(&row.values);
            let bytes = size::entry(key.len());
            if self.distinct.insert(key) {
                graph.meter.hold(bytes)?;
            }
        }
        Ok(())
    }

    /// Returns how many rows there are.
    pub(super) fn count(&self) -> u64 {
        if self.is_distinct { self.distinct.len() as u64 } else { self.rows }
    }

    /// Returns its step, also with how many rows of the queries became the one that is explained.
    pub(super) fn step(&self, members: Option<u64>) -> Step {
        Step {
            kind: Kind::Union,
            branch: None,
            text: if self.is_distinct { "UNION" } else { "UNION ALL" }.to_owned(),
            span: None,
            ok: members.map(|_| true),
            left: members.is_none().then(|| self.count()),
            value: None,
            used: Vec::new(),
            elements: Vec::new(),
            members: members.map(|count| Members { count, first: Vec::new() }),
            rank: None,
            note: None,
            steps: Vec::new(),
        }
    }
}

/// The bytes with which the keys of rows begin that are of one query of a UNION ALL.
pub(super) fn of_branch(number: usize) -> Vec<u8> {
    key::of(&[Value::Int(i64::try_from(number).expect("a text has fewer than 2^63 queries"))])
}
