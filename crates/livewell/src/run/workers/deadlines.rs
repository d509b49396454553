//! When tasks go on at the latest, though no bell has rung.

use super::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// The deadlines of all tasks that wait. A deadline that moves further away, as most do, is looked at again only when the
/// one before has passed.
#[derive(Default)]
pub(super) struct Deadlines {
    order: BTreeSet<(Instant, u32)>,
    of: HashMap<u32, Deadline>,
}

struct Deadline {
    cell: Arc<Cell>,
    at: Instant,
    /// Its place in the order, not after `at`.
    entered: Instant,
}

impl Deadlines {
    /// Sets the deadline of a task.
    pub(super) fn set(&mut self, cell: &Arc<Cell>, at: Instant) {
        let number = cell.component.number;
        match self.of.get_mut(&number) {
            Some(known) if known.entered <= at => known.at = at,
            Some(known) => {
                self.order.remove(&(known.entered, number));
                (known.at, known.entered) = (at, at);
                self.order.insert((at, number));
            }
            None => {
                self.of.insert(number, Deadline { cell: cell.clone(), at, entered: at });
                self.order.insert((at, number));
            }
        }
    }

    /// Forgets a task.
    pub(super) fn forget(&mut self, number: u32) {
        if let Some(known) = self.of.remove(&number) {
            self.order.remove(&(known.entered, number));
        }
    }

    /// When to look again.
    pub(super) fn first(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes a task whose deadline has passed.
    pub(super) fn passed(&mut self, now: Instant) -> Option<Arc<Cell>> {
        while let Some((entered, number)) = self.order.first().copied().filter(|(at, _)| *at <= now) {
            self.order.remove(&(entered, number));
            let Some(known) = self.of.get_mut(&number) else { continue };
            if known.at <= now {
                return self.of.remove(&number).map(|known| known.cell);
            }
            known.entered = known.at;
            self.order.insert((known.at, number));
        }
        None
    }
}
