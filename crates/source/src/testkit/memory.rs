//! A store of one source, in memory.

use crate::error::code;
use crate::source::{Commit, Note, Side, Stored};
use crate::{ErrorKind, SourceError};
use livewell_model::{Change, Element, SmolStr, Timestamp, Transaction};
use std::collections::BTreeMap;
use std::ops::Bound;

/// How many discarded notes each later commit deletes: a source must not rely on them being gone, nor on them staying.
const DISCARDED_AT_ONCE: usize = 100;

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
    /// The position up to which the source said that everything is exactly what the other side had.
    pub checked: Option<u64>,
    /// The position before which nothing is known to be exact.
    pub exact_from: u64,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The prefixes of notes that are being deleted.
    discarded: Vec<Vec<u8>>,
    stage: Option<Stage>,
    /// How many copies were begun.
    stages: u32,
    position: u64,
}

/// A copy in the making.
#[derive(Debug, Clone, Default, PartialEq)]
struct Stage {
    elements: BTreeMap<SmolStr, Element>,
    changed: BTreeMap<SmolStr, Timestamp>,
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
    /// What it was.
    pub text: String,
    /// Why it was set aside.
    pub reason: String,
}

impl Memory {
    /// Begins a commit.
    pub fn begin(&self) -> MemoryCommit {
        let mut memory = self.clone();
        memory.delete_discarded();
        MemoryCommit { memory, begun: None }
    }

    /// Makes a commit durable.
    ///
    /// # Panics
    /// If another commit was made durable since this one was begun.
    pub fn keep(&mut self, commit: MemoryCommit) {
        assert!(commit.memory.position >= self.position, "a commit was begun before another one ended");
        *self = commit.memory;
    }

    /// The position of the last transaction.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether everything is known to be exactly what the other side had.
    pub fn is_checked(&self) -> bool {
        self.exact_from <= self.position && self.checked == Some(self.position)
    }

    /// How many elements a copy in the making has; `None` if there is no copy.
    pub fn staged(&self) -> Option<usize> {
        self.stage.as_ref().map(|stage| stage.elements.len())
    }

    /// How many notes are stored that are not being deleted.
    pub fn notes_kept(&self) -> usize {
        self.notes.keys().filter(|key| !self.is_discarded(key)).count()
    }

    fn is_discarded(&self, key: &[u8]) -> bool {
        self.discarded.iter().any(|prefix| key.starts_with(prefix))
    }

    fn delete_discarded(&mut self) {
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

/// A commit in the making. Nothing of it is stored until [`Memory::keep`]; dropped, it never was.
#[derive(Debug)]
pub struct MemoryCommit {
    memory: Memory,
    /// A transaction whose changes come one by one.
    begun: Option<Transaction>,
}

impl MemoryCommit {
    fn apply(&mut self, change: &Change) -> Result<(), SourceError> {
        let id = &change.id().id;
        let after = change.apply(self.memory.live.get(id)).map_err(|error| refused(error.to_string()))?;
        match after {
            Some(element) => drop(self.memory.live.insert(id.clone(), element)),
            None => drop(self.memory.live.remove(id)),
        }
        Ok(())
    }
}

/// What the store says.
fn refused(message: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Store, code::POSITION, message)
}

impl Stored for MemoryCommit {
    fn has_base(&self) -> bool {
        self.memory.has_base()
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        self.memory.note(key)
    }

    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError> {
        self.memory.notes(prefix, after, most)
    }

    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError> {
        self.memory.element(side, id)
    }

    fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, SourceError> {
        self.memory.elements(side, prefix, after, most)
    }
}

impl Commit for MemoryCommit {
    fn put_note(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        let Some(value) = value else {
            self.memory.notes.remove(key);
            return;
        };
        assert!(!self.memory.is_discarded(key), "a note is put under a prefix that was discarded: {key:?}");
        self.memory.notes.insert(key.to_vec(), value);
    }

    fn discard_notes(&mut self, prefix: &[u8]) {
        self.memory.discarded.push(prefix.to_vec());
    }

    fn add(&mut self, transaction: Transaction) -> Result<u64, SourceError> {
        assert!(self.memory.has_base(), "a transaction is added before there is a base");
        transaction.changes.iter().try_for_each(|change| self.apply(change))?;
        self.memory.position += 1;
        let position = self.memory.position;
        self.memory.log.push(Logged { position, transaction });
        Ok(position)
    }

    fn begin(&mut self, timestamp: Option<Timestamp>) -> Result<(), SourceError> {
        self.begun = Some(Transaction { changes: Vec::new(), timestamp });
        Ok(())
    }

    fn change(&mut self, change: Change) -> Result<(), SourceError> {
        assert!(self.memory.has_base(), "a change is added before there is a base");
        self.apply(&change)?;
        self.begun.as_mut().expect("a change comes, and no transaction was begun").changes.push(change);
        Ok(())
    }

    fn end(&mut self) -> Result<u64, SourceError> {
        let transaction = self.begun.take().expect("a transaction ends, and none was begun");
        if !transaction.changes.is_empty() {
            self.memory.position += 1;
            let position = self.memory.position;
            self.memory.log.push(Logged { position, transaction });
        }
        Ok(self.memory.position)
    }

    fn position(&self) -> u64 {
        self.memory.position
    }

    fn park(&mut self, place: &str, text: &str, reason: &str) -> Result<(), SourceError> {
        let (place, text, reason) = (place.to_owned(), text.to_owned(), reason.to_owned());
        self.memory.parked.push(ParkedInput { place, text, reason });
        Ok(())
    }

    fn set_exact_from(&mut self, position: u64) {
        assert!(position <= self.memory.position, "what is to come mends nothing");
        self.memory.exact_from = position;
    }

    fn set_checked(&mut self, position: u64) {
        assert!(position <= self.memory.position, "what is not stored yet is said to be checked");
        self.memory.checked = Some(position);
    }

    fn begin_stage(&mut self) -> Result<u32, SourceError> {
        self.memory.stage = Some(Stage::default());
        self.memory.stages += 1;
        Ok(self.memory.stages)
    }

    fn stage(&mut self, id: &str, element: Option<&Element>, changed: Timestamp) -> Result<(), SourceError> {
        let stage = self.memory.stage.as_mut().expect("an element is staged, and there is no copy");
        match element {
            Some(element) => {
                assert_eq!(element.id().id, id, "an element is staged under another id");
                stage.elements.insert(id.into(), element.clone());
                stage.changed.insert(id.into(), changed);
            }
            None => {
                stage.elements.remove(id);
                stage.changed.remove(id);
            }
        }
        Ok(())
    }

    fn end_stage(&mut self, as_base: bool, changed: Timestamp) -> Result<(), SourceError> {
        let stage = self.memory.stage.take().ok_or_else(|| refused("there is no copy to end"))?;
        if as_base {
            self.memory.live = stage.elements;
            self.memory.base = Some(changed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{ElementId, Map, Node};

    fn node(id: &str) -> Element {
        let id = ElementId::new("s", id);
        Node { id, labels: vec!["L".into()], properties: Map::new() }.into()
    }

    fn with_base(elements: &[&str]) -> Memory {
        let mut memory = Memory::default();
        let mut commit = memory.begin();
        commit.begin_stage().unwrap();
        for id in elements {
            commit.stage(id, Some(&node(id)), Timestamp(1)).unwrap();
        }
        commit.end_stage(true, Timestamp(2)).unwrap();
        memory.keep(commit);
        memory
    }

    #[test]
    fn a_commit_that_is_dropped_never_was() {
        let mut memory = with_base(&["a"]);
        let before = memory.clone();
        let mut commit = memory.begin();
        commit.put_note(b"n", Some(vec![1]));
        commit.add(Transaction { changes: vec![Change::Insert(node("b"))], timestamp: None }).unwrap();
        commit.begin_stage().unwrap();
        commit.park("p", "t", "r").unwrap();
        commit.set_checked(1);
        assert!(commit.element(Side::Live, "b").unwrap().is_some(), "a commit sees what it wrote");
        drop(commit);
        assert_eq!(memory, before);
        let commit = memory.begin();
        memory.keep(commit);
        assert_eq!(memory, before);
    }

    #[test]
    fn pages_go_on_after_the_last_one_within_their_prefix() {
        let memory = with_base(&["a:1", "a:2", "a:3", "b:1"]);
        let ids = |after, most| -> Vec<SmolStr> {
            let page = memory.elements(Side::Live, "a:", after, most).unwrap();
            page.iter().map(|element| element.id().id.clone()).collect()
        };
        assert_eq!(ids(None, 2), ["a:1", "a:2"]);
        assert_eq!(ids(Some("a:2"), 2), ["a:3"]);
        assert!(ids(Some("a:3"), 2).is_empty());
    }

    #[test]
    fn discarded_notes_go_bit_by_bit() {
        let mut memory = Memory::default();
        let mut commit = memory.begin();
        (0..=u8::MAX).for_each(|number| commit.put_note(&[b'k', number], Some(Vec::new())));
        commit.put_note(b"o", Some(Vec::new()));
        commit.discard_notes(b"k");
        memory.keep(commit);
        assert_eq!(memory.notes_kept(), 1);
        for left in [256, 156, 56, 0] {
            assert_eq!(memory.notes(b"k", None, 1_000).unwrap().len(), left);
            let commit = memory.begin();
            memory.keep(commit);
        }
        assert!(memory.note(b"o").unwrap().is_some());
    }

    #[test]
    fn a_copy_is_seen_by_nobody_until_it_is_the_base_and_another_one_takes_its_place() {
        let mut memory = Memory::default();
        let mut commit = memory.begin();
        assert!(commit.end_stage(true, Timestamp(1)).is_err());
        let first = commit.begin_stage().unwrap();
        commit.stage("a", Some(&node("a")), Timestamp(1)).unwrap();
        assert!(commit.element(Side::Live, "a").unwrap().is_none());
        assert_ne!(commit.begin_stage().unwrap(), first);
        assert!(commit.element(Side::Staged, "a").unwrap().is_none());
        commit.end_stage(false, Timestamp(1)).unwrap();
        memory.keep(commit);
        assert!(!memory.has_base());
        assert!(with_base(&["a"]).live.contains_key("a"));
    }
}
