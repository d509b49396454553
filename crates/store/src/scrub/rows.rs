//! Compares what a feed holds with its head: rows by number and hash, the log by its sequences.

use super::meaning::Meaning;
use crate::catalog::Kind;
use crate::catalog::named;
use crate::damage::Damage;
use crate::feed::Feed;
use crate::head::EpochRecord;
use crate::keyspace::Space;
use crate::keyspace::{log_key, log_place};
use crate::live_results::signature;
use crate::{Direction, IndexError, LiveSnapshot, Snapshot};
use livewell_model::row::value_key;
use std::ops::Bound;
use std::sync::Arc;

/// After how many entries the time limit is checked.
const LOOK: usize = 256;

/// Counts and checks the rows of a feed, and their index by value if there is one; returns false if there are too many.
pub(super) fn rows(
    snapshot: Arc<dyn Snapshot>,
    (number, kind): (u32, Kind),
    meaning: &dyn Meaning,
    bytes_max: u64,
    is_over: &dyn Fn() -> bool,
) -> Result<bool, IndexError> {
    let Some(feed) = Feed::open(snapshot, number)? else { return Ok(true) };
    let record = EpochRecord::read(&**feed.snapshot(), number, feed.head.epoch)?;
    let parameters = record.map_or(0, |record| record.parameters);
    let live = LiveSnapshot(feed);
    let mut bytes = 0;
    for (count, row) in live.0.whole()?.enumerate() {
        let (key, value) = row?;
        meaning.check_value(kind, Space::Snapshot, &value)?;
        if parameters > 0 {
            live.check_indexed(&value_key(&value, parameters)?, signature(&key)?)?;
        }
        bytes += (key.len() + value.len()) as u64;
        if bytes > bytes_max || count % LOOK == LOOK - 1 && is_over() {
            return Ok(false);
        }
    }
    live.check_index_count(parameters > 0)?;
    Ok(true)
}

/// Looks for every sequence in the logs of a feed: that of the present epoch, and those that followers still drain.
/// Logs written from outside may have holes.
pub(super) fn logs(
    snapshot: &Arc<dyn Snapshot>,
    (number, kind): (u32, Kind),
    meaning: &dyn Meaning,
    is_over: &dyn Fn() -> bool,
) -> Result<(), IndexError> {
    let Some(feed) = Feed::open(snapshot.clone(), number)?.filter(|_| kind != Kind::Bare) else {
        return Ok(());
    };
    for epoch in EpochRecord::epochs(&**snapshot, number)? {
        let ended = EpochRecord::read(&**snapshot, number, epoch)?.and_then(|record| record.end);
        if let Some(end) = ended.filter(|_| epoch != feed.head.epoch) {
            log(&feed, epoch, (end.low, end.sequence), (kind, meaning), is_over)?;
        }
    }
    let head = &feed.head;
    let counted = log(&feed, head.epoch, (head.low, head.sequence), (kind, meaning), is_over)?;
    let Some((entries, bytes)) = counted else { return Ok(()) };
    for (what, found, counted) in
        [("log entries", entries, head.log_entries), ("bytes of log", bytes, head.log_bytes)]
    {
        if found != counted {
            let feed = named(&**snapshot, number);
            return Err(Damage::Count { feed, what, found, counted }.into());
        }
    }
    Ok(())
}

/// Goes through a log; returns how many entries and bytes it has, or `None` if the time was over before.
fn log(
    feed: &Feed,
    epoch: u64,
    (low, last): (u64, u64),
    (kind, meaning): (Kind, &dyn Meaning),
    is_over: &dyn Fn() -> bool,
) -> Result<Option<(u64, u64)>, IndexError> {
    let snapshot = feed.snapshot();
    let (from, to) = (log_key(feed.number, epoch, low), log_key(feed.number, epoch, last + 1));
    let missing = |sequence| {
        let feed = named(&**snapshot, feed.number);
        IndexError::from(Damage::MissingEntry { feed, epoch, sequence, last })
    };
    let (mut next, mut next_part, mut bytes) = (low, 0, 0);
    let mut parts =
        snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)?.peekable();
    while let Some(part) = parts.next() {
        let (key, value) = part?;
        if next % LOOK as u64 == 0 && is_over() {
            return Ok(None);
        }
        let (sequence, number) = log_place(&key)?;
        let follows =
            if number == 0 { sequence == next } else { sequence + 1 == next && number == next_part };
        if !follows {
            return Err(missing(if number == 0 { next } else { sequence }));
        }
        if number == 0 {
            next += 1;
            let is_whole = match parts.peek() {
                Some(Ok((key, _))) => log_place(key)?.1 == 0,
                _ => true,
            };
            if is_whole {
                meaning.check_value(kind, Space::Log, &value)?;
            }
        }
        next_part = number + 1;
        bytes += value.len() as u64;
    }
    if next <= last {
        return Err(missing(next));
    }
    Ok(Some((next - low, bytes)))
}
