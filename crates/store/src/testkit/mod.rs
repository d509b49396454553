//! The laws of [`Store`], to be run on any backend, also one that lives elsewhere.
//!
//! ```
//! use livewell_store::{IndexError, MemoryStore, Store, testkit};
//! use std::sync::Arc;
//!
//! struct InMemory;
//!
//! impl testkit::Place for InMemory {
//!     fn open(&self) -> Result<Arc<dyn Store>, IndexError> {
//!         Ok(Arc::new(MemoryStore::new()))
//!     }
//! }
//!
//! let report = testkit::run(&|| Box::new(InMemory));
//! assert!(report.holds(), "{report}");
//! ```

mod commits;
mod keys;
mod model;
mod reopening;
mod rows;
mod scans;
mod snapshots;

pub use keys::telling_keys;
pub use model::{Action, Model, Writes, replay};

use crate::{IndexError, Store, Version, WriteSet};
use std::fmt;
use std::sync::Arc;

/// A place where one store can lie: a directory, a schema, a key prefix.
pub trait Place {
    /// Opens the store of this place, and makes it the first time.
    ///
    /// The suite drops a store and its snapshots before it opens the place again. A store that keeps what it was
    /// given must hold it then; a volatile one may give an empty store.
    ///
    /// # Errors
    /// As the backend has them.
    fn open(&self) -> Result<Arc<dyn Store>, IndexError>;
}

/// Why a law does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        Self(format!("an unexpected error: {error}"))
    }
}

/// What a check of a law has come to.
pub type Outcome = Result<(), Failure>;

/// One law, with its check.
pub struct Law {
    /// What it promises.
    pub name: &'static str,
    /// Checks it in an empty place.
    pub check: fn(&dyn Place) -> Outcome,
}

/// All laws.
pub fn laws() -> Vec<Law> {
    [commits::LAWS, rows::LAWS, keys::LAWS, scans::LAWS, snapshots::LAWS, reopening::LAWS, model::LAWS]
        .into_iter()
        .flatten()
        .map(|&(name, check)| Law { name, check })
        .collect()
}

/// A law's name and check, as the modules list them.
type Entry = (&'static str, fn(&dyn Place) -> Outcome);

/// Checks every law, each in a place of its own.
pub fn run(make: &dyn Fn() -> Box<dyn Place>) -> Report {
    let outcomes = laws().iter().map(|law| (law.name, (law.check)(&*make()))).collect();
    Report { outcomes }
}

/// What each law has come to.
#[derive(Debug)]
pub struct Report {
    /// The laws by name.
    pub outcomes: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// Whether all laws hold.
    pub fn holds(&self) -> bool {
        self.outcomes.iter().all(|(_, outcome)| outcome.is_ok())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.outcomes {
            match outcome {
                Ok(()) => writeln!(f, "holds   {name}")?,
                Err(failure) => writeln!(f, "BROKEN  {name}: {failure}")?,
            }
        }
        Ok(())
    }
}

/// Fails with a message unless `holds`.
fn ensure(holds: bool, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failure(message())) }
}

/// An empty set of `feed` that leads from its commit number `from` to the next.
fn step(feed: u32, from: u64) -> WriteSet {
    let epoch = u64::from(from > 0);
    WriteSet {
        feed,
        expected: Version { epoch, commit: from },
        next: Version { epoch: 1, commit: from + 1 },
        ..WriteSet::default()
    }
}

/// Commits one set that must be taken.
fn commit(store: &dyn Store, set: &WriteSet) -> Outcome {
    match store.commit(std::slice::from_ref(set))?.as_slice() {
        [Ok(())] => Ok(()),
        other => Err(Failure(format!("a set from the current version came to {other:?}"))),
    }
}
