//! An unfinished copy of a source's elements: a generation that nobody sees until it is complete.
//!
//! It is filled in bounded commits and survives a restart, so that a copy continues where it was. The first copy of a
//! source becomes its base in one small commit; a later one is only compared with the existing elements.

use crate::Error;
use crate::feed::element::encode_element;
use crate::source::key::{OWN, note_key};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Element, Timestamp};
use livewell_store::head::{EpochRecord, Head, Moment};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Overlay, WriteSet, catalog, sweep};

/// The stored state of an unfinished copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StageRecord {
    pub(super) generation: u32,
    rows: u64,
    rows_hash: u64,
}

impl StageRecord {
    fn key(source: u32) -> Vec<u8> {
        note_key(source, &[OWN, b's'])
    }

    /// Returns the unfinished copy, if there is one.
    pub(super) fn read(overlay: &Overlay, source: u32) -> Result<Option<Self>, Error> {
        let Some(bytes) = overlay.get(&Self::key(source))? else { return Ok(None) };
        let mut reader = Reader::new("stage", &bytes);
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        let generation = u32::try_from(reader.varint()?).map_err(|_| reader.error("no generation"))?;
        let record = Self { generation, rows: reader.varint()?, rows_hash: reader.u64_be()? };
        reader.finish()?;
        Ok(Some(record))
    }

    fn put(&self, overlay: &mut Overlay, source: u32) {
        let mut out = Writer::new();
        out.u8(1).varint(self.generation.into()).varint(self.rows);
        out.bytes.extend_from_slice(&self.rows_hash.to_be_bytes());
        overlay.put(Self::key(source), out.bytes);
    }

    /// Begins a copy, and drops an earlier unfinished one.
    pub(super) fn begin(overlay: &mut Overlay, head: &mut Head, source: u32) -> Result<u32, Error> {
        if let Some(old) = Self::read(overlay, source)? {
            discard_generation(overlay, source, old.generation);
        }
        head.last_generation += 1;
        Self { generation: head.last_generation, ..Self::default() }.put(overlay, source);
        Ok(head.last_generation)
    }

    /// Puts an element into the copy, or removes it.
    pub(super) fn stage(
        &mut self,
        overlay: &mut Overlay,
        source: u32,
        id: &[u8],
        element: Option<&Element>,
        changed: Timestamp,
    ) -> Result<(), Error> {
        let key = snapshot_key(source, self.generation, id);
        let before = overlay.get(&key)?;
        if before.is_none() && element.is_none() {
            return Ok(());
        }
        let after = element.map(|element| encode_element(changed, element));
        let mut counted = Head { rows: self.rows, rows_hash: self.rows_hash, ..Head::default() };
        counted.count(id, before.as_deref(), after.as_deref());
        (self.rows, self.rows_hash) = (counted.rows, counted.rows_hash);
        match after {
            Some(bytes) => overlay.put(key, bytes),
            None => overlay.delete(key),
        }
        Ok(())
    }

    /// Stores the count of what was staged.
    pub(super) fn save(&self, overlay: &mut Overlay, source: u32) {
        self.put(overlay, source);
    }

    /// Makes the copy the source's elements.
    pub(super) fn become_base(self, overlay: &mut Overlay, head: &mut Head, source: u32, changed: Timestamp) {
        discard_generation(overlay, source, head.generation);
        *head = Head {
            generation: self.generation,
            building: None,
            timestamp: head.timestamp.max(changed),
            rows: self.rows,
            rows_hash: self.rows_hash,
            ..head.clone()
        };
        overlay.delete(Self::key(source));
    }

    /// Drops the copy.
    pub(super) fn discard(self, overlay: &mut Overlay, source: u32) {
        discard_generation(overlay, source, self.generation);
        overlay.delete(Self::key(source));
    }
}

fn discard_generation(overlay: &mut Overlay, source: u32, generation: u32) {
    for prefix in sweep::generation(source, generation) {
        discard(overlay, &prefix);
    }
}

/// Schedules the deletion of everything below a prefix.
pub(super) fn discard(overlay: &mut Overlay, prefix: &[u8]) {
    let mut marks = WriteSet::default();
    sweep::mark(&mut marks, prefix);
    for (key, value) in marks.writes {
        overlay.put(key, value.unwrap_or_default());
    }
}

/// Records that the epoch of a source begins where the store is now.
pub(super) fn begin_here(overlay: &mut Overlay, head: &Head, source: u32) -> Result<(), Error> {
    let snapshot = overlay.snapshot().clone();
    let record = EpochRecord::read(&*snapshot, source, head.epoch)?.unwrap_or_default();
    let begin = Moment { position: catalog::position(&*snapshot)?, time: head.timestamp };
    let record = EpochRecord { begin: Some(begin), ..record };
    overlay.put(EpochRecord::key(source, head.epoch), record.encode());
    Ok(())
}
