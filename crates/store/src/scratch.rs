//! The writes of a step that it does not hold in memory: in a store of their own beside the true one, gone with the
//! step.
//!
//! A transaction may be larger than memory. Its writes are moved here piece by piece, and read back in order by the
//! one commit that applies them all.

use crate::IndexError;
use crate::commit::Store;
use crate::snapshot::{Direction, Snapshot};
use crate::write_set::{Version, WriteSet};
use crate::writes::{Write, Writes};
use crate::written::{AllWritten, WrittenBeside, all_beside, beside, decode, encode};
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// The writes of one step that are not held in memory.
pub struct Scratch {
    /// Before the store, so that it ends first.
    snapshot: Arc<dyn Snapshot>,
    store: Box<dyn Store>,
    version: Version,
    bytes: usize,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Scratch {
    /// Begins without writes, in a scratch of `store`.
    ///
    /// # Errors
    /// Returns the errors of [`Store::scratch`].
    pub fn beside(store: &dyn Store) -> Result<Self, IndexError> {
        let store = store.scratch()?;
        Ok(Self { snapshot: store.snapshot()?, store, version: Version::default(), bytes: 0 })
    }

    /// Adds writes, which replace those that are there.
    ///
    /// # Errors
    /// Returns the errors of [`Store::commit`].
    pub fn add(&mut self, writes: Writes) -> Result<(), IndexError> {
        let marked = |(key, mut value): Write| {
            self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            encode(&mut value);
            (key, value)
        };
        let writes = writes.into_iter().map(marked).collect();
        let next = Version { epoch: 1, commit: self.version.commit + 1 };
        let set = WriteSet { expected: self.version, next, writes, ..WriteSet::default() };
        for fate in self.store.commit(std::slice::from_ref(&set))? {
            fate.map_err(|conflict| IndexError::Other(Box::new(conflict)))?;
        }
        self.version = next;
        self.snapshot = self.store.snapshot()?;
        Ok(())
    }

    /// Returns about how many bytes were written, including those that later ones replaced.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns what was written under `key`, if anything was.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Cow<'_, [u8]>>>, IndexError> {
        self.snapshot.get(key)?.map(decode).transpose()
    }

    /// Returns the writes between two keys.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], also from the iterator.
    pub fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<AllWritten<'a>, IndexError> {
        beside(&*self.snapshot, from, to, direction)
    }

    /// Returns all writes, ascending.
    ///
    /// # Errors
    /// Returns the errors of [`Scratch::scan`].
    pub fn all(&self) -> Result<AllWritten<'_>, IndexError> {
        all_beside(&*self.snapshot)
    }

    /// Turns into the writes, to be read only.
    pub fn into_beside(self) -> WrittenBeside {
        WrittenBeside::new(self.snapshot, self.bytes, Box::new(self.store))
    }
}
