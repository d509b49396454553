//! A store of one source, in memory.

use crate::SourceError;
use crate::source::{Definition, Note, Side, Stored};
use livewell_model::{Element, SmolStr, Timestamp, Transaction};
use std::collections::BTreeMap;
use std::ops::Bound;

/// How many discarded notes each later commit deletes: a source must not rely on them being gone, nor on them staying.
const DISCARDED_AT_ONCE: usize = 100;

/// The name of the store in names on the other side.
pub(super) const STORE: &str = "abc123";

/// Everything that is stored of a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// When the first elements last changed; `None` if there are none yet.
    pub base: Option<Timestamp>,
    /// The elements that queries see, by id.
    pub live: BTreeMap<SmolStr, Element>,
    /// The transactions since the base, in their order.
    pub log: Vec<Logged>,
    /// Input that was set aside.
    pub parked: Vec<ParkedInput>,
    /// The position up to which the source said that everything equals what the other side had.
    pub checked: Option<u64>,
    /// The position before which nothing is known to be exact.
    pub exact_from: u64,
    /// The settings that made what is stored.
    pub(super) definition: Option<Definition>,
    /// The id of an element that no transaction may touch.
    pub(super) refused: Option<String>,
    pub(super) notes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The prefixes of notes that are being deleted.
    pub(super) discarded: Vec<Vec<u8>>,
    pub(super) stage: Option<Stage>,
    /// How many copies were begun.
    pub(super) stages: u32,
    pub(super) position: u64,
}

/// An unfinished copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stage {
    pub elements: BTreeMap<SmolStr, Element>,
    pub changed: BTreeMap<SmolStr, Timestamp>,
}

/// A transaction of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// The position after it.
    pub position: u64,
    /// What the source wrote.
    pub transaction: Transaction,
}

/// Input that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedInput {
    /// Where it is from.
    pub place: String,
    /// Which part of the source it is of.
    pub part: usize,
    /// Whether the text is all of it.
    pub is_whole: bool,
    /// What it was.
    pub text: String,
    /// Why it was set aside.
    pub reason: String,
}

impl Memory {
    /// Creates the store of a new source.
    pub fn new(copies: bool) -> Self {
        Self { base: (!copies).then_some(Timestamp(0)), ..Self::default() }
    }

    /// Refuses every transaction that touches this element, as one that does not fit is refused.
    pub fn refuse(&mut self, id: Option<&str>) {
        self.refused = id.map(str::to_owned);
    }

    /// Returns the position of the last transaction.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns whether everything is known to equal what the other side had.
    pub fn is_checked(&self) -> bool {
        self.exact_from <= self.position && self.checked == Some(self.position)
    }

    /// Returns how many elements an unfinished copy has; `None` if there is no copy.
    pub fn staged(&self) -> Option<usize> {
        self.stage.as_ref().map(|stage| stage.elements.len())
    }

    /// Returns how many notes are stored that are not being deleted.
    pub fn notes_kept(&self) -> usize {
        self.notes.keys().filter(|key| !self.is_discarded(key)).count()
    }

    pub(super) fn is_discarded(&self, key: &[u8]) -> bool {
        self.discarded.iter().any(|prefix| key.starts_with(prefix))
    }

    pub(super) fn delete_discarded(&mut self) {
        let due = self.notes.keys().filter(|key| self.is_discarded(key)).take(DISCARDED_AT_ONCE);
        let due: Vec<_> = due.cloned().collect();
        due.iter().for_each(|key| drop(self.notes.remove(key)));
    }

    fn side(&self, side: Side) -> Option<&BTreeMap<SmolStr, Element>> {
        match side {
            Side::Live => Some(&self.live),
            Side::Staged => self.stage.as_ref().map(|stage| &stage.elements),
        }
    }
}

impl Stored for Memory {
    fn store_name(&self) -> &str {
        STORE
    }

    fn definition(&self) -> Result<Option<Definition>, SourceError> {
        Ok(self.definition.clone())
    }

    fn has_base(&self) -> bool {
        self.base.is_some()
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.notes.get(key).cloned())
    }

    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError> {
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let notes = self.notes.range::<[u8], _>((from, Bound::Unbounded));
        let notes = notes.take_while(|(key, _)| key.starts_with(prefix)).take(most);
        Ok(notes.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError> {
        Ok(self.side(side).and_then(|elements| elements.get(id).cloned()))
    }

    fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, SourceError> {
        let Some(elements) = self.side(side) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let elements = elements.range::<str, _>((from, Bound::Unbounded));
        let elements = elements.take_while(|(id, _)| id.starts_with(prefix)).take(most);
        Ok(elements.map(|(_, element)| element.clone()).collect())
    }
}
