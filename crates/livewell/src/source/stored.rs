//! What a source reads from the store: its notes, its elements, and those of an unfinished copy.

use crate::Error;
use crate::component::Component;
use crate::component::lock::lock;
use crate::component::shared::Shared;
use crate::feed::element::decode_element;
use crate::source::failure::wrap;
use crate::source::key::{definition_key, note_key};
use crate::source::stage::StageRecord;
use livewell_model::Element;
use livewell_source::source::{Definition, Note, Side, Stored};
use livewell_source::{ErrorKind, SourceError};
use livewell_store::head::{Building, Head};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Direction, Overlay, Snapshot};
use std::sync::{Arc, Mutex};

/// One state of what is stored of a source.
pub(super) struct View<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) number: u32,
    pub(super) head: &'a Head,
}

impl View<'_> {
    pub(super) fn definition(&self) -> Result<Option<Definition>, Error> {
        let bytes = self.overlay.get(&definition_key(self.number))?;
        Ok(bytes.and_then(|bytes| Definition::decode(&bytes)))
    }

    pub(super) fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.overlay.get(&note_key(self.number, key))?.map(|bytes| bytes.into_owned()))
    }

    pub(super) fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, Error> {
        let start = note_key(self.number, &[]).len();
        let prefix = note_key(self.number, prefix);
        let entries = match after {
            Some(after) => self.overlay.scan_after(&prefix, &note_key(self.number, after))?,
            None => self.overlay.scan(&prefix, Direction::Forward)?,
        };
        let note = |entry: Result<livewell_store::Entry<'_>, _>| {
            let (key, value) = entry?;
            Ok((key[start..].to_vec(), value.into_owned()))
        };
        entries.take(most).map(note).collect()
    }

    pub(super) fn element(&self, side: Side, id: &str) -> Result<Option<Element>, Error> {
        let Some(generation) = self.generation(side)? else { return Ok(None) };
        let key = snapshot_key(self.number, generation, id.as_bytes());
        self.overlay.get(&key)?.map(|bytes| Ok(decode_element(&bytes)?.1)).transpose()
    }

    pub(super) fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, Error> {
        let Some(generation) = self.generation(side)? else { return Ok(Vec::new()) };
        let key = |id: &str| snapshot_key(self.number, generation, id.as_bytes());
        let entries = match after {
            Some(after) => self.overlay.scan_after(&key(prefix), &key(after))?,
            None => self.overlay.scan(&key(prefix), Direction::Forward)?,
        };
        entries.take(most).map(|entry| Ok(decode_element(&entry?.1)?.1)).collect()
    }

    fn generation(&self, side: Side) -> Result<Option<u32>, Error> {
        Ok(match side {
            Side::Live => Some(self.head.generation),
            Side::Staged => StageRecord::read(self.overlay, self.number)?.map(|stage| stage.generation),
        })
    }

    pub(super) fn has_base(&self) -> bool {
        self.head.building != Some(Building::New)
    }
}

/// Turns an error of the store into one of the source, and keeps the original.
#[derive(Default)]
pub(super) struct Failure(Mutex<Option<Error>>);

impl Failure {
    pub(super) fn keep<T>(&self, result: Result<T, Error>) -> Result<T, SourceError> {
        result.map_err(|error| {
            let said = SourceError {
                kind: ErrorKind::Store,
                code: error.code,
                message: error.message.clone(),
                place: None,
            };
            lock(&self.0).get_or_insert(error);
            said
        })
    }

    /// Restores the error of the store if the source only passed it on.
    pub(super) fn settle<T>(&self, result: Result<T, SourceError>, id: &str) -> Result<T, Error> {
        result.map_err(|error| match lock(&self.0).take() {
            Some(kept) if error.kind == ErrorKind::Store => kept,
            _ => wrap(id)(error),
        })
    }
}

/// What is stored of a source, for reading.
pub(crate) struct Held {
    overlay: Overlay,
    number: u32,
    head: Head,
    /// The store's name in names outside of it; empty if that does not matter.
    store: String,
    /// The id of the source; empty if that does not matter.
    id: String,
    failure: Failure,
}

impl Held {
    pub(crate) fn read(shared: &Shared, source: &Component) -> Result<Self, Error> {
        let held = Self::of(shared.store.snapshot()?, source.number)?;
        Ok(Self { store: shared.store_name().to_owned(), id: source.id.clone(), ..held })
    }

    /// Creates a view of what a snapshot holds of source number `number`, without names of the store and the source.
    pub(crate) fn of(snapshot: Arc<dyn Snapshot>, number: u32) -> Result<Self, Error> {
        let head = Head::read(&*snapshot, number)?.unwrap_or_default();
        let overlay = Overlay::new(snapshot);
        Ok(Self {
            overlay,
            number,
            head,
            store: String::new(),
            id: String::new(),
            failure: Failure::default(),
        })
    }

    /// Restores the error of the store if the source only passed it on.
    pub(crate) fn settle<T>(&self, result: Result<T, SourceError>) -> Result<T, Error> {
        self.failure.settle(result, &self.id)
    }

    fn view(&self) -> View<'_> {
        View { overlay: &self.overlay, number: self.number, head: &self.head }
    }
}

impl Stored for Held {
    fn store_name(&self) -> &str {
        &self.store
    }

    fn definition(&self) -> Result<Option<Definition>, SourceError> {
        self.failure.keep(self.view().definition())
    }

    fn has_base(&self) -> bool {
        self.view().has_base()
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        self.failure.keep(self.view().note(key))
    }

    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError> {
        self.failure.keep(self.view().notes(prefix, after, most))
    }

    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError> {
        self.failure.keep(self.view().element(side, id))
    }

    fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, SourceError> {
        self.failure.keep(self.view().elements(side, prefix, after, most))
    }
}
