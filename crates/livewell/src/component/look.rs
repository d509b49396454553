//! How far the followers of a feed have read, when somebody last looked at them all.

use super::lock::lock;
use std::sync::Mutex;

/// The last look at the followers of a feed. They only read on, so what was read then still is; who takes a follower
/// back, or adds one that may be behind, has to forget the look.
#[derive(Debug, Default)]
pub(crate) struct LastLook(Mutex<Option<Look>>);

/// A look at the followers of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The feed's epoch at that time.
    pub(crate) epoch: u64,
    /// The feed's last sequence at that time.
    pub(crate) sequence: u64,
    /// The last sequence that all of those had read that hold the log; `None` if nobody held it.
    pub(crate) read: Option<u64>,
}

impl LastLook {
    /// Returns the last look, if the feed is still in the same epoch and has grown by less than `piece` entries since.
    pub(crate) fn within(&self, epoch: u64, sequence: u64, piece: u64) -> Option<Look> {
        let last = *lock(&self.0);
        last.filter(|last| last.epoch == epoch && sequence.saturating_sub(last.sequence) < piece)
    }

    /// Returns the last look in this epoch, however long ago.
    pub(crate) fn last(&self, epoch: u64) -> Option<Look> {
        self.within(epoch, 0, u64::MAX)
    }

    pub(crate) fn keep(&self, look: Look) {
        *lock(&self.0) = Some(look);
    }

    pub(crate) fn forget(&self) {
        *lock(&self.0) = None;
    }
}
