//! Begins new epochs in a whole store, so that everything outside that followed it notices that the history is
//! another one.
//!
//! Inside, nothing is lost or out of step, so queries continue where they are: their checkpoints move to the new
//! epochs, and so do the log entries that they have still to read. Checkpoints of reactions stay in epochs that no
//! longer exist, because what reactions have done outside may be ahead of the store: their recovery policy decides.

use crate::catalog::{self, Kind, Registered};
use crate::checkpoint::Checkpoint;
use crate::head::{EpochEnd, EpochRecord, Head};
use crate::keyspace::log_key;
use crate::keyspace::{Key, Space};
use crate::{Direction, IndexError, Snapshot, Store, Version, WriteSet, compare, sweep};
use std::collections::BTreeMap;
use std::ops::Bound;

/// About how many bytes of log one commit moves.
const MOVE_BYTES: usize = 4 << 20;

/// An epoch that is renumbered: its log from `low` to `last` is still needed.
struct Renamed {
    old: u64,
    new: u64,
    low: u64,
    last: u64,
    entries: u64,
    bytes: u64,
}

/// Begins a new epoch for every source and query, numbered `least` or higher, and returns each with its epoch. Nobody
/// else may use the store meanwhile, and the store must not be used before this has returned.
///
/// # Errors
/// Returns an error if the store cannot be read or written.
pub fn begin_epochs(store: &dyn Store, least: u64) -> Result<Vec<(String, u64)>, IndexError> {
    let registered = catalog::all(&*store.snapshot()?)?;
    let is_followed = |entry: &&Registered| matches!(entry.kind, Kind::Source | Kind::Query);
    let queries: Vec<u32> =
        registered.iter().filter(|entry| entry.kind == Kind::Query).map(|entry| entry.number).collect();
    let mut begun = Vec::new();
    for entry in registered.iter().filter(is_followed) {
        if let Some(epoch) = begin_epoch(store, entry, &queries, least)? {
            begun.push((entry.id.clone(), epoch));
        }
    }
    Ok(begun)
}

fn begin_epoch(
    store: &dyn Store,
    feed: &Registered,
    queries: &[u32],
    least: u64,
) -> Result<Option<u64>, IndexError> {
    let snapshot = store.snapshot()?;
    let Some(mut head) = Head::read(&*snapshot, feed.number)? else { return Ok(None) };
    let mut followers = BTreeMap::new();
    for query in queries {
        followers.extend(Checkpoint::read(&*snapshot, *query, feed.number)?.map(|at| (*query, at)));
    }
    let first = catalog::next_epoch(&*snapshot, &feed.id)?.max(least);
    let records = records(&*snapshot, feed.number)?;
    let mut renamed = renamed(&head, &records, &followers, first);
    for epoch in &mut renamed {
        move_log(store, feed.number, epoch)?;
    }
    let present = renamed.last().map_or(first, |epoch| epoch.new);
    let expected = compare::read_version(&*store.snapshot()?, feed.number)?;
    let next = Version { epoch: present, commit: expected.commit + 1 };
    let mut set = WriteSet { feed: feed.number, expected, next, ..WriteSet::default() };
    for epoch in records.keys().chain([&head.epoch]) {
        set.delete(EpochRecord::key(feed.number, *epoch));
        sweep::mark(&mut set, &Key::new(Space::Log).number(feed.number).long(*epoch).done());
    }
    for Renamed { old, new, low, .. } in &renamed {
        let mut record = records.get(old).cloned().unwrap_or_default();
        record.end = record.end.map(|end| EpochEnd { low: *low, ..end });
        set.put(EpochRecord::key(feed.number, *new), record.encode());
    }
    for (query, mut checkpoint) in followers {
        if let Some(epoch) = renamed.iter().find(|epoch| epoch.old == checkpoint.epoch) {
            checkpoint.epoch = epoch.new;
            set.put(Checkpoint::key(query, feed.number), checkpoint.encode());
        }
    }
    if let Some(Renamed { new, low, entries, bytes, .. }) = renamed.last() {
        (head.epoch, head.low, head.log_entries, head.log_bytes) = (*new, *low, *entries, *bytes);
    }
    set.put(Head::key(feed.number), head.encode());
    catalog::put_epoch(&mut set, &feed.id, present);
    commit(store, set)?;
    Ok(Some(present))
}

/// Returns the epochs that a query has still to read, and the present one, which comes last.
fn renamed(
    head: &Head,
    records: &BTreeMap<u64, EpochRecord>,
    followers: &BTreeMap<u32, Checkpoint>,
    first: u64,
) -> Vec<Renamed> {
    let ends = records.iter().filter_map(|(epoch, record)| Some((*epoch, record.end.as_ref()?)));
    let ended =
        ends.filter(|(epoch, _)| *epoch != head.epoch).map(|(epoch, end)| (epoch, end.low, end.sequence));
    let mut renamed = Vec::new();
    for (old, low, last) in ended.chain([(head.epoch, head.low, head.sequence)]) {
        let read = followers.values().filter(|at| at.epoch == old).map(|at| at.sequence).min();
        if read.is_none() && old != head.epoch {
            continue;
        }
        let low = read.map_or(last + 1, |read| (read + 1).min(last + 1)).max(low);
        renamed.push(Renamed { old, new: first + renamed.len() as u64, low, last, entries: 0, bytes: 0 });
    }
    renamed
}

/// Copies the entries of an epoch that are still needed to its new number; the old ones become garbage.
fn move_log(store: &dyn Store, feed: u32, epoch: &mut Renamed) -> Result<(), IndexError> {
    let snapshot = store.snapshot()?;
    let (from, to) = (log_key(feed, epoch.old, epoch.low), log_key(feed, epoch.old, epoch.last + 1));
    let prefix = Key::new(Space::Log).number(feed).long(epoch.old).done().len();
    let (mut set, mut held) = (moving(store, feed)?, 0);
    for entry in snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)? {
        let (key, value) = entry?;
        let sequence_and_part = &key[prefix..];
        epoch.entries += u64::from(sequence_and_part.len() == 10);
        epoch.bytes += value.len() as u64;
        held += value.len();
        let key = Key::new(Space::Log).number(feed).long(epoch.new).rest(sequence_and_part);
        set.put(key, value.into_owned());
        if held >= MOVE_BYTES {
            commit(store, std::mem::take(&mut set))?;
            (set, held) = (moving(store, feed)?, 0);
        }
    }
    commit(store, set)
}

fn moving(store: &dyn Store, feed: u32) -> Result<WriteSet, IndexError> {
    WriteSet::over(&*store.snapshot()?, feed)
}

fn records(snapshot: &dyn Snapshot, feed: u32) -> Result<BTreeMap<u64, EpochRecord>, IndexError> {
    let mut records = BTreeMap::new();
    for epoch in EpochRecord::epochs(snapshot, feed)? {
        records.extend(EpochRecord::read(snapshot, feed, epoch)?.map(|record| (epoch, record)));
    }
    Ok(records)
}

fn commit(store: &dyn Store, set: WriteSet) -> Result<(), IndexError> {
    store.commit(&[set])?.into_iter().try_for_each(|fate| fate.map_err(IndexError::fenced))
}
