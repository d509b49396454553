//! An unfinished commit over the store in memory.

use super::memory::{Logged, Memory, ParkedInput, STORE, Stage};
use crate::error::code;
use crate::source::{Commit, Definition, Input, Note, Side, Stored};
use crate::{ErrorKind, SourceError};
use livewell_model::{Change, Element, Timestamp, Transaction};

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
}

/// An unfinished commit. Nothing of it is stored until [`Memory::keep`]; if it is dropped, it leaves no trace.
#[derive(Debug)]
pub struct MemoryCommit {
    memory: Memory,
    /// A transaction whose changes come one by one.
    begun: Option<Transaction>,
}

impl MemoryCommit {
    fn apply(&mut self, change: &Change) -> Result<(), SourceError> {
        let id = &change.id().id;
        if self.memory.refused.as_deref() == Some(id.as_str()) {
            return Err(refused(format!("`{id}` is not taken in")));
        }
        let after = change.apply(self.memory.live.get(id)).map_err(|error| refused(error.to_string()))?;
        match after {
            Some(element) => drop(self.memory.live.insert(id.clone(), element)),
            None => drop(self.memory.live.remove(id)),
        }
        Ok(())
    }
}

/// Returns an error of the store.
fn refused(message: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Store, code::POSITION, message)
}

impl Stored for MemoryCommit {
    fn store_name(&self) -> &str {
        STORE
    }

    fn definition(&self) -> Result<Option<Definition>, SourceError> {
        self.memory.definition()
    }

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
        assert!(key.first() != Some(&0), "a note whose key begins with a zero byte: {key:?}");
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

    fn add_read(&mut self, transaction: Transaction, input: &Input<'_>) -> Result<(), SourceError> {
        let before = self.memory.live.clone();
        let Err(refusal) = self.add(transaction) else { return Ok(()) };
        // The transaction is refused as a whole.
        self.memory.live = before;
        let reason = format!("{}: {refusal}", input.place);
        match input.text {
            Some(_) => self.park(input, &reason),
            None => Err(SourceError { message: reason, ..refusal }),
        }
    }

    fn park(&mut self, input: &Input<'_>, reason: &str) -> Result<(), SourceError> {
        let Input { place, part, text, is_whole } = *input;
        let (text, reason) = (text.unwrap_or_default().to_owned(), reason.to_owned());
        self.memory.parked.push(ParkedInput { place: place.to_string(), part, text, is_whole, reason });
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
    use livewell_model::{ElementId, Map, Node, SmolStr};

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
        commit.park(&Input { place: &"p", part: 0, text: Some("t"), is_whole: true }, "r").unwrap();
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
