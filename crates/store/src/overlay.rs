//! The overlay: a snapshot under what a running step has written and not yet committed.
//!
//! A step reads and writes here; what it wrote becomes the write set. Dropping the overlay drops the step.

use crate::commit::{Entries, Visit, visit_all};
use crate::keyspace::after_prefix;
use crate::{Direction, Entry, IndexError, Snapshot, WriteSet};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

/// See the module.
pub struct Overlay {
    snapshot: Arc<dyn Snapshot>,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    /// What stood in `writes` before each write since the savepoint, newest last.
    undo: Option<Vec<Undo>>,
}

/// A key with what was written under it before, if anything was.
type Undo = (Vec<u8>, Option<Option<Vec<u8>>>);

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("writes", &self.writes.len()).finish_non_exhaustive()
    }
}

impl Overlay {
    /// Nothing written yet over `snapshot`.
    pub fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self { snapshot, writes: BTreeMap::new(), bytes: 0, undo: None }
    }

    /// The snapshot below.
    pub fn snapshot(&self) -> &Arc<dyn Snapshot> {
        &self.snapshot
    }

    /// How many keys have been written.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// About how many bytes have been written.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts `value` under `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.write(key, Some(value));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.write(key, None);
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        match &mut self.undo {
            Some(undo) => {
                let before = self.writes.insert(key.clone(), value);
                undo.push((key, before));
            }
            None => {
                self.writes.insert(key, value);
            }
        }
    }

    /// From here on writes can be taken back with [`Overlay::roll_back`]. One savepoint at a time.
    pub fn set_savepoint(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Keeps what was written since the savepoint.
    pub fn release_savepoint(&mut self) {
        self.undo = None;
    }

    /// Takes back what was written since the savepoint.
    pub fn roll_back(&mut self) {
        for (key, before) in self.undo.take().into_iter().flatten().rev() {
            match before {
                Some(value) => self.writes.insert(key, value),
                None => self.writes.remove(&key),
            };
        }
    }

    /// The value under `key`, as the step sees it.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.as_deref().map(Cow::Borrowed)),
            None => self.snapshot.get(key),
        }
    }

    /// The entries whose keys begin with `prefix`, as the step sees them.
    ///
    /// # Errors
    /// As [`Snapshot::scan`].
    pub fn scan<'a>(&'a self, prefix: &[u8], direction: Direction) -> Result<Entries<'a>, IndexError> {
        self.scan_from(prefix, Bound::Included(prefix), direction)
    }

    /// Like [`Overlay::scan`], forward from the first entry after the key `after`.
    ///
    /// # Errors
    /// As [`Snapshot::scan`].
    pub fn scan_after<'a>(&'a self, prefix: &[u8], after: &[u8]) -> Result<Entries<'a>, IndexError> {
        self.scan_from(prefix, Bound::Excluded(after), Direction::Forward)
    }

    fn scan_from<'a>(
        &'a self,
        prefix: &[u8],
        from: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let below = self.snapshot.scan(from, to, direction)?;
        if !self.has_written(prefix) {
            return Ok(below);
        }
        let range = (from, to);
        let above: Box<dyn Iterator<Item = Written<'a>> + 'a> = match direction {
            Direction::Forward => Box::new(self.writes.range::<[u8], _>(range)),
            Direction::Backward => Box::new(self.writes.range::<[u8], _>(range).rev()),
        };
        Ok(Box::new(Merged { below: below.peekable(), above: above.peekable(), direction }))
    }

    /// Visits what [`Overlay::scan`] gives, until `visit` says false.
    ///
    /// # Errors
    /// As [`Snapshot::scan`].
    pub fn visit(&self, prefix: &[u8], direction: Direction, visit: Visit<'_>) -> Result<(), IndexError> {
        if self.has_written(prefix) {
            return visit_all(self.scan(prefix, direction)?, visit);
        }
        self.snapshot.visit(prefix, direction, visit)
    }

    fn has_written(&self, prefix: &[u8]) -> bool {
        let mut from = self.writes.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
        from.next().is_some_and(|(key, _)| key.starts_with(prefix))
    }

    /// Gives up the overlay for what was written, into a write set.
    pub fn into_writes(self, set: &mut WriteSet) {
        if set.writes.is_empty() {
            set.writes = self.writes;
        } else {
            set.writes.extend(self.writes);
        }
    }
}

type Written<'a> = (&'a Vec<u8>, &'a Option<Vec<u8>>);

/// Two ordered streams as one; where both have a key, what was written hides what is below.
struct Merged<'a> {
    below: Peekable<Entries<'a>>,
    above: Peekable<Box<dyn Iterator<Item = Written<'a>> + 'a>>,
    direction: Direction,
}

impl<'a> Iterator for Merged<'a> {
    type Item = Result<Entry<'a>, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.below.peek(), self.above.peek()) {
                (None, None) => return None,
                (Some(Err(_)), _) | (Some(_), None) => return self.below.next(),
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(Ok((below, _))), Some((above, _))) => match self.direction {
                    Direction::Forward => below.as_ref().cmp(above.as_slice()),
                    Direction::Backward => above.as_slice().cmp(below.as_ref()),
                },
            };
            if order.is_lt() {
                return self.below.next();
            }
            if order.is_eq() {
                self.below.next();
            }
            if let Some((key, Some(value))) = self.above.next() {
                return Some(Ok((Cow::Borrowed(key), Cow::Borrowed(value))));
            }
        }
    }
}
