//! The store at one commit, read in the order of its keys.

use crate::IndexError;
use crate::keyspace::after_prefix;
use std::borrow::Cow;
use std::ops::Bound;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Backward,
}

/// One key with its value, borrowed from the snapshot if the backend can.
pub type Entry<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The entries of a scan, in its direction; ends after an error.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry<'a>, IndexError>> + 'a>;

/// What [`Snapshot::check`] has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many entries, including the backend's own.
    pub entries: u64,
    /// The bytes of keys and values.
    pub bytes: u64,
    /// Where the next call continues; `None` if the range is read to its end.
    pub next: Option<Vec<u8>>,
}

/// Called with each key and its value, in turn; `false` ends the visit.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> bool;

/// Passes the entries to `visit`, until it returns false.
pub(crate) fn visit_all(entries: Entries<'_>, visit: Visit<'_>) -> Result<(), IndexError> {
    for entry in entries {
        let (key, value) = entry?;
        if !visit(&key, &value) {
            break;
        }
    }
    Ok(())
}

/// The store at one commit. Cheap to take; holding it costs the store space, not time.
pub trait Snapshot: Send + Sync {
    /// Returns the value under `key`.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] if the stored bytes fail their checksum, or another error if the backend
    /// fails.
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError>;

    /// Returns the entries between two keys.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`], also from the iterator.
    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError>;

    /// Returns the entries whose keys begin with `prefix`.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    fn scan_prefix<'a>(&'a self, prefix: &[u8], direction: Direction) -> Result<Entries<'a>, IndexError> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.scan(Bound::Included(prefix), to, direction)
    }

    /// Returns the entries whose keys begin with `prefix`, from the one after `after` on if that is given.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    fn scan_after<'a>(&'a self, prefix: &[u8], after: Option<&[u8]>) -> Result<Entries<'a>, IndexError> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        self.scan(from, to, Direction::Forward)
    }

    /// Visits the entries whose keys begin with `prefix`, until `visit` returns false.
    ///
    /// Like [`Snapshot::scan`], for a backend that can do it with less work: most scans of a step are short.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    fn visit(&self, prefix: &[u8], direction: Direction, visit: Visit<'_>) -> Result<(), IndexError> {
        visit_all(self.scan_prefix(prefix, direction)?, visit)
    }

    /// Reads the entries from `from` on and below `to`, about `bytes_max` bytes of them, and checks all that the
    /// backend can: checksums, the order of keys, and whether a lookup finds each key. Bounds are beginnings of keys,
    /// or what an earlier call has returned as [`Checked::next`].
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] at the first damage, or [`IndexError::Connection`] if only a newer snapshot
    /// can be checked.
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

    /// Returns the values under several keys, in their order. One round trip on a remote backend.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`].
    fn get_many<'a>(&'a self, keys: &[Vec<u8>]) -> Result<Vec<Option<Cow<'a, [u8]>>>, IndexError> {
        keys.iter().map(|key| self.get(key)).collect()
    }
}
