//! A query with a seat: how far it was shown everything, and what it has still to step over.

use super::batch::{Batch, Passage};
use super::index::Entered;
use crate::component::Component;
use crate::component::marks::{Cursor, Mark, Marks, Shown};
use livewell_model::{AppliedTransaction, Timestamp};
use livewell_query::Interest;
use livewell_store::Version;
use std::sync::Arc;

/// A transaction that touches a query.
#[derive(Clone)]
pub(crate) struct Touch {
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

/// What a query is shown.
#[derive(Clone)]
pub(crate) enum Shows {
    Touches(Touch),
    Passes(Passage),
}

impl Shows {
    fn before(&self) -> Arc<Shown> {
        match self {
            Self::Touches(touch) => touch.before.clone(),
            Self::Passes(passage) => Arc::new(passage.before()),
        }
    }

    fn count(&self) -> (usize, usize) {
        match self {
            Self::Touches(touch) => (1, touch.bytes),
            Self::Passes(passage) => (passage.len(), passage.bytes()),
        }
    }
}

/// The time of a query: how far it has come, and when its first timer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) own: Timestamp,
    pub(crate) due: Option<Timestamp>,
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
    /// Its time after that commit, if it has functions of time.
    pub(super) timing: Option<Timing>,
    /// Up to which index of the present batch it was shown, or need not be.
    pub(super) passed: usize,
    pub(super) pending: Vec<Shows>,
    /// How many transactions, and bytes of them, wait for it.
    pub(super) waiting: (usize, usize),
    /// Whether it steps over what it was handed.
    pub(super) is_stepping: bool,
    /// Whether it has lost the seat.
    pub(super) is_dismissed: bool,
    /// The last round in which it was asked to store how far it is.
    pub(super) round: u64,
}

impl Member {
    /// Adds what it is shown. Returns whether the query has to be woken.
    pub(super) fn show(&mut self, marks: &Marks, shows: Shows) -> bool {
        let is_idle = self.pending.is_empty() && !self.is_stepping;
        if is_idle {
            // Before the cursor passes it: see `Marks::shown`.
            marks.set(self.component.number, self.version, Mark::At(shows.before()));
        }
        let (transactions, bytes) = shows.count();
        self.waiting = (self.waiting.0 + transactions, self.waiting.1 + bytes);
        self.pending.push(shows);
        is_idle
    }

    /// Returns what it is still to be shown of a batch up to an index, if its first timer is not known.
    pub(super) fn passage(&mut self, batch: &Arc<Batch>, to: usize) -> Option<Passage> {
        let from = self.passed.max(batch.after(self.after));
        self.passed = to;
        Passage::new(batch, from, to)
    }

    /// Returns what waits for it, which it has no longer, and how many bytes that is.
    pub(super) fn hand_over(&mut self) -> (Vec<Shows>, usize) {
        (std::mem::take(&mut self.pending), std::mem::take(&mut self.waiting).1)
    }

    /// Marks how far it was shown everything: as far as the cursor, or until what it has still to step over.
    pub(super) fn set_mark(&self, marks: &Marks, cursor: &Arc<Cursor>) {
        let mark = match self.pending.first() {
            Some(first) => Mark::At(first.before()),
            None => Mark::With(cursor.clone()),
        };
        marks.set(self.component.number, self.version, mark);
    }
}
