//! The reset that was requested of a component, until its thread takes it.

use super::Component;
use super::lock::lock;
use super::state::State;
use std::sync::atomic::Ordering;

impl Component {
    /// Asks for a reset: of these tables, or of everything if there are none.
    pub(crate) fn ask_reset(&self, table: Option<&str>) {
        let mut tables = lock(&self.reset_tables);
        match table {
            // A reset of everything includes each table.
            None => tables.clear(),
            Some(_) if self.reset.load(Ordering::Acquire) && tables.is_empty() => {}
            Some(table) => tables.push(table.to_owned()),
        }
        self.reset.store(true, Ordering::Release);
        drop(tables);
        self.bell.ring();
    }

    /// Takes the requested reset, if there is one: its tables, or none for everything. Before that it shows that it is at
    /// work, so that who waits until everything is at rest sees one or the other.
    pub(crate) fn take_reset(&self) -> Option<Vec<String>> {
        if self.reset.load(Ordering::Acquire) && self.state() == State::CaughtUp {
            self.set(State::Running);
        }
        let mut tables = lock(&self.reset_tables);
        self.reset.swap(false, Ordering::AcqRel).then(|| std::mem::take(&mut *tables))
    }

    /// Returns whether the requested reset is one of everything.
    pub(crate) fn is_reset_whole(&self) -> bool {
        lock(&self.reset_tables).is_empty()
    }
}
