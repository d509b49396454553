//! What a step has written and does not hold in memory: a store of its own beside the true one, gone with the step.
//!
//! A transaction may be larger than memory. What it writes is moved here piece by piece, and read back in order by the
//! one commit that applies all of it.

use crate::commit::Direction;
use crate::keyspace::{Space, after_prefix};
use crate::{IndexError, Snapshot, Store, Version, WriteSet};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// What is written by key; without a value: the key is deleted.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key with what was written under it.
pub type Written<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// What was written, ascending or descending.
pub type AllWritten<'a> = Box<dyn Iterator<Item = Result<Written<'a>, IndexError>> + 'a>;

/// The last byte of a value there: whether the key has one, or is deleted.
const DELETED: u8 = 0;
const KEPT: u8 = 1;

/// See the module.
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
            match value {
                Some(value) => value.push(KEPT),
                None => *value = Some(vec![DELETED]),
            }
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
        self.snapshot.get(key)?.map(value_of).transpose()
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
        let entries = self.snapshot.scan(from, to, direction)?;
        Ok(Box::new(entries.map(|entry| entry.and_then(|(key, value)| Ok((key, value_of(value)?))))))
    }

    /// All that was written, ascending.
    ///
    /// # Errors
    /// As [`Scratch::scan`].
    pub fn all(&self) -> Result<AllWritten<'_>, IndexError> {
        // Before the first key lies the version of the scratch itself.
        let first = after_prefix(&[Space::Version as u8]).unwrap_or_default();
        self.scan(Bound::Included(&first), Bound::Unbounded, Direction::Forward)
    }
}

fn value_of(mut value: Cow<'_, [u8]>) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
    let kind = value.last().copied();
    match &mut value {
        Cow::Borrowed(bytes) => *bytes = &bytes[..bytes.len().saturating_sub(1)],
        Cow::Owned(bytes) => drop(bytes.pop()),
    }
    match kind {
        Some(KEPT) => Ok(Some(value)),
        Some(DELETED) => Ok(None),
        _ => Err(IndexError::corrupted("what a step has set aside ends in an unknown byte")),
    }
}

/// Two orders of writes as one; where both have a key, `above` counts.
pub fn merge<'a>(above: AllWritten<'a>, below: AllWritten<'a>, direction: Direction) -> AllWritten<'a> {
    let (mut above, mut below) = (above.peekable(), below.peekable());
    Box::new(std::iter::from_fn(move || {
        let order = match (below.peek(), above.peek()) {
            (Some(Err(_)), _) | (Some(_), None) => return below.next(),
            (_, Some(Err(_))) | (None, _) => return above.next(),
            (Some(Ok((below, _))), Some(Ok((above, _)))) => match direction {
                Direction::Forward => below.cmp(above),
                Direction::Backward => above.cmp(below),
            },
        };
        if order.is_lt() {
            return below.next();
        }
        if order.is_eq() {
            below.next();
        }
        above.next()
    }))
}
