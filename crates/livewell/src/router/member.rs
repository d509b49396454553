//! A query with a seat: how far it was shown everything, and what it has still to step over.

use super::index::Entered;
use crate::component::Component;
use crate::component::marks::{Cursor, Mark, Marks, Shown};
use livewell_model::{AppliedTransaction, Timestamp};
use livewell_query::Interest;
use livewell_store::Version;
use std::sync::Arc;

/// A transaction that concerns a query.
#[derive(Debug, Clone)]
pub(crate) struct Shows {
    pub(crate) transaction: Arc<AppliedTransaction>,
    /// How far everything was read before it.
    pub(crate) before: Arc<Shown>,
    /// How far everything is read with it.
    pub(crate) after: Arc<Shown>,
    /// The latest time of a transaction before it, also of those that do not concern the query.
    pub(crate) time: Timestamp,
    /// How many bytes it has in the logs.
    pub(super) bytes: usize,
}

/// A query with a seat.
pub(super) struct Member {
    pub(super) component: Arc<Component>,
    pub(super) interest: Interest,
    pub(super) entered: Entered,
    /// The position up to which it has taken in everything by itself.
    pub(super) after: u64,
    /// The query's last commit.
    pub(super) version: Version,
    pub(super) pending: Vec<Shows>,
    pub(super) pending_bytes: usize,
    /// Whether it steps over what it was handed.
    pub(super) is_stepping: bool,
    /// Whether it has lost the seat.
    pub(super) is_dismissed: bool,
    /// The last round in which it was asked to store how far it is.
    pub(super) round: u64,
}

impl Member {
    /// Adds a transaction. Returns whether the query has to be woken.
    pub(super) fn show(&mut self, marks: &Marks, shows: Shows) -> bool {
        let is_idle = self.pending.is_empty() && !self.is_stepping;
        if is_idle {
            // Before the cursor passes it: see `Marks::shown`.
            let mark = Mark::At(shows.before.clone());
            marks.set(self.component.number, self.version, mark);
        }
        self.pending_bytes += shows.bytes;
        self.pending.push(shows);
        is_idle
    }

    /// Returns what waits for it, which it has no longer, and how many bytes that is.
    pub(super) fn hand_over(&mut self) -> (Vec<Shows>, usize) {
        (std::mem::take(&mut self.pending), std::mem::take(&mut self.pending_bytes))
    }

    /// Returns how many transactions wait for it.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Marks how far it was shown everything: as far as the cursor, or until what it has still to step over.
    pub(super) fn set_mark(&self, marks: &Marks, cursor: &Arc<Cursor>) {
        let mark = match self.pending.first() {
            Some(first) => Mark::At(first.before.clone()),
            None => Mark::With(cursor.clone()),
        };
        marks.set(self.component.number, self.version, mark);
    }
}
