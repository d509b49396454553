//! The latest transactions of a source, in short: its log has them only until its queries have read them.

use super::lock::lock;
use livewell_model::{AppliedChange, SmolStr, Timestamp};
use std::collections::VecDeque;
use std::sync::Mutex;

/// How many transactions are remembered.
pub(crate) const KEPT_MAX: usize = 100;
/// How many ids of a transaction are remembered.
const IDS_MAX: usize = 5;
/// Ids of more bytes are not.
const ID_BYTES_MAX: usize = 256;

/// A transaction of a source, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its position in the store.
    pub position: u64,
    /// The epoch of the source.
    pub epoch: u64,
    /// Its number in its source.
    pub sequence: u64,
    /// Its time.
    pub timestamp: Timestamp,
    /// How many elements it changed.
    pub changes: u64,
    /// How many of these it inserted, updated and deleted; `None` if that was not counted, of a large one before the
    /// process started.
    pub kinds: Option<Kinds>,
    /// The ids of the first elements, of at most 256 bytes each.
    pub ids: Vec<SmolStr>,
}

/// How many elements were changed in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Those that did not exist before.
    pub inserted: u64,
    /// Those that exist before and after.
    pub updated: u64,
    /// Those that no longer exist.
    pub deleted: u64,
}

impl Brief {
    /// Begins a transaction without changes.
    pub(crate) fn new((position, epoch, sequence): (u64, u64, u64), timestamp: Timestamp) -> Self {
        let kinds = Some(Kinds::default());
        Self { position, epoch, sequence, timestamp, changes: 0, kinds, ids: Vec::new() }
    }

    /// Adds a change.
    pub(crate) fn add(&mut self, change: &AppliedChange) {
        self.changes += 1;
        if let Some(kinds) = &mut self.kinds {
            let count = match (&change.before, &change.after) {
                (None, _) => &mut kinds.inserted,
                (Some(_), Some(_)) => &mut kinds.updated,
                (Some(_), None) => &mut kinds.deleted,
            };
            *count += 1;
        }
        let id = &change.id().id;
        if self.ids.len() < IDS_MAX && id.len() <= ID_BYTES_MAX {
            self.ids.push(id.clone());
        }
    }

    /// Returns whether it has all ids of the elements that it changed.
    pub(crate) fn is_whole(&self) -> bool {
        self.ids.len() as u64 == self.changes
    }
}

/// Transactions, the oldest first, of which the latest are kept.
#[derive(Debug, Default)]
pub(crate) struct Briefs(VecDeque<Brief>);

impl Briefs {
    /// Adds the next one. One without changes only says that time has passed.
    pub(crate) fn add(&mut self, brief: Brief) {
        if brief.changes == 0 {
            return;
        }
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(brief);
    }

    /// Forgets those after a sequence, which were not taken in after all.
    pub(crate) fn go_back(&mut self, sequence: u64) {
        while self.0.back().is_some_and(|brief| brief.sequence > sequence) {
            self.0.pop_back();
        }
    }
}

/// The latest transactions of a source since it was started.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<Briefs>);

impl Lately {
    /// Adds those of a commit that is durable.
    pub(crate) fn add(&self, briefs: Briefs) {
        let mut kept = lock(&self.0);
        briefs.0.into_iter().for_each(|brief| kept.add(brief));
    }

    /// Returns them, the oldest first.
    pub(crate) fn all(&self) -> Vec<Brief> {
        lock(&self.0).0.iter().cloned().collect()
    }
}
