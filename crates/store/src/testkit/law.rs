//! A law, and the parts of its check.

use crate::{IndexError, Store, Version, WriteSet};
use std::fmt;
use std::sync::Arc;

/// A place where one store can lie: a directory, a schema, a key prefix.
pub trait Place {
    /// Opens the store of this place, and creates it the first time.
    ///
    /// The suite drops a store and its snapshots before it opens the place again. A store that keeps its data must
    /// have it then; a volatile one may return an empty store.
    ///
    /// # Errors
    /// Returns an error if the backend fails.
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

/// The outcome of a law's check.
pub type Outcome = Result<(), Failure>;

/// One law, with its check.
pub struct Law {
    /// The promise.
    pub name: &'static str,
    /// Checks the promise in an empty place.
    pub check: fn(&dyn Place) -> Outcome,
}

/// A law's name and check, as the modules list them.
pub(super) type Entry = (&'static str, fn(&dyn Place) -> Outcome);

/// Fails with a message unless `holds`.
pub(super) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failure(message())) }
}

/// Returns an empty set of `feed` that leads from its commit number `from` to the next.
pub(super) fn step(feed: u32, from: u64) -> WriteSet {
    let epoch = u64::from(from > 0);
    WriteSet {
        feed,
        expected: Version { epoch, commit: from },
        next: Version { epoch: 1, commit: from + 1 },
        ..WriteSet::default()
    }
}

/// Commits one set that must be accepted.
pub(super) fn commit(store: &dyn Store, set: &WriteSet) -> Outcome {
    match store.commit(std::slice::from_ref(set))?.as_slice() {
        [Ok(())] => Ok(()),
        other => Err(Failure(format!("a set from the current version came to {other:?}"))),
    }
}
