//! The laws of [`Store`](crate::Store), to be checked on any backend, including one from another crate.
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
mod law;
mod model;
mod reopening;
mod rows;
mod scans;
mod snapshots;

pub use keys::telling_keys;
pub use law::{Failure, Law, Outcome, Place};
pub use model::{Action, Model, Writes, replay};

use std::fmt;

/// Returns all laws.
pub fn laws() -> Vec<Law> {
    [commits::LAWS, rows::LAWS, keys::LAWS, scans::LAWS, snapshots::LAWS, reopening::LAWS, model::LAWS]
        .into_iter()
        .flatten()
        .map(|&(name, check)| Law { name, check })
        .collect()
}

/// Checks every law, each in a place of its own.
pub fn run(make: &dyn Fn() -> Box<dyn Place>) -> Report {
    let outcomes = laws().iter().map(|law| (law.name, (law.check)(&*make()))).collect();
    Report { outcomes }
}

/// The outcome of each law.
#[derive(Debug)]
pub struct Report {
    /// The outcomes by the laws' names.
    pub outcomes: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// Returns whether all laws hold.
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
