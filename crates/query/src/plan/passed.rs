//! How many rows the operators of a plan have put out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the rows that each operator of a plan has put out since it was planned: one for each row added or removed, also
/// by steps that were not committed and are done again. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Passed(Arc<[AtomicU64]>);

impl Passed {
    pub(super) fn of(operators: usize) -> Self {
        Self((0..operators).map(|_| AtomicU64::new(0)).collect())
    }

    /// Counts rows of the operator at this place. Steps of one plan take turns, so nothing is lost between reading and
    /// writing; that takes a fraction of the time of an addition that would be safe from others.
    pub(super) fn add(&self, at: usize, rows: usize) {
        let count = &self.0[at];
        count.store(count.load(Ordering::Relaxed) + rows as u64, Ordering::Relaxed);
    }

    /// Returns how many there were so far, in the order of the plan.
    pub fn counts(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}
