//! The commit: what one step changed, written whole or not at all.
//!
//! A step reads a [`Snapshot`], keeps what it writes in a [`WriteSet`] and touches nothing. The store applies
//! write sets of many feeds in one backend transaction, each under its compare, so that operator state, rows,
//! log entry, sequence and checkpoint of a step cannot part, and a stale owner is refused inside.

use crate::keyspace::after_prefix;
use crate::overlay::all_written;
use crate::scratch::{Scratch, Writes};
use crate::{IndexError, MemoryStore, RowWrites, long_key};
use std::borrow::Cow;
use std::io::Write;
use std::ops::Bound;
use std::sync::Arc;

/// A store's random identity, made when the store is made; another store's history is never taken for this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub u128);

/// Which state of a feed a write set was computed from, or leads to.
///
/// The commit number counts every commit of the feed, also one without a result. All zero: no such feed yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The feed's epoch.
    pub epoch: u64,
    /// How many commits the feed has had.
    pub commit: u64,
}

impl Version {
    /// The version after one more commit in the same epoch.
    #[must_use]
    pub fn after(self) -> Self {
        Self { commit: self.commit + 1, ..self }
    }
}

/// All that one step of one feed writes.
#[derive(Debug, Clone, Default)]
pub struct WriteSet {
    /// The number of the feed the step belongs to.
    pub feed: u32,
    /// The version the step read. Another one in the store refuses the set.
    pub expected: Version,
    /// The version after the step.
    pub next: Version,
    /// Keys to values; `None` deletes. Ordered, since stores take keys in order best.
    pub writes: Writes,
    /// More of the same, beside memory; what `writes` has of a key counts.
    pub scratch: Option<Arc<Scratch>>,
    /// Rows that the store counts into the feed's head while it writes them, after `writes`.
    pub rows: Option<RowWrites>,
}

impl WriteSet {
    /// Puts `value` under `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Calls `each` with every write, in ascending order of keys; `None` deletes the key.
    ///
    /// # Errors
    /// As `each`; as [`Snapshot::scan`] where some lie beside memory.
    pub fn each_write(
        &self,
        mut each: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        if self.scratch.is_none() {
            return self.writes.iter().try_for_each(|(key, value)| each(key, value.as_deref()));
        }
        for written in all_written(&self.writes, self.scratch.as_deref())? {
            let (key, value) = written?;
            each(&key, value.as_deref())?;
        }
        Ok(())
    }

    /// About how many bytes it writes.
    pub fn bytes(&self) -> usize {
        let writes =
            self.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len) + 16);
        let rows =
            self.rows.iter().flat_map(RowWrites::iter).map(|(_, data)| data.map_or(0, <[u8]>::len) + 32);
        writes.chain(rows).sum::<usize>() + self.scratch.as_ref().map_or(0, |scratch| scratch.bytes())
    }

    /// Refuses what no backend stores.
    ///
    /// # Errors
    /// [`IndexError::NotSupported`] for an empty or too long key, or a too long value.
    pub fn check(&self) -> Result<(), IndexError> {
        let mut writes = self.writes.iter();
        writes.try_for_each(|(key, value)| long_key::check(key, value.as_deref()))?;
        let mut rows = self.rows.iter().flat_map(RowWrites::iter);
        rows.try_for_each(|(signature, data)| long_key::check(&signature.to_be_bytes(), data))
    }
}

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

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Backward,
}

/// One key with its value, borrowed from the snapshot where the backend can.
pub type Entry<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The entries of a scan, in its direction; ends after an error.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry<'a>, IndexError>> + 'a>;

/// What [`Snapshot::check`] has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many entries, the backend's own included.
    pub entries: u64,
    /// Of keys and values.
    pub bytes: u64,
    /// Where the next call continues; `None` if the range is read to its end.
    pub next: Option<Vec<u8>>,
}

/// What is shown each key with its value, in turn; `false` ends it.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> bool;

/// Shows the entries to `visit`, until it says false.
pub(crate) fn visit_all(entries: Entries<'_>, visit: Visit<'_>) -> Result<(), IndexError> {
    for entry in entries {
        let (key, value) = entry?;
        if !visit(&key, &value) {
            break;
        }
    }
    Ok(())
}

/// The store as it was at one commit. Cheap to take; holding it costs the store space, not time.
pub trait Snapshot: Send + Sync {
    /// The value under `key`.
    ///
    /// # Errors
    /// [`IndexError::Corrupted`] where the stored bytes fail their checksum; others as the backend has them.
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError>;

    /// The entries between two keys.
    ///
    /// # Errors
    /// As [`Snapshot::get`], also from the iterator.
    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError>;

    /// Visits the entries whose keys begin with `prefix`, until `visit` says false.
    ///
    /// What [`Snapshot::scan`] gives, for a backend that can do it with less: most scans of a step are short.
    ///
    /// # Errors
    /// As [`Snapshot::scan`].
    fn visit(&self, prefix: &[u8], direction: Direction, visit: Visit<'_>) -> Result<(), IndexError> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        visit_all(self.scan(Bound::Included(prefix), to, direction)?, visit)
    }

    /// Reads the entries from `from` on and below `to`, about `bytes_max` bytes of them, and checks all that the backend
    /// can: checksums, the order of keys, and whether each key is found where a lookup goes. Bounds are beginnings of
    /// keys, or what an earlier call has returned as [`Checked::next`].
    ///
    /// # Errors
    /// [`IndexError::Corrupted`] at the first damage; [`IndexError::Connection`] if only a newer snapshot can be
    /// checked.
    fn check(&self, from: &[u8], to: Option<&[u8]>, bytes_max: u64) -> Result<Checked, IndexError> {
        let from = if from.is_empty() { Bound::Unbounded } else { Bound::Included(from) };
        let to = to.map_or(Bound::Unbounded, Bound::Excluded);
        let mut checked = Checked::default();
        for entry in self.scan(from, to, Direction::Forward)? {
            let (key, value) = entry?;
            if checked.bytes >= bytes_max {
                checked.next = Some(key.into_owned());
                break;
            }
            checked.entries += 1;
            checked.bytes += (key.len() + value.len()) as u64;
        }
        Ok(checked)
    }

    /// The values under several keys, in their order. One round trip on a remote backend.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn get_many<'a>(&'a self, keys: &[Vec<u8>]) -> Result<Vec<Option<Cow<'a, [u8]>>>, IndexError> {
        keys.iter().map(|key| self.get(key)).collect()
    }
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
    /// In memory, where the backend has no better place.
    ///
    /// # Errors
    /// As the backend has them.
    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(MemoryStore::new()))
    }
}
