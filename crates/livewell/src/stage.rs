//! A copy of a source's elements in the making: a generation that nobody sees until it is whole.
//!
//! It is filled in bounded commits and marked as garbage meanwhile, so that one that is given up goes away. The
//! first copy of a source becomes its base in one small commit: the elements are there, and the log is empty. A
//! later one is only compared with the elements that are there; what differs is logged, and the copy goes.

use crate::Error;
use crate::intake::{Intake, decode_element, encode_element};
use crate::shared::{Component, Shared, lock};
use livewell_model::{Change, Element, Timestamp, Transaction};
use livewell_store::feed::{SnapshotEntry, entries_of, snapshot_key};
use livewell_store::head::{Building, Head};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{IndexError, Overlay, Snapshot, WriteSet, catalog, compare, sweep};
use std::iter::Peekable;
use std::sync::Arc;

/// See the module.
pub(crate) struct Stage<'a> {
    shared: &'a Shared,
    source: &'a Component,
    generation: u32,
    /// Counts what has been put into it.
    rows: Head,
}

impl<'a> Stage<'a> {
    /// Begins a copy, and gives up one that was begun before.
    pub(crate) fn begin(shared: &'a Shared, source: &'a Component) -> Result<Self, Error> {
        let mut commit = Commit::begin(shared, source)?;
        let head = &mut commit.head;
        head.last_generation += 1;
        head.building = head.building.or(Some(Building::Rebuilt));
        let generation = head.last_generation;
        for prefix in sweep::generation(source.number, generation) {
            sweep::mark(&mut commit.set, &prefix);
        }
        let key = upstream_key(source);
        if commit.overlay.get(&key)?.is_none() {
            // From here on what is found on the other side may be the source's own.
            commit.overlay.put(key, Vec::new());
        }
        commit.end(None)?;
        Ok(Self { shared, source, generation, rows: Head::default() })
    }

    /// Puts elements into the copy, in one commit.
    pub(crate) fn add(&mut self, timestamp: Timestamp, elements: &[Element]) -> Result<(), Error> {
        let mut commit = Commit::begin(self.shared, self.source)?;
        for element in elements {
            let id = element.id().id.as_bytes();
            if id.len() > self.shared.limits.id_bytes_max {
                let max = self.shared.limits.id_bytes_max;
                let message = format!("an element's id has 1 to {max} bytes, and this one {}", id.len());
                return Err(Error::invalid("LW0523", message));
            }
            let key = snapshot_key(self.source.number, self.generation, id);
            let bytes = encode_element(timestamp, element);
            let before = commit.overlay.get(&key)?;
            self.rows.count(id, before.as_deref(), Some(&bytes));
            commit.overlay.put(key, bytes);
        }
        commit.end(None)
    }

    /// The commit that makes the copy count, with the `position` that it was taken at.
    pub(crate) fn finish(self, timestamp: Timestamp, position: Vec<u8>) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let head = Head::read(&*snapshot, self.source.number)?.unwrap_or_default();
        match head.building {
            Some(Building::New) => self.become_base(timestamp, position),
            _ => self.log_difference(&snapshot, head.generation, timestamp, position),
        }
    }

    fn become_base(self, timestamp: Timestamp, position: Vec<u8>) -> Result<(), Error> {
        // Nobody registers meanwhile: what begins now either waits for this base or finds it.
        let held = lock(&self.shared.position);
        let mut commit = Commit::begin(self.shared, self.source)?;
        let number = self.source.number;
        for prefix in sweep::generation(number, self.generation) {
            sweep::unmark(&mut commit.set, &prefix);
        }
        for prefix in sweep::generation(number, commit.head.generation) {
            sweep::mark(&mut commit.set, &prefix);
        }
        commit.head = Head {
            generation: self.generation,
            building: None,
            timestamp: commit.head.timestamp.max(timestamp),
            rows: self.rows.rows,
            rows_hash: self.rows.rows_hash,
            ..commit.head
        };
        commit.overlay.put(upstream_key(self.source), position);
        commit.end(Some(held))
    }

    fn log_difference(
        self,
        snapshot: &Arc<dyn Snapshot>,
        present: u32,
        timestamp: Timestamp,
        position: Vec<u8>,
    ) -> Result<(), Error> {
        let number = self.source.number;
        let before = entries_of(&**snapshot, number, present, None)?;
        let after = entries_of(&**snapshot, number, self.generation, None)?;
        let changes = difference(before.peekable(), after.peekable())?;
        tracing::info!(source = %self.source.id, changes = changes.len(), "the copy is compared");
        let mut intake = Intake::begin(self.shared, self.source)?;
        for changes in changes.chunks(self.shared.limits.transaction_changes_max) {
            intake.add(Transaction { changes: changes.to_vec(), timestamp: Some(timestamp) })?;
        }
        intake.end_build();
        intake.overlay().put(upstream_key(self.source), position);
        intake.commit()
    }
}

/// The changes that make the elements of one generation those of another.
fn difference(
    mut before: Peekable<impl Iterator<Item = Result<SnapshotEntry, IndexError>>>,
    mut after: Peekable<impl Iterator<Item = Result<SnapshotEntry, IndexError>>>,
) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    loop {
        let old = before.next_if(|entry| match (entry, after.peek()) {
            (Ok((old, _)), Some(Ok((new, _)))) => old <= new,
            _ => true,
        });
        let old = old.transpose()?;
        let new = after.next_if(|entry| match (entry, &old) {
            (Ok((new, _)), Some((old, _))) => new == old,
            _ => true,
        });
        let element = |entry: &SnapshotEntry| Ok::<_, Error>(decode_element(&entry.1)?.1);
        match (old, new.transpose()?) {
            (None, None) => return Ok(changes),
            (Some(old), None) => changes.push(Change::Delete(element(&old)?.id().clone())),
            (None, Some(new)) => changes.push(Change::Insert(element(&new)?)),
            (Some(old), Some(new)) => {
                let new = element(&new)?;
                if element(&old)? != new {
                    changes.push(Change::Insert(new));
                }
            }
        }
    }
}

/// One commit of a source beside its log.
struct Commit<'a> {
    shared: &'a Shared,
    source: &'a Component,
    head: Head,
    overlay: Overlay,
    set: WriteSet,
}

impl<'a> Commit<'a> {
    fn begin(shared: &'a Shared, source: &'a Component) -> Result<Self, Error> {
        let snapshot = shared.store.snapshot()?;
        let head = Head::read(&*snapshot, source.number)?.unwrap_or_default();
        let expected = compare::read_version(&*snapshot, source.number)?;
        let set = WriteSet { feed: source.number, expected, next: expected.after(), ..WriteSet::default() };
        Ok(Self { shared, source, head, overlay: Overlay::new(snapshot), set })
    }

    /// Commits; `held` is the store's position, where nobody may take one before this is queued.
    fn end(self, held: Option<std::sync::MutexGuard<'_, u64>>) -> Result<(), Error> {
        let Self { shared, source, head, mut overlay, mut set } = self;
        overlay.put(Head::key(source.number), head.encode());
        overlay.into_writes(&mut set);
        if let Some(position) = &held {
            catalog::put_position(&mut set, **position);
        }
        let ticket = shared.group.submit(set);
        drop(held);
        ticket.wait()?;
        source.progressed();
        shared.bells.ring(source.number);
        Ok(())
    }
}

/// Where the position on the other side lies; empty where a first copy was begun.
pub(crate) fn upstream_key(source: &Component) -> Vec<u8> {
    Key::new(Space::Upstream).number(source.number).done()
}
