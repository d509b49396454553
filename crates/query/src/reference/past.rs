//! The time, and what has been of each row: what functions of time see.

use crate::operator::History;
use livewell_model::{Timestamp, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A call, known by its place in the text, on a row, known by its key.
type Place = (usize, Vec<u8>);

/// What the first argument was at each step, the oldest first.
pub(super) type Past = Vec<(Timestamp, Value)>;

/// The time, and what has been of each row.
#[derive(Debug, Clone, Default)]
pub(super) struct Time {
    pub(super) now: Timestamp,
    pub(super) past: BTreeMap<Place, Past>,
    /// Shared by the graph and the same graph with its joins.
    pub(super) told: Rc<RefCell<Told>>,
}

/// What one evaluation has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) past: BTreeMap<Place, Past>,
    pub(super) due: BTreeSet<Timestamp>,
}

impl Time {
    /// When the clock alone will change a value next, as the last evaluation has it.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.told.borrow().due.first().copied()
    }

    /// Goes on to a moment; what the last evaluation has found is past.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.past = self.told.borrow().past.clone();
        self.now = now;
    }

    /// Begins at `now` with a past of one or two steps for each row.
    pub(super) fn remember(&mut self, now: Timestamp, histories: impl IntoIterator<Item = History>) {
        self.now = now;
        let past = |history: History| {
            let before = history.previous.map(|previous| (history.since, previous));
            let past = before.into_iter().chain([(history.since, history.held)]).collect();
            ((history.place, history.key), past)
        };
        self.past = histories.into_iter().map(past).collect();
    }

    /// Begins an evaluation.
    pub(super) fn begin(&self) {
        self.told.take();
    }
}
