//! The overlay: the uncommitted writes of a running step over a snapshot.
//!
//! A step reads and writes here; its writes become the write set. Dropping the overlay drops the step.

use crate::emptied::Emptied;
use crate::keyspace::after_prefix;
use crate::scratch::Scratch;
use crate::snapshot::{Entries, Visit};
use crate::writes::Writes;
use crate::written::{AllWritten, all_written, merge};
use crate::{Direction, IndexError, Snapshot, Store, WriteSet};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

/// How many bytes of writes [`Overlay::relieve`] leaves in memory.
pub const IN_MEMORY_MAX: usize = 8 << 20;
/// What a write takes in addition to its key and value, in bytes.
const OVERHEAD: usize = 80;
/// How many deletions in a row a visit passes without remembering them.
const PASSED_MAX: usize = 4;

/// The uncommitted writes of a step over a snapshot.
pub struct Overlay {
    snapshot: Arc<dyn Snapshot>,
    /// The latest writes; they hide those in `scratch`.
    writes: Writes,
    /// About how many bytes have been written.
    bytes: usize,
    /// About how many bytes `writes` and `undo` take.
    in_memory: usize,
    scratch: Option<Scratch>,
    /// The contents of `writes` before each write since the savepoint, newest last.
    undo: Option<Vec<Undo>>,
    /// Where visits have found only deletions.
    emptied: RefCell<Emptied>,
}

/// A key with what was written under it before, if anything was.
type Undo = (Vec<u8>, Option<Option<Vec<u8>>>);

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("writes", &self.writes.len()).finish_non_exhaustive()
    }
}

impl Overlay {
    /// Begins without writes over `snapshot`.
    pub fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        let (writes, emptied) = (Writes::default(), RefCell::default());
        Self { snapshot, writes, bytes: 0, in_memory: 0, scratch: None, undo: None, emptied }
    }

    /// Returns the snapshot below.
    pub fn snapshot(&self) -> &Arc<dyn Snapshot> {
        &self.snapshot
    }

    /// Returns how many written keys are in memory.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Returns whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.scratch.is_none()
    }

    /// Moves the writes out of memory, to a scratch of `store`, if they are more than [`IN_MEMORY_MAX`]. Not between
    /// a savepoint and its end.
    ///
    /// # Errors
    /// Returns the errors of [`Store::scratch`] and [`Store::commit`].
    pub fn relieve(&mut self, store: &dyn Store) -> Result<(), IndexError> {
        self.relieve_beyond(store, IN_MEMORY_MAX)
    }

    /// Like [`Overlay::relieve`], but with a limit of `bytes`.
    ///
    /// # Errors
    /// Returns the errors of [`Overlay::relieve`].
    pub fn relieve_beyond(&mut self, store: &dyn Store, bytes: usize) -> Result<(), IndexError> {
        if self.in_memory <= bytes || self.undo.is_some() {
            return Ok(());
        }
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            none => none.insert(Scratch::beside(store)?),
        };
        self.in_memory = 0;
        scratch.add(std::mem::take(&mut self.writes))
    }

    /// Returns about how many bytes have been written.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts `value` under `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.emptied.get_mut().fill(&key);
        self.write(key, Some(value));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.write(key, None);
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let taken = |value: &Option<Vec<u8>>| OVERHEAD + value.as_ref().map_or(0, Vec::len);
        let key_bytes = key.len();
        self.in_memory += key_bytes + taken(&value);
        match &mut self.undo {
            // The value before stays in memory.
            Some(undo) => {
                let before = self.writes.insert(key.clone(), value);
                undo.push((key, before));
            }
            None => {
                if let Some(before) = self.writes.insert(key, value) {
                    self.in_memory = self.in_memory.saturating_sub(key_bytes + taken(&before));
                }
            }
        }
    }

    /// Returns about how many bytes of memory the writes take that are not [relieved](Overlay::relieve).
    pub fn in_memory(&self) -> usize {
        self.in_memory
    }

    /// Sets a savepoint, to which [`Overlay::roll_back`] returns. There is one savepoint at a time.
    pub fn set_savepoint(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Keeps the writes since the savepoint.
    pub fn release_savepoint(&mut self) {
        self.undo = None;
    }

    /// Takes back the writes since the savepoint.
    pub fn roll_back(&mut self) {
        self.emptied.get_mut().clear();
        for (key, before) in self.undo.take().into_iter().flatten().rev() {
            match before {
                Some(value) => drop(self.writes.insert(key, value)),
                None => self.writes.remove(&key),
            }
        }
    }

    /// Returns the value under `key`, as the step sees it.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.map(Cow::Borrowed)),
            None => match self.scratch.as_ref().map(|scratch| scratch.get(key)).transpose()?.flatten() {
                Some(written) => Ok(written),
                None => self.snapshot.get(key),
            },
        }
    }

    /// Returns the entries whose keys begin with `prefix`, as the step sees them.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    pub fn scan<'a>(&'a self, prefix: &[u8], direction: Direction) -> Result<Entries<'a>, IndexError> {
        self.scan_prefix(prefix, Bound::Included(prefix), direction)
    }

    /// Like [`Overlay::scan`], forward from the first entry after the key `after`.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    pub fn scan_after<'a>(&'a self, prefix: &[u8], after: &[u8]) -> Result<Entries<'a>, IndexError> {
        self.scan_prefix(prefix, Bound::Excluded(after), Direction::Forward)
    }

    fn scan_prefix<'a>(
        &'a self,
        prefix: &[u8],
        from: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        if !self.has_written(prefix)? {
            return self.snapshot.scan(from, to, direction);
        }
        Ok(Box::new(self.scan_all(from, to, direction)?.filter_map(|entry| match entry {
            Ok((key, value)) => value.map(|value| Ok((key, value))),
            Err(error) => Some(Err(error)),
        })))
    }

    /// Returns the entries between two keys, and the keys there that are deleted, without a value.
    fn scan_all<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<AllWritten<'a>, IndexError> {
        let written =
            |(key, value): (&'a [u8], Option<&'a [u8]>)| Ok((Cow::Borrowed(key), value.map(Cow::Borrowed)));
        let range = self.writes.range(from, to).map(written);
        let mut above: AllWritten<'a> = match direction {
            Direction::Forward => Box::new(range),
            Direction::Backward => Box::new(range.rev()),
        };
        if let Some(scratch) = &self.scratch {
            above = merge(above, scratch.scan(from, to, direction)?, direction);
        }
        let below = self.snapshot.scan(from, to, direction)?;
        let below = below.map(|entry| entry.map(|(key, value)| (key, Some(value))));
        Ok(merge(above, Box::new(below), direction))
    }

    /// Visits the entries of [`Overlay::scan`] until `visit` returns false.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    pub fn visit(&self, prefix: &[u8], direction: Direction, visit: Visit<'_>) -> Result<(), IndexError> {
        if !self.has_written(prefix)? {
            return self.snapshot.visit(prefix, direction, visit);
        }
        let end = after_prefix(prefix);
        self.visit_written(prefix, end.as_deref(), direction, visit)
    }

    /// Like [`Overlay::visit`], from the place `at` on: forward the keys from it on, backward those before it.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    pub fn visit_from(
        &self,
        prefix: &[u8],
        at: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), IndexError> {
        let end = after_prefix(prefix);
        match direction {
            Direction::Forward => self.visit_written(at, end.as_deref(), direction, visit),
            Direction::Backward => self.visit_written(prefix, Some(at), direction, visit),
        }
    }

    /// Visits the entries from `from` on and below `to`. The deletions that it passes before the first entry it
    /// remembers, and skips next time: what is read from its end would else become slower with each deletion.
    fn visit_written(
        &self,
        from: &[u8],
        to: Option<&[u8]>,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), IndexError> {
        let Some((from, to)) = self.emptied.borrow().narrow(from, to, direction) else { return Ok(()) };
        let end = to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut passed = Some(0);
        for entry in self.scan_all(Bound::Included(&from), end, direction)? {
            let (key, Some(value)) = entry? else {
                passed = passed.map(|count| count + 1);
                continue;
            };
            if passed.take().is_some_and(|count| count >= PASSED_MAX) {
                self.emptied.borrow_mut().add_passed(&from, to.as_deref(), &key, direction);
            }
            if !visit(&key, &value) {
                return Ok(());
            }
        }
        if let (Some(PASSED_MAX..), Some(to)) = (passed, to) {
            self.emptied.borrow_mut().add(from, to);
        }
        Ok(())
    }

    fn has_written(&self, prefix: &[u8]) -> Result<bool, IndexError> {
        if self.writes.any_below(prefix) {
            return Ok(true);
        }
        let Some(scratch) = &self.scratch else { return Ok(false) };
        let first = scratch.scan(Bound::Included(prefix), Bound::Unbounded, Direction::Forward)?.next();
        Ok(first.transpose()?.is_some_and(|(key, _)| key.starts_with(prefix)))
    }

    /// Returns all writes, ascending by key; without a value if the key is deleted.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], also from the iterator.
    pub fn written(&self) -> Result<AllWritten<'_>, IndexError> {
        let beside = self.scratch.as_ref().map(Scratch::all).transpose()?;
        Ok(all_written(&self.writes, beside))
    }

    /// Moves the writes into a write set.
    pub fn into_writes(self, set: &mut WriteSet) {
        if set.writes.is_empty() {
            set.writes = self.writes;
        } else {
            set.writes.extend(self.writes);
        }
        set.scratch = self.scratch.map(|scratch| Arc::new(scratch.into_beside()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryStore, Snapshot};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A snapshot that counts the entries it is asked for.
    struct Counting(Arc<dyn Snapshot>, Arc<AtomicUsize>);

    impl Snapshot for Counting {
        fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
            self.0.get(key)
        }

        fn scan<'a>(
            &'a self,
            from: Bound<&[u8]>,
            to: Bound<&[u8]>,
            direction: Direction,
        ) -> Result<Entries<'a>, IndexError> {
            let entries = self.0.scan(from, to, direction)?;
            Ok(Box::new(entries.inspect(|_| {
                self.1.fetch_add(1, Ordering::Relaxed);
            })))
        }
    }

    #[test]
    fn a_queue_that_is_read_from_its_end_does_not_become_slower() {
        const LENGTH: u32 = 1_000;
        for direction in [Direction::Forward, Direction::Backward] {
            let store = MemoryStore::new();
            let mut set = WriteSet::default();
            (0..LENGTH).for_each(|at| set.put(at.to_be_bytes().to_vec(), Vec::new()));
            drop(store.commit(&[set]).expect("it is in memory"));
            let read = Arc::new(AtomicUsize::new(0));
            let snapshot = Counting(store.snapshot().expect("it is in memory"), read.clone());
            let mut overlay = Overlay::new(Arc::new(snapshot));
            for taken in 0..LENGTH {
                let mut next = None;
                overlay
                    .visit(&[0], direction, &mut |key, _| {
                        next = Some(key.to_vec());
                        false
                    })
                    .expect("it is read");
                let wanted = if direction == Direction::Forward { taken } else { LENGTH - 1 - taken };
                assert_eq!(next.as_deref(), Some(&wanted.to_be_bytes()[..]));
                overlay.delete(next.unwrap_or_default());
            }
            let read = read.load(Ordering::Relaxed);
            assert!(read < 20 * LENGTH as usize, "{read} entries were read to take {LENGTH} out");
        }
    }

    #[test]
    fn what_is_written_again_takes_its_memory_once() {
        let mut overlay = Overlay::new(MemoryStore::new().snapshot().expect("it is in memory"));
        let key = || b"key".to_vec();
        overlay.put(key(), vec![0; 1_000]);
        let once = overlay.in_memory();
        for _ in 0..100 {
            overlay.put(key(), vec![1; 1_000]);
        }
        assert_eq!(overlay.in_memory(), once);
        overlay.delete(key());
        assert_eq!(overlay.in_memory(), once - 1_000);
        overlay.set_savepoint();
        overlay.put(key(), vec![2; 1_000]);
        assert_eq!(overlay.in_memory(), 2 * once - 1_000, "what stood there before is kept, too");
    }
}
