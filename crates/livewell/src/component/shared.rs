//! What all components of a running Livewell share.

use super::Component;
use super::bell::Bells;
use super::damages::Damages;
use super::holds::Holds;
use super::leftovers::Leftovers;
use super::marks::Marks;
use super::measures::Measures;
use super::order::Positions;
use super::roster::Roster;
use super::state::{ComponentKind, State};
use super::timers::Timers;
use crate::clock::Clock;
use crate::observe::Observer;
use crate::settings::Limits;
use crate::{Error, ErrorKind};
use livewell_model::Timestamp;
use livewell_store::{GroupCommit, IndexError, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

/// What all components share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    /// A short name of the store, which makes the names of its sources elsewhere unique.
    pub(crate) store_name: String,
    pub(crate) group: GroupCommit,
    pub(crate) bells: Bells,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) timers: Timers,
    pub(crate) limits: Limits,
    pub(crate) damages: Damages,
    /// The logs that verifications still read.
    pub(crate) holds: Holds,
    pub(crate) marks: Marks,
    pub(crate) measures: Measures,
    pub(crate) positions: Positions,
    /// What the store holds of others than those that were added.
    pub(crate) leftovers: Leftovers,
    /// The components that were added.
    pub(crate) roster: RwLock<Roster>,
    /// Set when everything is to stop.
    pub(crate) stopping: AtomicBool,
    /// All threads that may still run; each holds the store until its end.
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Shared {
    /// Returns a short name of the store, which makes the names of its sources elsewhere unique.
    pub(crate) fn store_name(&self) -> &str {
        &self.store_name
    }

    /// Keeps one more thread, and drops those that have ended now and then.
    pub(crate) fn keep_thread(&self, thread: JoinHandle<()>) {
        let is_full = {
            let threads = self.lock_threads();
            threads.len() == threads.capacity()
        };
        if is_full {
            self.join_ended();
        }
        self.lock_threads().push(thread);
    }

    /// Joins the threads that have ended; returns how many still run.
    pub(crate) fn join_ended(&self) -> usize {
        let mut threads = self.lock_threads();
        for ended in threads.extract_if(.., |thread| thread.is_finished()) {
            let name = ended.thread().name().unwrap_or_default().to_owned();
            if ended.join().is_err() {
                tracing::error!(code = "LW0541", "the thread of `{name}` has panicked");
            }
        }
        threads.len()
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_stopping(&self, component: &Component) -> bool {
        self.stopping.load(Ordering::Acquire) || component.stopping.load(Ordering::Acquire)
    }

    /// Returns whether a source has to interrupt its work: to stop, or to start over.
    pub(crate) fn is_interrupted(&self, source: &Component) -> bool {
        self.is_stopping(source) || source.reset.load(Ordering::Acquire)
    }

    pub(crate) fn component(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.roster().get(id).cloned().ok_or_else(|| Error::not_found(id))
    }

    pub(crate) fn source(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Source, "source")
    }

    pub(crate) fn query(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Query, "query")
    }

    pub(crate) fn reaction(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Reaction, "reaction")
    }

    fn of_kind(&self, id: &str, kind: ComponentKind, name: &str) -> Result<Arc<Component>, Error> {
        let component = self.component(id)?;
        if component.kind != kind {
            return Err(Error::new(ErrorKind::NotFound, "LW0501", format!("`{id}` is not a {name}")));
        }
        Ok(component)
    }

    pub(crate) fn roster(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn roster_mut(&self) -> RwLockWriteGuard<'_, Roster> {
        self.roster.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds components that may be behind in what they follow.
    pub(crate) fn enlist(&self, components: impl IntoIterator<Item = Arc<Component>>) {
        let mut roster = self.roster_mut();
        let mut added = Vec::new();
        for component in components {
            let follows = component.follows.clone();
            added.push(component.clone());
            roster.insert(component);
            forget_looks(&roster, &follows);
        }
        drop(roster);
        added.iter().for_each(|component| self.leftovers.forget(&component.id));
    }

    /// Has the followers of these feeds looked at again, since one of them is taken back.
    pub(crate) fn forget_looks(&self, feeds: &[u32]) {
        forget_looks(&self.roster(), feeds);
    }

    /// Returns the first of these feeds whose component is in error.
    pub(crate) fn in_error(&self, feeds: &[u32]) -> Option<String> {
        let roster = self.roster();
        let mut followed = feeds.iter().filter_map(|feed| roster.numbered(*feed));
        let stuck = followed.find(|component| component.state() == State::Error);
        stuck.map(|component| component.id.clone())
    }

    /// Records damage in what component `number` has stored, and stops the component if it runs; without a number, all
    /// components.
    pub(crate) fn note_damage(&self, number: Option<u32>, damage: &IndexError) {
        if !self.damages.note(number, damage) {
            return;
        }
        let roster = self.roster();
        let touched: Vec<_> = match number {
            Some(number) => roster.numbered(number).into_iter().collect(),
            None => roster.all().collect(),
        };
        for component in touched {
            component.fail(&Error::new(ErrorKind::Storage, damage.code(), damage.to_string()));
            component.bell.ring();
            self.bells.ring(component.number);
        }
    }

    /// Records when the first timer of a query is due, with the query's own time, and tells the sources it follows.
    pub(crate) fn set_timer(&self, query: &Component, first: Option<(Timestamp, Timestamp)>) {
        if self.timers.set(query.number, &query.follows, first, &*self.clock) {
            let roster = self.roster();
            let followed = query.follows.iter().filter_map(|feed| roster.numbered(*feed));
            followed.for_each(|source| source.bell.ring());
        }
    }

    /// Returns the first timer of the queries that follow a source, as `(due, now)`: when it is due, and the present
    /// time on the same clock.
    pub(crate) fn first_timer(&self, source: &Component) -> Option<(Timestamp, Timestamp)> {
        self.timers.first(source.number, source.drift().drift(), &*self.clock)
    }
}

fn forget_looks(roster: &Roster, feeds: &[u32]) {
    feeds.iter().filter_map(|feed| roster.numbered(*feed)).for_each(|feed| feed.last_look.forget());
}
