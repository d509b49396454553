//! What the components are doing.

use super::{Livewell, leftover};
use crate::Error;
use crate::component::tally::Counts;
use crate::read::condition::{self, Condition};
use crate::read::measured::{self, Measured, Totals};
use crate::read::overview::{self, Neighbours, Overview};
use crate::read::page::{self, Page};
use crate::read::status::{self, Status};
use livewell_store::{Durations, Histogram};

impl Livewell {
    /// Returns the status of every component, by id.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn status(&self) -> Result<Vec<Status>, Error> {
        status::of_all(&self.shared)
    }

    /// Returns the status of one component, whatever the number of others.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an id that was not added, or an error if the store cannot be read.
    pub fn status_of(&self, id: &str) -> Result<Status, Error> {
        status::of_one(&self.shared, id)
    }

    /// Returns the status of the components on a page, by id.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn statuses(&self, page: &Page) -> Result<Vec<Status>, Error> {
        page::read(&self.shared, page)
    }

    /// Returns all components at a glance if there are at most `most`, else only those that are in error or wait for
    /// something. The cost follows what is shown.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn overview(&self, most: usize) -> Result<Overview, Error> {
        overview::overview(&self.shared, most)
    }

    /// Returns what a component reads, and at most `most` of those that read it, without reading the store. A component
    /// that was not added has none.
    pub fn neighbours(&self, id: &str, most: usize) -> Neighbours {
        overview::neighbours(&self.shared, id, most).unwrap_or_default()
    }

    /// Returns the ids of what reads a component, directly and through others, nearest first and at most `most`; and how
    /// many there are.
    pub fn dependents(&self, id: &str, most: usize) -> (Vec<String>, usize) {
        overview::dependents(&self.shared, id, most)
    }

    /// Returns how many components of each kind show each state, without reading the store.
    pub fn counts(&self) -> Counts {
        self.shared.roster().counts()
    }

    /// Returns what was measured of all components together since the start of the process.
    pub fn measured(&self) -> Measured {
        measured::measured(&self.shared)
    }

    /// Returns what all components together have done since the start of the process, without reading the store.
    pub fn totals(&self) -> Totals {
        measured::totals(&self.shared)
    }

    /// Returns how long it took from when a source took in a transaction to when what it caused in a query was durable.
    pub fn latency(&self) -> Histogram {
        self.shared.measures.results.histogram()
    }

    /// Returns how long it took from when a source took in a transaction to when a reaction had made its effect: of each
    /// result that the reaction has delivered since its start. `None` if there is no such reaction.
    pub fn effects(&self, reaction: &str) -> Option<Histogram> {
        self.shared.component(reaction).ok()?.effects.as_ref().map(Durations::histogram)
    }

    /// Returns the condition of a component without reading the store; a component that was not added is stopped.
    pub fn condition(&self, id: &str) -> Condition {
        condition::condition(&self.shared, id)
    }

    /// Returns the ids of queries that have not caught up, by id, at most this many.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn not_caught_up(&self, most: usize) -> Result<Vec<String>, Error> {
        page::not_caught_up(&self.shared, most)
    }

    /// Returns whether a query has caught up, as [`Livewell::not_caught_up`] has it.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown query, or an error if the store cannot be read.
    pub fn has_caught_up(&self, query: &str) -> Result<bool, Error> {
        page::has_caught_up(&self.shared, &*self.shared.query(query)?)
    }

    /// Checks that the store can be read.
    ///
    /// # Errors
    /// Returns an error if it cannot.
    pub fn check_readable(&self) -> Result<(), Error> {
        livewell_store::catalog::position(&*self.shared.store.snapshot()?)?;
        Ok(())
    }

    /// Returns what the store holds of components that were not added: taken out of the configuration, or renamed.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn leftovers(&self) -> Result<Vec<Status>, Error> {
        leftover::all(&self.shared)
    }

    /// Returns whether a component was added, without reading the store.
    pub fn is_added(&self, id: &str) -> bool {
        self.shared.roster().get(id).is_some()
    }

    /// Returns what the store holds of the component `id`, if it was not added.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn leftover(&self, id: &str) -> Result<Option<Status>, Error> {
        leftover::one(&self.shared, id)
    }
}
