//! A source at one moment: its elements, and what the ends of its relationships lead to, also in other sources.

use crate::Error;
use crate::feed::element::decode_element;
use livewell_model::{Element, ElementId, SmolStr};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Head, IndexError, Snapshot, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// About how many bytes of elements are read at once.
const BYTES_MAX: usize = 16 << 20;

/// A source at one moment.
pub(super) struct Moment {
    pub(super) snapshot: Arc<dyn Snapshot>,
    /// Its number in the store.
    pub(super) number: u32,
    pub(super) head: Head,
    /// Number and head of the sources that relationships lead to; `None` for what is not a source.
    ends: RefCell<BTreeMap<SmolStr, Option<(u32, Head)>>>,
}

impl Moment {
    /// Opens a source as it is now.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such source; the errors of the store.
    pub(super) fn open(store: &dyn Store, source: &str) -> Result<Self, Error> {
        let snapshot = store.snapshot()?;
        let Some(Registered { number, .. }) = source_entry(&*snapshot, source)? else {
            return Err(crate::component::unknown::in_store(&*snapshot, source, Some(Kind::Source)));
        };
        let head = Head::read(&*snapshot, number)?.unwrap_or_default();
        Ok(Self { snapshot, number, head, ends: RefCell::default() })
    }

    /// Returns at most `most` elements whose ids begin with `prefix`, after the id `after`, by the bytes of their ids; and
    /// whether these are the last. Large ones come fewer at a time.
    pub(super) fn read(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<(Vec<Element>, bool), Error> {
        let key = |id: &str| snapshot_key(self.number, self.head.generation, id.as_bytes());
        let after = after.filter(|after| *after >= prefix).map(key);
        let entries = self.snapshot.scan_after(&key(prefix), after.as_deref())?;
        let (mut elements, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            if elements.len() >= most || bytes >= BYTES_MAX {
                return Ok((elements, false));
            }
            let (_, stored) = entry?;
            bytes += stored.len();
            elements.push(decode_element(&stored)?.1);
        }
        Ok((elements, true))
    }

    /// Returns whether an end of a relationship exists, in whichever source.
    pub(super) fn has(&self, id: &ElementId) -> Result<bool, Error> {
        Ok(self.with_stored(id, |_| ())?.is_some())
    }

    /// Calls `with` with the stored bytes of an element of whichever source, if there is one.
    pub(super) fn with_stored<T>(
        &self,
        id: &ElementId,
        with: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, Error> {
        let Some((number, generation)) = self.end(&id.source)? else { return Ok(None) };
        let key = snapshot_key(number, generation, id.id.as_bytes());
        Ok(self.snapshot.get(&key)?.map(|bytes| with(&bytes)))
    }

    /// Returns the sources that ends were looked up in, each with its number and head; `None` for what is not a source.
    pub(super) fn looked_up(&self) -> BTreeMap<SmolStr, Option<(u32, Head)>> {
        self.ends.borrow().clone()
    }

    /// Returns the number and the generation of a source.
    fn end(&self, source: &SmolStr) -> Result<Option<(u32, u32)>, Error> {
        if let Some(known) = self.ends.borrow().get(source) {
            return Ok(known.as_ref().map(|(number, head)| (*number, head.generation)));
        }
        let mut place = None;
        if let Some(entry) = source_entry(&*self.snapshot, source)? {
            let head = Head::read(&*self.snapshot, entry.number)?.unwrap_or_default();
            place = Some((entry.number, head));
        }
        let found = place.as_ref().map(|(number, head)| (*number, head.generation));
        self.ends.borrow_mut().insert(source.clone(), place);
        Ok(found)
    }
}

pub(super) fn source_entry(snapshot: &dyn Snapshot, id: &str) -> Result<Option<Registered>, IndexError> {
    Ok(catalog::find(snapshot, id)?.filter(|entry| entry.kind == Kind::Source))
}
