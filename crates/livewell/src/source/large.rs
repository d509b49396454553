//! A transaction that need not fit in memory: its changes come one by one and are applied as they come.
//!
//! Each element's first image is set aside; at the end both images of each element make the log entry, in the order of
//! ids, as if the transaction had come whole.

use super::first_images::{FirstImages, place};
use crate::Error;
use crate::component::lately::Brief;
use crate::feed::element::{decode_element, encode_element};
use crate::feed::entry::EntryWriter;
use crate::source::intake::{Intake, Receipt};
use livewell_model::{AppliedChange, Change, Timestamp};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Head, MemoryStore, Overlay, Store};
use std::sync::atomic::Ordering;

impl Intake<'_> {
    /// Begins a transaction whose changes follow one by one.
    pub(crate) fn begin_large(&mut self, timestamp: Option<Timestamp>) -> Result<(), Error> {
        let timestamp = timestamp.unwrap_or_else(|| self.now());
        let nothing = MemoryStore::new().snapshot()?;
        self.large = Some(FirstImages { timestamp, before: Overlay::new(nothing) });
        let stored = Head::read(&**self.overlay.snapshot(), self.source.number)?.unwrap_or_default();
        if self.head.sequence == stored.sequence {
            // No position is assigned yet, and this transaction gets its own at its end: until then others need not
            // wait.
            self.turn.pause();
        }
        Ok(())
    }

    /// Applies one change of the transaction that was begun.
    pub(crate) fn change_large(&mut self, mut change: Change) -> Result<(), Error> {
        self.adopt(&mut change)?;
        let Some(FirstImages { timestamp, before }) = &mut self.large else { return Ok(()) };
        let id = change.id().id.clone();
        let key = snapshot_key(self.source.number, self.head.generation, id.as_bytes());
        let stored = self.overlay.get(&key)?;
        let place = place().rest(id.as_bytes());
        if before.get(&place)?.is_none() {
            before.put(place, stored.as_deref().unwrap_or_default().to_vec());
            before.relieve(&*self.shared.store)?;
        }
        let now = stored.as_deref().map(decode_element).transpose()?.map(|(_, element)| element);
        let after =
            change.apply(now.as_ref()).map_err(|error| Error::invalid("LW0521", error.to_string()))?;
        match after {
            Some(element) => self.overlay.put(key, encode_element(*timestamp, &element)),
            None => self.overlay.delete(key),
        }
        Ok(self.overlay.relieve(&*self.shared.store)?)
    }

    /// Logs the transaction that was begun, as one.
    pub(crate) fn end_large(&mut self) -> Result<Receipt, Error> {
        let Some(FirstImages { timestamp, before }) = self.large.take() else {
            return Ok(Receipt { position: self.head.position, sequence: self.head.sequence });
        };
        let count = self.settle(&before)?;
        if count == 0 {
            self.source.without_effect.fetch_add(1, Ordering::Relaxed);
            return Ok(Receipt { position: self.turn.last(), sequence: self.head.sequence });
        }
        self.head.position = self.turn.next();
        self.head.timestamp = self.head.timestamp.max(timestamp);
        let mut entry = EntryWriter::begin(self.source.number, &mut self.head, timestamp, count);
        let Head { position, epoch, sequence, .. } = self.head;
        let mut brief = Brief::new((position, epoch, sequence), timestamp);
        for written in before.written()? {
            let (place, stored) = written?;
            let key = self.key_of(&place);
            let now = self.overlay.get(&key)?;
            if stored.as_deref() == Some(now.as_deref().unwrap_or_default()) {
                continue;
            }
            let image = |bytes: Option<&[u8]>| {
                let bytes = bytes.filter(|bytes| !bytes.is_empty());
                bytes.map(decode_element).transpose().map(|image| image.map(|(_, element)| element))
            };
            let change = AppliedChange { before: image(stored.as_deref())?, after: image(now.as_deref())? };
            let after = self.expiry.as_ref().and(now.as_deref().map(<[u8]>::to_vec));
            drop(now);
            if let Some(expiry) = &self.expiry {
                let before = stored.as_deref().filter(|bytes| !bytes.is_empty());
                expiry.follow(&mut self.overlay, &place[place_length()..], before, after.as_deref())?;
            }
            brief.add(&change);
            entry.next(&mut self.overlay).applied(&change);
            self.overlay.relieve(&*self.shared.store)?;
        }
        entry.end(&mut self.overlay, &mut self.head);
        self.taken.add(brief);
        Ok(Receipt { position: self.head.position, sequence: self.head.sequence })
    }

    /// Counts what has changed, and restores elements that did not change in the end.
    fn settle(&mut self, before: &Overlay) -> Result<u64, Error> {
        let mut count = 0;
        for written in before.written()? {
            let (place, stored) = written?;
            let stored = stored.as_deref().unwrap_or_default();
            let key = self.key_of(&place);
            let now = self.overlay.get(&key)?;
            let was = Some(stored).filter(|stored| !stored.is_empty());
            if is_same(was, now.as_deref())? {
                drop(now);
                // The time of its last change is restored, too.
                match was {
                    Some(stored) => self.overlay.put(key, stored.to_vec()),
                    None => self.overlay.delete(key),
                }
                self.overlay.relieve(&*self.shared.store)?;
                continue;
            }
            self.head.count(&place[place_length()..], was, now.as_deref());
            count += 1;
        }
        Ok(count)
    }

    fn key_of(&self, place: &[u8]) -> Vec<u8> {
        snapshot_key(self.source.number, self.head.generation, &place[place_length()..])
    }
}

fn place_length() -> usize {
    place().done().len()
}

/// Returns whether two stored elements are equal, whenever they changed.
fn is_same(before: Option<&[u8]>, after: Option<&[u8]>) -> Result<bool, Error> {
    Ok(match (before, after) {
        (None, None) => true,
        (Some(before), Some(after)) => {
            before == after || decode_element(before)?.1 == decode_element(after)?.1
        }
        _ => false,
    })
}
