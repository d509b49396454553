//! The write set: all writes of one step of one feed, and the versions between which it leads.

use crate::rows::RowWrites;
use crate::writes::Writes;
use crate::written::{WrittenBeside, all_written};
use crate::{IndexError, long_key};
use std::sync::Arc;

/// The state of a feed from which a write set was computed, or to which it leads.
///
/// The commit number counts every commit of the feed, including those without a result. All zero: no such feed yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The feed's epoch.
    pub epoch: u64,
    /// How many commits the feed has had.
    pub commit: u64,
}

impl Version {
    /// Returns the version after one more commit in the same epoch.
    #[must_use]
    pub fn after(self) -> Self {
        Self { commit: self.commit + 1, ..self }
    }
}

/// All writes of one step of one feed.
#[derive(Debug, Clone, Default)]
pub struct WriteSet {
    /// The number of the feed that the step belongs to.
    pub feed: u32,
    /// The version that the step read. The set is refused if the store has another one.
    pub expected: Version,
    /// The version after the step.
    pub next: Version,
    /// Keys to values; `None` deletes. Ordered, since stores write fastest in key order.
    pub writes: Writes,
    /// More writes, outside memory; for a key that is in both, `writes` counts.
    pub scratch: Option<Arc<WrittenBeside>>,
    /// Rows that the store counts into the feed's head while it writes them, after `writes`.
    pub rows: Option<RowWrites>,
}

impl WriteSet {
    /// Makes an empty set that leads from version `expected` of `feed` to the next one of the same epoch.
    pub fn from_version(feed: u32, expected: Version) -> Self {
        Self { feed, expected, next: expected.after(), ..Self::default() }
    }

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
    /// Returns the errors of `each`, and of [`crate::Snapshot::scan`] if some writes lie outside memory.
    pub fn each_write(
        &self,
        mut each: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        if self.scratch.is_none() {
            return self.writes.iter().try_for_each(|(key, value)| each(key, value));
        }
        let beside = self.scratch.as_deref().map(WrittenBeside::all).transpose()?;
        for written in all_written(&self.writes, beside) {
            let (key, value) = written?;
            each(&key, value.as_deref())?;
        }
        Ok(())
    }

    /// Returns about how many bytes it writes.
    pub fn bytes(&self) -> usize {
        let writes = self.writes.iter().map(|(key, value)| key.len() + value.map_or(0, <[u8]>::len) + 16);
        let rows =
            self.rows.iter().flat_map(RowWrites::iter).map(|(_, data)| data.map_or(0, <[u8]>::len) + 32);
        writes.chain(rows).sum::<usize>() + self.scratch.as_ref().map_or(0, |scratch| scratch.bytes())
    }

    /// Refuses what no backend stores.
    ///
    /// # Errors
    /// Returns [`IndexError::NotSupported`] for an empty or too long key, or a too long value.
    pub fn check(&self) -> Result<(), IndexError> {
        let mut writes = self.writes.iter();
        writes.try_for_each(|(key, value)| long_key::check(key, value))?;
        let mut rows = self.rows.iter().flat_map(RowWrites::iter);
        rows.try_for_each(|(signature, data)| long_key::check(&signature.to_be_bytes(), data))
    }
}
