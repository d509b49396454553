//! The commit: what one step changed, written whole or not at all.
//!
//! A step reads a [`Snapshot`], keeps what it writes in a [`WriteSet`] and touches nothing. The store applies
//! write sets of many feeds in one backend transaction, each under its compare, so that operator state, rows,
//! log entry, sequence and checkpoint of a step cannot part, and a stale owner is refused inside.

use crate::IndexError;
use crate::snapshot::Snapshot;
use crate::write_set::{Version, WriteSet};
use std::io::Write;
use std::sync::Arc;

/// A store's random identity, made when the store is made; another store's history is never taken for this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub u128);

/// A write set whose compare failed: the feed has moved on, or belongs to somebody else by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("feed {feed} is at {found:?} and the step was computed from {expected:?}")]
pub struct Conflict {
    /// The feed.
    pub feed: u32,
    /// What the write set expected.
    pub expected: Version,
    /// What stands in the store.
    pub found: Version,
}

/// An ordered byte map with consistent snapshots and one atomic commit.
///
/// The laws, which `testkit` checks on any backend:
/// 1. A snapshot never changes, whatever is committed after it was taken.
/// 2. A write set is applied whole or not at all, also when the process is killed within `commit`.
/// 3. When `commit` returns, what it applied is durable at the store's level, and in every later snapshot.
/// 4. A set is refused with [`Conflict`] unless the feed's stored version equals `expected`; then the stored
///    version becomes `next`. Sets of one call apply in their order, so a later one sees an earlier one's version.
/// 5. The rows of a set are written after its other writes, and the head that counts them after those.
/// 6. Keys and values are any bytes; a key is 1 to 64 KiB and a few, also where the engine below has a lower limit.
pub trait Store: Send + Sync + 'static {
    /// The store's identity.
    fn id(&self) -> StoreId;

    /// The store as it is now.
    ///
    /// # Errors
    /// As the backend has them.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError>;

    /// Applies write sets in one transaction; the inner result tells each set's fate.
    ///
    /// # Errors
    /// Where nothing at all was applied: [`IndexError::Full`], [`IndexError::Io`], ... After an error the
    /// caller drops what it has computed and starts again from a snapshot.
    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError>;

    /// Looks whether there is room by now for the last commit that found none. A backend that cannot know says yes.
    ///
    /// # Errors
    /// Returns [`IndexError::Full`] if there is still none; [`IndexError::Io`] by the system.
    fn check_room(&self) -> Result<(), IndexError> {
        Ok(())
    }

    /// Whether the process that had it before has closed it in order.
    fn was_closed(&self) -> bool {
        true
    }

    /// Whether what is committed is gone with the process.
    fn is_volatile(&self) -> bool;

    /// Writes the newest commit to `out` as the data file of a backup, checked on the way. Holds a snapshot meanwhile.
    ///
    /// # Errors
    /// [`IndexError::NotSupported`] for a store that has no file; [`IndexError::Corrupted`] at the first damage; as
    /// `out` has them.
    fn copy(&self, out: &mut dyn Write) -> Result<(), IndexError> {
        let _ = out;
        Err(IndexError::NotSupported(
            "a store in memory cannot be backed up; it holds nothing that lasts".into(),
        ))
    }

    /// An empty store for what a step cannot hold in memory; it is gone when it is dropped, and need not be durable.
    /// A backend without a better place returns a [`crate::MemoryStore`].
    ///
    /// # Errors
    /// As the backend has them.
    fn scratch(&self) -> Result<Box<dyn Store>, IndexError>;
}
