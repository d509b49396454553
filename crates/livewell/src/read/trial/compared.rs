//! The difference of the rows of a query that is tried to those of one that runs.

use crate::Error;
use crate::read::results::Results;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use livewell_query::{Meter, StepError};
use std::collections::BTreeMap;

/// How the rows of a query that is tried differ from those of a running query, by their signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The running query.
    pub query_id: String,
    /// Its sequence.
    pub sequence: u64,
    /// The names of its columns.
    pub columns: Vec<SmolStr>,
    /// The first rows that only the query that is tried has.
    pub added: Vec<(u64, Columns)>,
    /// The first rows that only the running query has, with its columns.
    pub removed: Vec<(u64, Columns)>,
    /// The first rows that both have with other values or other columns: as they are, and as they would be.
    pub changed: Vec<(u64, Columns, Columns)>,
    /// How many there are of each.
    pub counts: Counts,
}

/// How many rows differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that only the query that is tried has.
    pub added: u64,
    /// Rows that only the running query has.
    pub removed: u64,
    /// Rows that both have with other values or other columns.
    pub changed: u64,
    /// Rows that both have.
    pub unchanged: u64,
}

/// Compares rows with live ones, and lists at most `listed` of each kind.
///
/// # Errors
/// Returns LW0543 if the meter is cancelled, LW0540 if all these rows are more than it allows; or an error if the store
/// cannot be read.
pub(super) fn compare(
    (columns, mut tried): (&[SmolStr], BTreeMap<u64, Columns>),
    live: &Results,
    listed: usize,
    meter: &Meter,
) -> Result<Compared, Error> {
    let mut compared = Compared {
        query_id: live.query_id.clone(),
        sequence: live.sequence,
        columns: live.columns.clone(),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        counts: Counts::default(),
    };
    let counts = &mut compared.counts;
    for row in live.unordered()? {
        meter.look().map_err(StepError::from)?;
        let (signature, before) = row?;
        match tried.remove(&signature) {
            None => {
                counts.removed += 1;
                if compared.removed.len() < listed {
                    compared.removed.push((signature, before));
                }
            }
            Some(after) if is_same((&live.columns, &before), (columns, &after)) => counts.unchanged += 1,
            Some(after) => {
                counts.changed += 1;
                if compared.changed.len() < listed {
                    compared.changed.push((signature, before, after));
                }
            }
        }
    }
    counts.added = tried.len() as u64;
    compared.added = tried.into_iter().take(listed).collect();
    Ok(compared)
}

/// Returns whether two rows have the same values under the same names, in whatever order.
fn is_same((names, row): (&[SmolStr], &Columns), (others, other): (&[SmolStr], &Columns)) -> bool {
    let value = |name: &SmolStr| others.iter().position(|other| other == name).map(|at| &other[at]);
    names.len() == others.len() && names.iter().zip(row.iter()).all(|(name, of)| value(name) == Some(of))
}
