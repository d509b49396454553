//! One upstream at the base's position.

use super::images::Images;
use super::piece::Piece;
use crate::Error;
use crate::feed::elements::Lens;
use crate::feed::follow::{Upstream, open};
use crate::feed::parts::each_part;
use crate::query::pipeline::lens;
use livewell_model::{AppliedChange, Element, Timestamp};
use livewell_query::{Meter, StepError};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::SnapshotEntry;
use livewell_store::head::{EpochRecord, entry_hash};
use livewell_store::{Feed, IndexError, Store};
use std::collections::BTreeMap;

/// About how many bytes of elements a piece has at most.
const PIECE_BYTES: usize = 8 << 20;
/// How many log entries, and about how many bytes of them, are read at once.
const LOG_READ: (usize, usize) = (1_000, 1 << 20);

/// One upstream at the base's position.
pub(crate) struct UpstreamBase {
    /// The checkpoint to follow it from.
    pub(crate) checkpoint: Checkpoint,
    lens: Lens,
    /// The generation at the base.
    generation: u32,
    /// The last log entry that is undone.
    undone: u64,
    /// What the elements that are still to be read were at the base, if they have changed since.
    images: Images,
    /// The key up to which all elements have been read.
    read: Option<Vec<u8>>,
    is_read: bool,
    /// How many elements the base has, and how many of them have been read.
    elements: Option<u64>,
    found: u64,
    /// The hash of the entries that have been read.
    hash: u64,
}

impl UpstreamBase {
    /// The upstream as it was after entry `sequence`, which is its last one through `position`.
    pub(super) fn at(feed: &Feed, upstream: &Upstream, sequence: u64, position: u64) -> Result<Self, Error> {
        let (epoch, snapshot) = (feed.head.epoch, feed.snapshot());
        let record = EpochRecord::read(&**snapshot, upstream.number, epoch)?.unwrap_or_default();
        let config_hash = record.config_hash;
        Ok(Self {
            checkpoint: Checkpoint { epoch, sequence, position, config_hash, detail: Vec::new() },
            lens: lens(snapshot, upstream, None)?,
            generation: feed.head.generation,
            undone: sequence,
            images: Images::new()?,
            read: None,
            is_read: false,
            elements: None,
            found: 0,
            hash: 0,
        })
    }

    /// Returns whether all elements have been read.
    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    /// Returns how many first images are held in memory.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.images.len()
    }

    /// Reads the next elements, up to about `most`, from a snapshot that is taken now.
    pub(super) fn piece(
        &mut self,
        store: &dyn Store,
        most: usize,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Piece, Error> {
        let feed = open(&store.snapshot()?, &self.lens.upstream)?;
        if feed.head.epoch != self.checkpoint.epoch || self.undone + 1 < feed.head.low {
            return Ok(Piece::Lost(self.lens.upstream.id.clone()));
        }
        self.undo(&feed, store, meter)?;
        let elements = self.next(&feed, most, now, meter)?;
        if self.is_read {
            self.check(&feed)?;
        }
        Ok(Piece::Elements(elements))
    }

    /// Keeps what the elements that are still to be read were before the log entries that have come.
    fn undo(&mut self, feed: &Feed, store: &dyn Store, meter: &Meter) -> Result<(), Error> {
        let Self { lens, images, read, .. } = self;
        let (epoch, mut more) = (feed.head.epoch, 0);
        while self.undone < feed.head.sequence {
            for entry in feed.log_begun(epoch, self.undone, LOG_READ.0, LOG_READ.1)? {
                self.undone = entry.sequence;
                each_part(feed, (epoch, entry.sequence), lens, |_, changes| {
                    for AppliedChange { before, after } in &changes {
                        meter.tick().map_err(StepError::from)?;
                        more += i64::from(after.is_some()) - i64::from(before.is_some());
                        let Some(element) = before.as_ref().or(after.as_ref()) else { continue };
                        let key = lens.key(element.id())?;
                        if read.as_ref().is_none_or(|read| key > *read) {
                            images.keep(&key, before.as_ref(), store)?;
                        }
                    }
                    Ok(())
                })?;
            }
        }
        // The first time, the head and the log together say how many there were at the base.
        self.elements.get_or_insert(feed.head.rows.wrapping_add_signed(more.wrapping_neg()));
        Ok(())
    }

    /// Reads the next elements as they were at the base.
    fn next(
        &mut self,
        feed: &Feed,
        most: usize,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Vec<(Element, Timestamp)>, Error> {
        let (present, mut through) = present(feed, self.read.as_deref(), most)?;
        let images = self.images.between(self.read.as_deref(), through.as_deref(), most)?;
        if images.len() == most {
            // There may be more of them before the next element.
            through = images.last().map(|(key, _)| key.clone());
        }
        let mut elements = BTreeMap::new();
        for (key, bytes) in &present {
            if through.as_ref().is_some_and(|through| key > through) {
                break;
            }
            meter.tick().map_err(StepError::from)?;
            self.hash = self.hash.wrapping_add(entry_hash(key, bytes));
            let (element, changed) = self.lens.element(key, bytes)?;
            elements.insert(key.clone(), (element, changed.unwrap_or(now)));
        }
        for (key, image) in images {
            match image {
                Some(element) => elements.insert(key, (element, now)),
                None => elements.remove(&key),
            };
        }
        self.found += elements.len() as u64;
        self.is_read = through.is_none();
        self.read = through;
        Ok(elements.into_values().collect())
    }

    /// Refuses elements that are not those of the base: a page that lost entries breaks no checksum of those that are
    /// left.
    fn check(&self, feed: &Feed) -> Result<(), IndexError> {
        let counted = self.elements.unwrap_or_default();
        feed.check_count(self.found, counted)?;
        let is_as_it_was =
            feed.head.sequence == self.checkpoint.sequence && feed.head.generation == self.generation;
        if is_as_it_was { feed.check_hash(self.hash) } else { Ok(()) }
    }
}

/// Returns the entries after one key: at most `most`, and about as many bytes as a piece may have. With them the key
/// through which they are all; `None` if that is the end.
fn present(
    feed: &Feed,
    after: Option<&[u8]>,
    most: usize,
) -> Result<(Vec<SnapshotEntry>, Option<Vec<u8>>), Error> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    for entry in feed.entries(after)? {
        let (key, value) = entry?;
        bytes += key.len() + value.len();
        found.push((key, value));
        if found.len() >= most || bytes >= PIECE_BYTES {
            let through = found.last().map(|(key, _)| key.clone());
            return Ok((found, through));
        }
    }
    Ok((found, None))
}
