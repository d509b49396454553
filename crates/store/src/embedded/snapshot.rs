//! A read transaction of LMDB as a snapshot: nothing is copied, values are borrowed from the map.

use super::checksum;
use super::environment::Environment;
use super::live::Reader;
use super::open::Counted;
use super::pages::{Seen, Walk};
use crate::IndexError;
use crate::long_key::{self, PhysicalMap};
use crate::snapshot::{Checked, Direction, Entries, Entry, Snapshot};
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// The store at one commit. While it lives, pages that it can see are not used again.
pub(super) struct EmbeddedSnapshot {
    /// Before its count and the environment, so that it ends first.
    reader: Arc<Reader>,
    _counted: Counted,
    environment: Arc<Environment>,
}

impl EmbeddedSnapshot {
    /// Takes a snapshot of the store as it is now.
    pub(super) fn take(environment: &Arc<Environment>) -> Result<Self, IndexError> {
        let (reader, counted) = environment.read()?;
        Ok(Self { reader, _counted: counted, environment: Arc::clone(environment) })
    }

    fn open<'a>(&self, found: heed::Result<(&'a [u8], &'a [u8])>) -> Result<Entry<'a>, IndexError> {
        let (key, stored) = found.map_err(|error| self.environment.fault(error))?;
        Ok((Cow::Borrowed(key), Cow::Borrowed(checksum::open(key, stored)?)))
    }
}

impl Snapshot for EmbeddedSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        long_key::get(self, key)
    }

    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        long_key::scan(self, from, to, direction)
    }

    fn check(&self, from: &[u8], to: Option<&[u8]>, bytes_max: u64) -> Result<Checked, IndexError> {
        let Some((file, tree)) = self.environment.pages_of(&self.reader.txn)? else {
            return Err(IndexError::Connection("the snapshot is no longer the newest".into()));
        };
        let walk =
            Walk { file: &file, tree, from, to, bytes_max, seen: Seen::default(), next: None, copy: None };
        let (seen, next) = walk.run()?;
        Ok(Checked { entries: seen.entries, bytes: seen.bytes, next })
    }
}

/// One of two iterators, without a box.
enum Either<F, B> {
    Forward(F),
    Backward(B),
}

impl<T, F: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<F, B> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Forward(iterator) => iterator.next(),
            Self::Backward(iterator) => iterator.next(),
        }
    }
}

impl PhysicalMap for EmbeddedSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        let found =
            self.reader.tree.get(&self.reader.txn, key).map_err(|error| self.environment.fault(error))?;
        found.map(|stored| checksum::open(key, stored).map(Cow::Borrowed)).transpose()
    }

    fn range(
        &self,
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Entry<'_>, IndexError>>, IndexError> {
        let bounds = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
        let Reader { txn, tree } = &*self.reader;
        let entries = match direction {
            Direction::Forward => tree.range(txn, &bounds).map(Either::Forward),
            Direction::Backward => tree.rev_range(txn, &bounds).map(Either::Backward),
        };
        let entries = entries.map_err(|error| self.environment.fault(error))?;
        Ok(entries.map(|found| self.open(found)))
    }
}
