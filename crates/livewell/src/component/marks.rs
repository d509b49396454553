//! Marks: how far queries have been shown their upstreams, beyond what they have stored.
//!
//! What does not concern a query changes nothing in it, so it need not store that it has passed; but who waits for its
//! position has to know. A mark stands on a commit of the query, and is true of every snapshot that holds that commit.

use livewell_store::checkpoint::Checkpoint;
use livewell_store::{IndexError, Snapshot, Version, compare};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How far several feeds have been read: a checkpoint in each, by the feed's number.
pub(crate) type Shown = Vec<(u32, Checkpoint)>;

/// How far one that reads for many has read.
#[derive(Debug, Default)]
pub(crate) struct Cursor(Mutex<Arc<Shown>>);

impl Cursor {
    pub(crate) fn get(&self) -> Arc<Shown> {
        super::lock::lock(&self.0).clone()
    }

    pub(crate) fn set(&self, shown: Arc<Shown>) {
        *super::lock::lock(&self.0) = shown;
    }
}

/// How far a query has been shown its upstreams.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    /// As far as this cursor, wherever it is.
    With(Arc<Cursor>),
    /// Up to here; something comes that concerns it.
    At(Arc<Shown>),
}

/// The marks of all queries that are shown what concerns them, each with the version that it stands on.
#[derive(Debug, Default)]
pub(crate) struct Marks(RwLock<HashMap<u32, (Version, Mark)>>);

impl Marks {
    /// Sets the mark of a query, all of whose commits so far are durable, the last one at `version`.
    pub(crate) fn set(&self, query: u32, version: Version, mark: Mark) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(query, (version, mark));
    }

    pub(crate) fn remove(&self, query: u32) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&query);
    }

    /// Returns how far a query has been shown its upstreams in a snapshot; `None` if its checkpoints tell.
    pub(crate) fn shown(
        &self,
        snapshot: &dyn Snapshot,
        query: u32,
    ) -> Result<Option<Arc<Shown>>, IndexError> {
        let (stands_on, shown) = {
            // While this is held, no mark is set that a cursor passes afterwards.
            let marks = self.0.read().unwrap_or_else(PoisonError::into_inner);
            match marks.get(&query) {
                None => return Ok(None),
                Some((version, Mark::With(cursor))) => (*version, cursor.get()),
                Some((version, Mark::At(shown))) => (*version, shown.clone()),
            }
        };
        let version = compare::read_version(snapshot, query)?;
        let is_held = version.epoch == stands_on.epoch && version.commit >= stands_on.commit;
        Ok(is_held.then_some(shown))
    }
}
