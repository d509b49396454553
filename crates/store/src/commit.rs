//! The commit: all changes of one step, written whole or not at all.
//!
//! A step reads a [`Snapshot`], collects its writes in a [`WriteSet`] and touches nothing. The store applies write
//! sets of many feeds in one backend transaction, each under its compare, so that operator state, rows, log entry,
//! sequence and checkpoint of a step stay together, and a stale owner is refused inside the transaction.

use crate::IndexError;
use crate::extent::Extent;
use crate::measure::Usage;
use crate::snapshot::Snapshot;
use crate::write_set::{Version, WriteSet};
use std::io::Write;
use std::sync::Arc;

/// A store's random identity, made with the store, so that another store's history is never taken for this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub u128);

/// A write set whose compare failed: the feed has moved on, or has another owner by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("feed {feed} is at {found:?} and the step was computed from {expected:?}")]
pub struct Conflict {
    /// The feed.
    pub feed: u32,
    /// What the write set expected.
    pub expected: Version,
    /// The version in the store.
    pub found: Version,
}

/// An ordered byte map with consistent snapshots and one atomic commit.
///
/// The laws, which `testkit` checks for any backend:
/// 1. A snapshot never changes, whatever is committed after it was taken.
/// 2. A write set is applied whole or not at all, even if the process is killed within `commit`.
/// 3. When `commit` returns, its changes are durable at the store's level, and in every later snapshot.
/// 4. A set is refused with [`Conflict`] unless the feed's stored version equals `expected`; then the stored
///    version becomes `next`. Sets of one call apply in their order, so a later one sees an earlier one's version.
/// 5. The rows of a set are written after its other writes, and the head that counts them after those.
/// 6. Keys and values are any bytes; a key has 1 byte to a little over 64 KiB, even if the engine below has a lower
///    limit.
pub trait Store: Send + Sync + 'static {
    /// Returns the store's identity.
    fn id(&self) -> StoreId;

    /// Takes a snapshot of the store as it is now.
    ///
    /// # Errors
    /// Returns an error if the backend fails.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError>;

    /// Applies write sets in one transaction; the inner result says whether each set was applied.
    ///
    /// # Errors
    /// Returns an error if nothing at all was applied: [`IndexError::Full`], [`IndexError::Io`], ... The caller then
    /// drops what it has computed and starts again from a snapshot.
    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError>;

    /// Checks whether there is now room for the last commit that found none. A backend that cannot know returns `Ok`.
    ///
    /// # Errors
    /// Returns [`IndexError::Full`] if there is still none, or [`IndexError::Io`] if the system refuses.
    fn check_room(&self) -> Result<(), IndexError> {
        Ok(())
    }

    /// Returns whether the process that had the store before closed it cleanly.
    fn was_closed(&self) -> bool {
        true
    }

    /// Returns how much room the store takes, as far as it knows.
    fn usage(&self) -> Usage {
        Usage::default()
    }

    /// Returns how much there is of the keys that begin with each of `prefixes`, all in one commit. A large range is
    /// estimated, so the cost follows the number of prefixes. `None` if it is cancelled, or from a backend that could only
    /// count.
    ///
    /// # Errors
    /// Returns an error if the backend fails.
    fn extents(
        &self,
        prefixes: &[Vec<u8>],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Extent>>, IndexError> {
        let _ = (prefixes, is_cancelled);
        Ok(None)
    }

    /// Returns whether committed data is lost when the process ends.
    fn is_volatile(&self) -> bool;

    /// Writes the newest commit to `out` as the data file of a backup, and checks it on the way. Holds a snapshot
    /// meanwhile.
    ///
    /// # Errors
    /// Returns [`IndexError::NotSupported`] for a store that has no file, [`IndexError::Corrupted`] at the first
    /// damage, or an error of `out`.
    fn copy(&self, out: &mut dyn Write) -> Result<(), IndexError> {
        let _ = out;
        Err(IndexError::NotSupported(
            "a store in memory cannot be backed up; it holds nothing that lasts".into(),
        ))
    }

    /// Makes an empty store for what a step cannot hold in memory. It is deleted when it is dropped, and need not be
    /// durable. A backend without a better place returns a [`crate::MemoryStore`].
    ///
    /// # Errors
    /// Returns an error if the backend fails.
    fn scratch(&self) -> Result<Box<dyn Store>, IndexError>;
}
