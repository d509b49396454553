//! The order of all changes: positions, assigned one after another to the transactions of all sources.

use super::lock::lock;
use std::sync::{Mutex, MutexGuard};

/// The positions of one store.
#[derive(Debug)]
pub(crate) struct Positions(Mutex<u64>);

/// The right to assign the next positions. Only one component has it at a time; if it queues its commit before the turn
/// ends, positions become visible in their order.
pub(crate) struct Turn<'a> {
    positions: &'a Positions,
    held: Option<MutexGuard<'a, u64>>,
}

impl Positions {
    /// Continues after position `last`.
    pub(crate) fn after(last: u64) -> Self {
        Self(Mutex::new(last))
    }

    /// Waits for the turn.
    pub(crate) fn take(&self) -> Turn<'_> {
        Turn { positions: self, held: Some(lock(&self.0)) }
    }
}

impl Turn<'_> {
    fn held(&mut self) -> &mut u64 {
        self.held.get_or_insert_with(|| lock(&self.positions.0))
    }

    /// Returns the last position that was assigned.
    pub(crate) fn last(&mut self) -> u64 {
        *self.held()
    }

    /// Assigns the next position and returns it.
    pub(crate) fn next(&mut self) -> u64 {
        *self.held() += 1;
        self.last()
    }

    /// Takes back the positions assigned after `last` in this turn.
    pub(crate) fn go_back(&mut self, last: u64) {
        *self.held() = last;
    }

    /// Ends the turn until a position is needed; no position may have been assigned yet.
    pub(crate) fn pause(&mut self) {
        self.held = None;
    }
}
