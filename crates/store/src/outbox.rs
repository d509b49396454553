//! The outbox: the latest results of each query by sequence, up to a limit.

use crate::bare::Bare;
use crate::catalog::Kind;
use crate::catalog::named;
use crate::commit::Store;
use crate::damage::Damage;
use crate::feed::Feed;
use crate::head::Head;
use crate::keyspace::{log_key, log_place};
use crate::{Direction, IndexError};
use async_trait::async_trait;
use std::ops::Bound;
use std::sync::Arc;

/// Results by query and sequence, written from outside.
#[async_trait]
pub trait OutboxWriter: Send + Sync {
    /// Stores a result under its sequence; replaces one of the same sequence.
    async fn append(&self, query_id: &str, sequence: u64, data: &[u8]) -> Result<(), IndexError>;

    /// Returns the results with sequences strictly after `after_sequence`, ascending.
    async fn read_from(&self, query_id: &str, after_sequence: u64)
    -> Result<Vec<(u64, Vec<u8>)>, IndexError>;

    /// Returns the largest stored sequence, if any.
    async fn read_latest_sequence(&self, query_id: &str) -> Result<Option<u64>, IndexError>;

    /// Deletes all results of the query.
    async fn clear(&self, query_id: &str) -> Result<(), IndexError>;

    /// Deletes the oldest results beyond `capacity`; returns how many were deleted.
    async fn trim_to_capacity(&self, query_id: &str, capacity: usize) -> Result<usize, IndexError>;
}

/// [`OutboxWriter`] over any store.
///
/// Like [`crate::LiveResults`], it reads what a pipeline wrote and writes only ids that no pipeline owns.
pub struct Outbox {
    bare: Bare,
}

impl Outbox {
    /// Reads and writes the outboxes in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { bare: Bare::new(store) }
    }
}

/// Returns the log entries of a feed's epoch with sequences in `from ..`, ascending. A writer from outside may leave
/// holes, so only the last sequence, and the number of all entries, can be checked.
fn entries_with_holes(feed: &Feed, from: u64) -> Result<Vec<(u64, Vec<u8>)>, IndexError> {
    let start = log_key(feed.number, feed.head.epoch, from);
    let end = log_key(feed.number, feed.head.epoch + 1, 0);
    let parts = feed.snapshot().scan(Bound::Included(&start), Bound::Excluded(&end), Direction::Forward)?;
    let mut entries: Vec<(u64, Vec<u8>)> = Vec::new();
    for part in parts {
        let (key, value) = part?;
        match (entries.last_mut(), log_place(&key)?.0) {
            (Some((last, bytes)), sequence) if *last == sequence => bytes.extend_from_slice(&value),
            (_, sequence) => entries.push((sequence, value.into_owned())),
        }
    }
    let Head { epoch, sequence, low, log_entries, .. } = feed.head;
    let feed_name = || named(&**feed.snapshot(), feed.number);
    let found = entries.len() as u64;
    if from <= low && found != log_entries {
        let damage = Damage::Count { feed: feed_name(), what: "outbox entries", found, counted: log_entries };
        return Err(damage.into());
    }
    if log_entries > 0 && from <= sequence && entries.last().is_none_or(|(last, _)| *last != sequence) {
        return Err(Damage::MissingEntry { feed: feed_name(), epoch, sequence, last: sequence }.into());
    }
    Ok(entries)
}

#[async_trait]
impl OutboxWriter for Outbox {
    async fn append(&self, query_id: &str, sequence: u64, data: &[u8]) -> Result<(), IndexError> {
        self.bare.commit(query_id, |session| {
            let key = log_key(session.number, session.head.epoch, sequence);
            let before = session.snapshot.get(&key)?.map(|value| value.len() as u64);
            let head = &mut session.head;
            head.log_bytes = head.log_bytes - before.unwrap_or(0) + data.len() as u64;
            // `low` stays a lower bound, so that trimming need not scan from the start of the prefix.
            head.low = if head.log_entries == 0 { sequence } else { head.low.min(sequence) };
            head.log_entries += u64::from(before.is_none());
            head.sequence = head.sequence.max(sequence);
            session.set.put(key, data.to_vec());
            Ok(())
        })
    }

    async fn read_from(
        &self,
        query_id: &str,
        after_sequence: u64,
    ) -> Result<Vec<(u64, Vec<u8>)>, IndexError> {
        let (Some((kind, feed)), Some(from)) = (self.bare.feed_of(query_id)?, after_sequence.checked_add(1))
        else {
            return Ok(Vec::new());
        };
        let from = from.max(feed.head.low);
        if kind == Kind::Bare {
            return entries_with_holes(&feed, from);
        }
        let entries = feed.log(feed.head.epoch, from.saturating_sub(1), usize::MAX, usize::MAX)?;
        Ok(entries.into_iter().map(|entry| (entry.sequence, entry.bytes)).collect())
    }

    async fn read_latest_sequence(&self, query_id: &str) -> Result<Option<u64>, IndexError> {
        let head = self.bare.feed(query_id)?.map(|feed| feed.head);
        Ok(head.filter(|head| head.log_entries > 0).map(|head| head.sequence))
    }

    async fn clear(&self, query_id: &str) -> Result<(), IndexError> {
        self.trim_to_capacity(query_id, 0).await.map(|_| ())
    }

    async fn trim_to_capacity(&self, query_id: &str, capacity: usize) -> Result<usize, IndexError> {
        if self.bare.feed(query_id)?.is_none() {
            return Ok(0);
        }
        let mut gone = 0;
        self.bare.commit(query_id, |session| {
            let Head { epoch, low, log_entries, .. } = session.head;
            gone = usize::try_from(log_entries).unwrap_or(usize::MAX).saturating_sub(capacity);
            let (start, end) = (log_key(session.number, epoch, low), log_key(session.number, epoch + 1, 0));
            let (start, end) = (Bound::Included(start.as_slice()), Bound::Excluded(end.as_slice()));
            let mut oldest_first = session.snapshot.scan(start, end, Direction::Forward)?;
            let (mut found, mut bytes) = (0, 0);
            for entry in oldest_first.by_ref().take(gone) {
                let (key, value) = entry?;
                found += 1;
                bytes += value.len() as u64;
                session.set.delete(key.into_owned());
            }
            if found < gone || bytes > session.head.log_bytes {
                let (feed, what) = (named(session.snapshot, session.number), "outbox entries");
                return Err(Damage::Count { feed, what, found: found as u64, counted: log_entries }.into());
            }
            session.head.log_entries -= found as u64;
            session.head.log_bytes -= bytes;
            session.head.low = match oldest_first.next() {
                Some(entry) => log_place(&entry?.0)?.0,
                None => session.head.sequence + 1,
            };
            Ok(())
        })?;
        Ok(gone)
    }
}
