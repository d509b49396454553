//! What a step has written and does not hold in memory: a store of its own beside the true one, gone with the step.
//!
//! A transaction may be larger than memory. What it writes is moved here piece by piece, and read back in order by the
//! one commit that applies all of it.

use crate::IndexError;
use crate::commit::Store;
use crate::snapshot::{Direction, Snapshot};
use crate::write_set::{Version, WriteSet};
use crate::written::{AllWritten, Writes, WrittenBeside, all_beside, beside, decode, encode};
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
    /// Nothing written, in the room that `store` has for such.
    ///
    /// # Errors
    /// As [`Store::scratch`].
    pub fn beside(store: &dyn Store) -> Result<Self, IndexError> {
        let store = store.scratch()?;
        Ok(Self { snapshot: store.snapshot()?, store, version: Version::default(), bytes: 0 })
    }

    /// Takes writes over what is there.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn add(&mut self, mut writes: Writes) -> Result<(), IndexError> {
        for (key, value) in &mut writes {
            self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            encode(value);
        }
        let next = Version { epoch: 1, commit: self.version.commit + 1 };
        let set = WriteSet { expected: self.version, next, writes, ..WriteSet::default() };
        for fate in self.store.commit(std::slice::from_ref(&set))? {
            fate.map_err(|conflict| IndexError::Other(Box::new(conflict)))?;
        }
        self.version = next;
        self.snapshot = self.store.snapshot()?;
        Ok(())
    }

    /// About how many bytes were written, also where later ones replaced them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was written under `key`, if anything was.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Cow<'_, [u8]>>>, IndexError> {
        self.snapshot.get(key)?.map(decode).transpose()
    }

    /// What was written between two keys.
    ///
    /// # Errors
    /// As [`Snapshot::scan`], also from the iterator.
    pub fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<AllWritten<'a>, IndexError> {
        beside(&*self.snapshot, from, to, direction)
    }

    /// All that was written, ascending.
    ///
    /// # Errors
    /// As [`Scratch::scan`].
    pub fn all(&self) -> Result<AllWritten<'_>, IndexError> {
        all_beside(&*self.snapshot)
    }

    /// Gives it up for what was written.
    pub fn into_beside(self) -> WrittenBeside {
        WrittenBeside::new(self.snapshot, self.bytes, Box::new(self.store))
    }
}
