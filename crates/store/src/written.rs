//! Writes that are not committed yet: in memory, and outside it if there are many.

use crate::IndexError;
use crate::keyspace::{Space, after_prefix};
use crate::snapshot::{Direction, Snapshot};
use crate::writes::Writes;
use std::any::Any;
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// A key with what was written under it.
pub type Written<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// The writes, ascending or descending.
pub type AllWritten<'a> = Box<dyn Iterator<Item = Result<Written<'a>, IndexError>> + 'a>;

/// The last byte of a value there: whether the key has a value, or is deleted.
const DELETED: u8 = 0;
const KEPT: u8 = 1;

/// The writes outside memory, read back from there.
pub struct WrittenBeside {
    /// Before what it is read from, so that it ends first.
    snapshot: Arc<dyn Snapshot>,
    bytes: usize,
    _store: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for WrittenBeside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrittenBeside").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl WrittenBeside {
    /// Reads `bytes` bytes of writes from a snapshot of `store`, which is dropped with the returned value.
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, bytes: usize, store: Box<dyn Any + Send + Sync>) -> Self {
        Self { snapshot, bytes, _store: store }
    }

    /// Returns about how many bytes were written, including those that later ones replaced.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns all writes, ascending.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], also from the iterator.
    pub fn all(&self) -> Result<AllWritten<'_>, IndexError> {
        all_beside(&*self.snapshot)
    }
}

/// Returns all writes in a scratch, ascending.
pub(crate) fn all_beside(snapshot: &dyn Snapshot) -> Result<AllWritten<'_>, IndexError> {
    // The version of the scratch itself lies before the first key.
    let first = after_prefix(&[Space::Version as u8]).unwrap_or_default();
    beside(snapshot, Bound::Included(&first), Bound::Unbounded, Direction::Forward)
}

/// Returns the writes in a scratch between two keys.
pub(crate) fn beside<'a>(
    snapshot: &'a dyn Snapshot,
    from: Bound<&[u8]>,
    to: Bound<&[u8]>,
    direction: Direction,
) -> Result<AllWritten<'a>, IndexError> {
    let entries = snapshot.scan(from, to, direction)?;
    Ok(Box::new(entries.map(|entry| entry.and_then(|(key, value)| Ok((key, decode(value)?))))))
}

/// Marks a write in a scratch, in which a deleted key has a value, too.
pub(crate) fn encode(value: &mut Option<Vec<u8>>) {
    match value {
        Some(value) => value.push(KEPT),
        None => *value = Some(vec![DELETED]),
    }
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(mut value: Cow<'_, [u8]>) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
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

/// Merges two orders of writes; if both have a key, `above` counts.
pub(crate) fn merge<'a>(
    above: AllWritten<'a>,
    below: AllWritten<'a>,
    direction: Direction,
) -> AllWritten<'a> {
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

/// Merges writes in memory over those outside it, ascending.
pub(crate) fn all_written<'a>(writes: &'a Writes, beside: Option<AllWritten<'a>>) -> AllWritten<'a> {
    let above = writes.iter().map(|(key, value)| Ok((Cow::Borrowed(key), value.map(Cow::Borrowed))));
    match beside {
        None => Box::new(above),
        Some(beside) => merge(Box::new(above), beside, Direction::Forward),
    }
}
