//! The elements of an upstream as they were at a query's checkpoint, read in pieces.
//!
//! Each piece is read from a snapshot of its own, since a snapshot that is held keeps the store from using its pages
//! again. What the upstream has taken in since the checkpoint is undone by the before-images of its log: of an element
//! that is still to be read, the first image is kept; what comes after it was read does not matter.

use crate::component::holds::Hold;
use crate::feed::elements::{Lens, transaction};
use crate::feed::follow::{Group, Item, open};
use crate::{Error, ErrorKind};
use livewell_model::{Element, ElementId};
use livewell_query::meter::size;
use livewell_query::{Meter, StepError};
use livewell_store::catalog::named;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::damage::Damage;
use livewell_store::feed::{LogEntry, SnapshotEntry};
use livewell_store::head::entry_hash;
use livewell_store::{Feed, IndexError, Resume, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// About how many elements are read from one snapshot.
const PIECE: usize = 4_000;
/// About how many bytes of elements are read from one snapshot.
const PIECE_BYTES: usize = 8 << 20;
/// How many log entries, and about how many bytes of them, are read at once.
const LOG_READ: (usize, usize) = (1_000, 1 << 20);

/// An upstream at a query's checkpoint.
pub(super) struct Past<'a> {
    lens: Lens,
    epoch: u64,
    /// The checkpoint, and the generation of the elements when it was read.
    checkpoint: (u64, u32),
    /// The last log entry that is undone.
    undone: u64,
    /// The elements that are still to be read and have changed since the checkpoint, as they were then.
    images: BTreeMap<Vec<u8>, Option<Element>>,
    /// The key up to which all elements have been read.
    read: Option<Vec<u8>>,
    is_read: bool,
    /// How many more elements there are now than at the checkpoint.
    more: i64,
    /// How many elements have been read, and the hash of the entries.
    found: (u64, u64),
    hold: Option<Hold<'a>>,
}

impl<'a> Past<'a> {
    /// Begins to read the upstream as `query` saw it, from the snapshot in which its checkpoint was read.
    ///
    /// # Errors
    /// Returns LW0529 if the query has not begun to follow the upstream's epoch, LW0534 if the upstream's log no longer
    /// reaches back to the checkpoint.
    pub(super) fn begin(
        query: &str,
        lens: Lens,
        feed: &Feed,
        checkpoint: &Checkpoint,
        hold: Option<Hold<'a>>,
    ) -> Result<Self, Error> {
        let upstream = &lens.upstream.id;
        if checkpoint.epoch != feed.head.epoch {
            let message = format!(
                "`{query}` has not taken up the present epoch of `{upstream}` yet; try again once it has caught up"
            );
            return Err(Error::new(ErrorKind::Unavailable, "LW0529", message));
        }
        if matches!(feed.resume(checkpoint)?, Resume::Gap { .. }) {
            let message = format!(
                "`{query}` is behind what `{upstream}` still holds in its log, so its rows cannot be compared; \
                 `livewell reset {query}` rebuilds it"
            );
            return Err(Error::stopped("LW0534", message));
        }
        Ok(Self {
            epoch: checkpoint.epoch,
            checkpoint: (checkpoint.sequence, feed.head.generation),
            undone: checkpoint.sequence,
            images: BTreeMap::new(),
            read: None,
            is_read: false,
            more: 0,
            found: (0, 0),
            hold,
            lens,
        })
    }

    /// Returns whether all elements have been read.
    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    /// Lets the upstream trim its log: no other snapshot will be read.
    pub(super) fn release_log(&mut self) {
        self.hold = None;
    }

    /// Takes note of the changes that this snapshot has brought.
    ///
    /// # Errors
    /// Returns LW0529 if the upstream has begun another epoch, or its log does not reach back to what was read last.
    pub(super) fn follow(&mut self, snapshot: &Arc<dyn Snapshot>, meter: &Meter) -> Result<Feed, Error> {
        let feed = open(snapshot, &self.lens.upstream)?;
        let upstream = &self.lens.upstream.id;
        let lost = |why: &str| {
            let message = format!("`{upstream}` {why} while its elements were read; try again");
            Error::new(ErrorKind::Unavailable, "LW0529", message)
        };
        if feed.head.epoch != self.epoch {
            return Err(lost("has begun a new epoch"));
        }
        if self.undone + 1 < feed.head.low {
            return Err(lost("has dropped entries of its log"));
        }
        while self.undone < feed.head.sequence {
            for entry in feed.log(self.epoch, self.undone, LOG_READ.0, LOG_READ.1)? {
                self.undo(entry, meter)?;
            }
        }
        if let Some(hold) = &self.hold {
            hold.has_read(self.undone);
        }
        Ok(feed)
    }

    fn undo(&mut self, entry: LogEntry, meter: &Meter) -> Result<(), Error> {
        let sequence = entry.sequence;
        let item = Item { upstream: 0, epoch: self.epoch, entry };
        let group = Group { position: 0, items: vec![item] };
        for change in transaction(&group, std::slice::from_ref(&self.lens))?.changes {
            meter.tick().map_err(StepError::from)?;
            self.more += i64::from(change.after.is_some()) - i64::from(change.before.is_some());
            let key = key(&self.lens, change.id())?;
            let is_to_be_read = !self.is_read && self.read.as_ref().is_none_or(|read| key > *read);
            if is_to_be_read && !self.images.contains_key(&key) {
                let bytes = change.before.as_ref().map_or(0, size::element);
                meter.hold(size::entry(key.len()) + bytes).map_err(StepError::from)?;
                self.images.insert(key, change.before);
            }
        }
        self.undone = sequence;
        Ok(())
    }

    /// Reads the next elements as they were at the checkpoint. `feed` is that of [`Past::follow`].
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, at the end LW0303 if elements are missing.
    pub(super) fn piece(&mut self, feed: &Feed) -> Result<Vec<Element>, Error> {
        let (present, through) = present(feed, self.read.as_deref())?;
        let mut elements = Vec::with_capacity(present.len());
        let later = match &through {
            // What comes directly after a key is that key with a zero byte.
            Some(through) => self.images.split_off(&[through.as_slice(), &[0]].concat()),
            None => BTreeMap::new(),
        };
        let images = std::mem::replace(&mut self.images, later);
        for (key, bytes) in &present {
            self.found.1 = self.found.1.wrapping_add(entry_hash(key, bytes));
            if !images.contains_key(key) {
                elements.push(self.lens.element(key, bytes)?.0);
            }
        }
        elements.extend(images.into_values().flatten());
        self.found.0 += elements.len() as u64;
        self.is_read = through.is_none();
        self.read = through;
        if self.is_read {
            self.check(feed)?;
            self.hold = None;
        }
        Ok(elements)
    }

    /// Refuses elements that are not all: a page that lost entries breaks no checksum of those that are left.
    fn check(&self, feed: &Feed) -> Result<(), IndexError> {
        let (found, hash) = self.found;
        let counted = feed.head.rows.wrapping_sub_signed(self.more);
        let feed_name = || named(&**feed.snapshot(), feed.number);
        if found != counted {
            return Err(Damage::Count { feed: feed_name(), what: "entries", found, counted }.into());
        }
        let is_as_it_was = (feed.head.sequence, feed.head.generation) == self.checkpoint;
        if is_as_it_was && hash != feed.head.rows_hash {
            return Err(Damage::Other { feed: feed_name(), what: "entries" }.into());
        }
        Ok(())
    }
}

/// Returns the key under which the upstream's snapshot holds the element `id`.
fn key(lens: &Lens, id: &ElementId) -> Result<Vec<u8>, Error> {
    if !lens.upstream.is_query {
        return Ok(id.id.as_bytes().to_vec());
    }
    let signature = u64::from_str_radix(&id.id, 16);
    let signature = signature.map_err(|_| IndexError::corrupted("a row's id is its signature"))?;
    Ok(signature.to_be_bytes().to_vec())
}

/// Returns the entries of a piece after one key, with the key through which they are all; `None` if that is the end.
fn present(feed: &Feed, after: Option<&[u8]>) -> Result<(Vec<SnapshotEntry>, Option<Vec<u8>>), IndexError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    for entry in feed.entries(after)? {
        let (key, value) = entry?;
        bytes += key.len() + value.len();
        found.push((key, value));
        if found.len() >= PIECE || bytes >= PIECE_BYTES {
            let through = found.last().map(|(key, _)| key.clone());
            return Ok((found, through));
        }
    }
    Ok((found, None))
}
