//! What a query is given beside its text and its parameters.

use crate::joins::{Join, undirect};
use crate::language::Diagnostic;
use crate::language::ast::{Query, each_pattern};

/// Joins and limits of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Virtual relationships between nodes whose properties are equal.
    pub joins: Vec<Join>,
    /// Where it stops rather than go on.
    pub limits: Limits,
}

/// Limits whose breach stops a query, visibly. They decide nothing about its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many relationships a path without an upper bound may have.
    pub hops: u32,
    /// How many rows one pattern may give in one step.
    pub rows: usize,
}

/// How many relationships a path without an upper bound may have, where nothing else is said.
pub(crate) const HOPS_MAX: u32 = 32;

impl Default for Limits {
    fn default() -> Self {
        Self { hops: HOPS_MAX, rows: 1_000_000 }
    }
}

impl Settings {
    /// Brings what the settings say of patterns into the tree.
    pub(crate) fn apply(&self, query: &mut Query) -> Result<(), Diagnostic> {
        Join::check(&self.joins)?;
        each_pattern(query, &mut |pattern| {
            let lengths = pattern.relationships.iter_mut().filter_map(|between| between.length.as_mut());
            lengths.for_each(|length| length.limit = self.limits.hops);
            undirect(pattern, &self.joins)
        })
    }
}
