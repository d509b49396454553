//! What a query is given beside its text and its parameters.

use crate::for_each::Parameter;
use crate::joins::{Join, undirect};
use crate::language::ast::{Query, each_pattern};
use crate::language::{Diagnostic, HOPS_MAX, code};
use serde::{Deserialize, Serialize};

/// Joins and limits of a query, and what it is run for each value of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Virtual relationships between nodes whose properties are equal.
    pub joins: Vec<Join>,
    /// The parameters that it is run for each value of; they have no value among its parameters.
    pub for_each: Vec<Parameter>,
    /// Where it stops rather than go on.
    pub limits: Limits,
}

/// Limits whose breach stops a query, visibly; of them, only how many versions are kept decides anything about its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many relationships a path without an upper bound may have.
    pub hops: u32,
    /// How many rows one pattern may give in one step.
    pub rows: usize,
    /// How many versions of an element are kept, the latest ones, where a query asks for versions.
    pub versions: usize,
    /// How many bytes one step may hold in memory.
    pub step_bytes: usize,
}

/// How many versions of an element are kept, where nothing else is said.
const VERSIONS_MAX: usize = 1_000;

/// How many bytes one step may hold in memory, where nothing else is said.
const STEP_BYTES: usize = 256 << 20;

/// How many relationships any path may have: a walk goes one call deeper with each, and each path found holds all of
/// its own.
const LONGEST: u32 = 100;

impl Default for Limits {
    fn default() -> Self {
        Self { hops: HOPS_MAX, rows: 1_000_000, versions: VERSIONS_MAX, step_bytes: STEP_BYTES }
    }
}

impl Settings {
    /// Brings what the settings say of patterns into the tree.
    pub(crate) fn apply(&self, query: &mut Query) -> Result<(), Diagnostic> {
        Join::check(&self.joins)?;
        each_pattern(query, &mut |pattern| {
            for between in &mut pattern.relationships {
                let Some(length) = &mut between.length else { continue };
                length.limit = self.limits.hops;
                let longest = length.max.unwrap_or(length.limit);
                if longest > LONGEST {
                    let message = format!("a path of up to {longest} relationships; {LONGEST} is the most");
                    return Err(Diagnostic::not_supported(code::LIMIT, between.span, message));
                }
            }
            undirect(pattern, &self.joins)
        })
    }
}
