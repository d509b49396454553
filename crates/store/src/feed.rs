//! The feed: a keyed snapshot and the sequenced log of changes that led to it, always at the same sequence.
//!
//! There is one type for both feeds of a pipeline. A source's snapshot is its elements and its log their
//! transactions; a query's snapshot is its live results and its log the outbox. A follower passes its checkpoint to
//! [`Feed::resume`] and gets one of five distinct answers; the loop around it is written once, in the pipeline.

use crate::catalog::named;
use crate::checkpoint::Checkpoint;
use crate::damage::Damage;
use crate::head::{EpochRecord, Head, entry_hash};
use crate::keyspace::{PART_BYTES, log_key, log_place, snapshot_key};
use crate::{Direction, IndexError, Snapshot};
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// A feed in one snapshot of the store.
#[derive(Clone)]
pub struct Feed {
    snapshot: Arc<dyn Snapshot>,
    /// Its number.
    pub number: u32,
    /// Its head.
    pub head: Head,
}

/// How a follower continues from its checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// The log reaches back: process what comes after the checkpoint.
    Follow,
    /// The log begins only at `low`: the entries before it are gone.
    Gap {
        /// The first sequence that the log still holds.
        low: u64,
    },
    /// The checkpoint is beyond the feed's last sequence: the feed was rolled back.
    Ahead,
    /// The definition of the feed was changed: drain the old epoch to its end, then take the difference.
    Changed {
        /// The old epoch's record; its `end` is set.
        old: EpochRecord,
        /// The epoch that came after it. It may have ended, too.
        next: u64,
    },
    /// The checkpoint is of another history, which was wiped.
    OtherEpoch,
}

/// One log entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its sequence.
    pub sequence: u64,
    /// A transaction or a query result, encoded.
    pub bytes: Vec<u8>,
    /// Whether `bytes` are only the first part, and more follow.
    pub is_begun: bool,
}

/// One entry of a snapshot: its key within the feed, and its bytes.
pub type SnapshotEntry = (Vec<u8>, Vec<u8>);

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("number", &self.number).field("head", &self.head).finish_non_exhaustive()
    }
}

impl Feed {
    /// Opens feed number `number`, if it has begun.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the head is damaged.
    pub fn open(snapshot: Arc<dyn Snapshot>, number: u32) -> Result<Option<Self>, IndexError> {
        let head = Head::read(&*snapshot, number)?;
        Ok(head.map(|head| Self { snapshot, number, head }))
    }

    /// Returns the snapshot of the store in which the feed was opened.
    pub fn snapshot(&self) -> &Arc<dyn Snapshot> {
        &self.snapshot
    }

    /// Returns the record of the present epoch.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`]; [`IndexError::Corrupted`] if the record is missing.
    pub fn epoch(&self) -> Result<EpochRecord, IndexError> {
        EpochRecord::read(&*self.snapshot, self.number, self.head.epoch)?
            .ok_or_else(|| IndexError::corrupted(format!("feed {} has no record of its epoch", self.number)))
    }

    /// Decides how a follower with this checkpoint continues.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`].
    pub fn resume(&self, checkpoint: &Checkpoint) -> Result<Resume, IndexError> {
        let head = &self.head;
        if checkpoint.epoch != head.epoch {
            let old = EpochRecord::read(&*self.snapshot, self.number, checkpoint.epoch)?;
            return Ok(match old.and_then(|old| Some((old.end.clone()?, old))) {
                Some((end, _)) if checkpoint.sequence > end.sequence => Resume::Ahead,
                Some((end, _)) if checkpoint.sequence + 1 < end.low => Resume::Gap { low: end.low },
                Some((_, old)) => {
                    let next = EpochRecord::after(&*self.snapshot, self.number, checkpoint.epoch)?;
                    Resume::Changed { old, next: next.unwrap_or(head.epoch) }
                }
                None => Resume::OtherEpoch,
            });
        }
        Ok(if checkpoint.sequence > head.sequence {
            Resume::Ahead
        } else if checkpoint.sequence + 1 < head.low {
            Resume::Gap { low: head.low }
        } else {
            Resume::Follow
        })
    }

    /// Returns log entries of `epoch` strictly after `after`, ascending: at most `entries_max` of them and about
    /// `bytes_max` bytes, but at least one if there is one.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`]. Returns [`Damage::MissingEntry`] if a sequence is missing, and also
    /// if nothing comes after `after` though the epoch has more entries: the caller would wait forever.
    pub fn log(
        &self,
        epoch: u64,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, IndexError> {
        let mut entries = self.log_begun(epoch, after, entries_max, bytes_max)?;
        while let Some(last) = entries.last_mut().filter(|last| last.is_begun) {
            self.complete(epoch, last)?;
            let (after, bytes) =
                (last.sequence, entries.iter().map(|entry| entry.bytes.len()).sum::<usize>());
            if entries.len() < entries_max && bytes < bytes_max {
                let left = (entries_max - entries.len(), bytes_max - bytes);
                entries.extend(self.log_begun(epoch, after, left.0, left.1)?);
            }
        }
        Ok(entries)
    }

    /// Like [`Feed::log`], but returns only the first part of a long entry ([`LogEntry::is_begun`]). Such an entry
    /// comes last.
    ///
    /// # Errors
    /// Returns the errors of [`Feed::log`].
    pub fn log_begun(
        &self,
        epoch: u64,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, IndexError> {
        let from = log_key(self.number, epoch, after + 1);
        let to = log_key(self.number, epoch + 1, 0);
        let mut entries: Vec<LogEntry> = Vec::new();
        let (mut bytes, mut expected) = (0, after + 1);
        let mut found =
            self.snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)?;
        loop {
            let is_full = entries.len() >= entries_max || bytes >= bytes_max && !entries.is_empty();
            if is_full && entries.last().is_none_or(|last| last.bytes.len() < PART_BYTES) {
                break;
            }
            let Some(entry) = found.next() else {
                self.check_end(epoch, expected)?;
                break;
            };
            let (key, value) = entry?;
            let (sequence, part) = log_place(&key)?;
            if let Some(last) = entries.last_mut().filter(|last| last.sequence == sequence) {
                last.is_begun = true;
                break;
            }
            if is_full {
                break;
            }
            if sequence != expected || part != 0 {
                return Err(self.missing(epoch, expected, self.last(epoch)?.unwrap_or(sequence)));
            }
            expected += 1;
            bytes += value.len();
            entries.push(LogEntry { sequence, bytes: value.into_owned(), is_begun: false });
        }
        Ok(entries)
    }

    /// Returns the last sequence of an epoch: the present one, or one that has ended and is still kept.
    fn last(&self, epoch: u64) -> Result<Option<u64>, IndexError> {
        if epoch == self.head.epoch {
            return Ok(Some(self.head.sequence));
        }
        let record = EpochRecord::read(&*self.snapshot, self.number, epoch)?;
        Ok(record.and_then(|record| record.end).map(|end| end.sequence))
    }

    /// Refuses a log that has no entries left before the end of its epoch.
    fn check_end(&self, epoch: u64, next: u64) -> Result<(), IndexError> {
        match self.last(epoch)? {
            Some(last) if next <= last => Err(self.missing(epoch, next, last)),
            _ => Ok(()),
        }
    }

    fn missing(&self, epoch: u64, sequence: u64, last: u64) -> IndexError {
        let feed = named(&*self.snapshot, self.number);
        Damage::MissingEntry { feed, epoch, sequence, last }.into()
    }

    /// Reads the rest of an entry whose first part is there.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`].
    pub fn complete(&self, epoch: u64, entry: &mut LogEntry) -> Result<(), IndexError> {
        if !entry.is_begun {
            return Ok(());
        }
        for part in self.parts(epoch, entry.sequence)?.skip(1) {
            entry.bytes.extend_from_slice(&part?);
        }
        entry.is_begun = false;
        Ok(())
    }

    /// Streams the parts of an entry; concatenated, they are the entry's bytes.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], also from the iterator, or [`IndexError::Corrupted`] if a part is
    /// missing before another.
    pub fn parts(
        &self,
        epoch: u64,
        sequence: u64,
    ) -> Result<impl Iterator<Item = Result<Cow<'_, [u8]>, IndexError>> + '_, IndexError> {
        let (from, to) = (log_key(self.number, epoch, sequence), log_key(self.number, epoch, sequence + 1));
        let parts = self.snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)?;
        Ok(parts.enumerate().map(move |(expected, part)| {
            let (key, value) = part?;
            if usize::try_from(log_place(&key)?.1).ok() != Some(expected) {
                let missing = format!("part {expected} of log entry {sequence} is missing");
                return Err(IndexError::corrupted(missing));
            }
            Ok(value)
        }))
    }

    /// Returns one entry of the snapshot.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`].
    pub fn entry(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let key = snapshot_key(self.number, self.head.generation, key);
        Ok(self.snapshot.get(&key)?.map(std::borrow::Cow::into_owned))
    }

    /// Streams the snapshot's entries in the order of their keys, from strictly after `after` on.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], also from the iterator.
    pub fn entries<'a>(
        &'a self,
        after: Option<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<SnapshotEntry, IndexError>> + use<'a>, IndexError> {
        entries_of(&*self.snapshot, self.number, self.head.generation, after)
    }

    /// Streams all entries of the snapshot, like [`Feed::entries`], and checks them at the end.
    ///
    /// # Errors
    /// Returns the errors of [`Feed::entries`]; at the end [`Damage::Count`] or [`Damage::Other`] if they are not
    /// those that the head counts: a page that lost entries breaks no checksum of those that are left.
    pub fn whole(&self) -> Result<impl Iterator<Item = Result<SnapshotEntry, IndexError>> + '_, IndexError> {
        self.whole_of(&self.head)
    }

    /// Like [`Feed::whole`], but for the generation that `head` names.
    ///
    /// # Errors
    /// Returns the errors of [`Feed::whole`].
    pub fn whole_of(
        &self,
        head: &Head,
    ) -> Result<impl Iterator<Item = Result<SnapshotEntry, IndexError>> + '_, IndexError> {
        let (said, said_hash) = (head.rows, head.rows_hash);
        let mut entries = entries_of(&*self.snapshot, self.number, head.generation, None)?;
        let (mut count, mut hash, mut is_over) = (0u64, 0u64, false);
        Ok(std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let next = entries.next();
            is_over = !matches!(next, Some(Ok(_)));
            let Some(entry) = next else {
                let checked = self.check_count(count, said);
                return checked.and_then(|()| self.check_hash_of(hash, said_hash)).err().map(Err);
            };
            if let Ok((key, value)) = &entry {
                count += 1;
                hash = hash.wrapping_add(entry_hash(key, value));
            }
            Some(entry)
        }))
    }

    /// Compares how many entries were read with how many there should be.
    ///
    /// # Errors
    /// Returns [`Damage::Count`] if they differ.
    pub fn check_count(&self, found: u64, counted: u64) -> Result<(), IndexError> {
        if found == counted {
            return Ok(());
        }
        let feed = named(&*self.snapshot, self.number);
        Err(Damage::Count { feed, what: "entries", found, counted }.into())
    }

    /// Compares the sum of [`entry_hash`] over the entries that were read with that of the head.
    ///
    /// # Errors
    /// Returns [`Damage::Other`] if they differ.
    pub fn check_hash(&self, found: u64) -> Result<(), IndexError> {
        self.check_hash_of(found, self.head.rows_hash)
    }

    fn check_hash_of(&self, found: u64, said: u64) -> Result<(), IndexError> {
        if found == said {
            return Ok(());
        }
        let feed = named(&*self.snapshot, self.number);
        Err(Damage::Other { feed, what: "entries" }.into())
    }
}

/// Like [`Feed::entries`], but for any generation of a feed.
///
/// # Errors
/// Returns the errors of [`Snapshot::scan`], also from the iterator.
pub fn entries_of<'a>(
    snapshot: &'a dyn Snapshot,
    feed: u32,
    generation: u32,
    after: Option<&[u8]>,
) -> Result<impl Iterator<Item = Result<SnapshotEntry, IndexError>> + use<'a>, IndexError> {
    let prefix = snapshot_key(feed, generation, &[]);
    let start = after.map(|after| snapshot_key(feed, generation, after));
    let skip = prefix.len();
    let entries = snapshot.scan_after(&prefix, start.as_deref())?;
    Ok(entries.map(move |entry| entry.map(|(key, value)| (key[skip..].to_vec(), value.into_owned()))))
}
