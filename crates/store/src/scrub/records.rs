//! Compares the small records of a store with each other: catalog, heads, checkpoints, counters. There are few of
//! them, so all are read under one snapshot.

use super::found::Found;
use crate::catalog::named;
use crate::catalog::{self, Kind, Registered};
use crate::checkpoint::{Checkpoint, NOBODY};
use crate::head::{EpochRecord, Head};
use crate::keyspace::{Key, Space};
use crate::{Direction, IndexError, Snapshot, compare};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Adds the contradictions to `found`, until `is_over`.
pub(super) fn check(snapshot: &dyn Snapshot, found: &mut Vec<Found>, is_over: &dyn Fn() -> bool) {
    let registered = match catalog::all(snapshot) {
        Ok(registered) => registered,
        Err(damage) => return found.push(Found { number: None, damage }),
    };
    for entry in &registered {
        if is_over() {
            return;
        }
        if let Err(damage) = component(snapshot, entry) {
            found.push(Found { number: Some(entry.number), damage });
        }
    }
    if let Err(damage) = strangers(snapshot, &registered, found) {
        found.push(Found { number: None, damage });
    }
}

/// Checks the records of one component.
fn component(snapshot: &dyn Snapshot, entry: &Registered) -> Result<(), IndexError> {
    let id = &entry.id;
    let wrong = |what: &str| IndexError::corrupted(format!("`{id}` {what}; restore a backup"));
    if compare::read_version(snapshot, entry.number)?.commit == 0 {
        return Err(wrong("is registered and has no version"));
    }
    if entry.kind == Kind::Reaction {
        return Ok(());
    }
    let Some(head) = Head::read(snapshot, entry.number)? else {
        return Err(wrong("is registered and has no head"));
    };
    if head.generation > head.last_generation || head.low > head.sequence + 1 {
        return Err(wrong("has a head that contradicts itself"));
    }
    if entry.kind == Kind::Bare {
        return Ok(());
    }
    if head.log_entries != head.sequence + 1 - head.low {
        return Err(wrong("counts other log entries than its sequences say"));
    }
    if head.position > catalog::position(snapshot)? {
        return Err(wrong("is beyond the last position of the store"));
    }
    if head.epoch >= catalog::next_epoch(snapshot, id)? {
        return Err(wrong("is in an epoch that was never begun"));
    }
    if EpochRecord::read(snapshot, entry.number, head.epoch)?.is_none() {
        return Err(wrong("has no record of its epoch"));
    }
    Ok(())
}

/// Checks heads and checkpoints: they belong to components that exist, and a query's are not ahead of the feeds that
/// it follows.
fn strangers(
    snapshot: &dyn Snapshot,
    registered: &[Registered],
    found: &mut Vec<Found>,
) -> Result<(), IndexError> {
    let kinds: BTreeMap<u32, Kind> = registered.iter().map(|entry| (entry.number, entry.kind)).collect();
    let garbage = keys(snapshot, Space::Garbage)?;
    let is_known = |number: u32, key: &[u8]| {
        kinds.contains_key(&number) || garbage.iter().any(|mark| key.starts_with(&mark[1..]))
    };
    let mut add = |number, what: String| {
        let damage = IndexError::corrupted(format!("{what}; restore a backup"));
        found.push(Found { number, damage });
    };
    for key in keys(snapshot, Space::Head)? {
        let number = number_at(&key, 1)?;
        if !is_known(number, &key) {
            add(None, format!("component {number} has rows and is not in the catalog"));
        }
    }
    let mut follows: BTreeMap<u32, u32> = BTreeMap::new();
    let outside = Key::new(Space::Checkpoint).number(NOBODY).done();
    for key in keys(snapshot, Space::Checkpoint)?.iter().filter(|key| !key.starts_with(&outside)) {
        let (consumer, feed) = (number_at(key, 1)?, number_at(key, 5)?);
        *follows.entry(consumer).or_default() += 1;
        if !is_known(consumer, key) {
            add(None, format!("there is a checkpoint of {consumer} in {feed}, which is not in the catalog"));
            continue;
        }
        let Some(head) = Head::read(snapshot, feed)? else { continue };
        let at = Checkpoint::read(snapshot, consumer, feed)?.unwrap_or_default();
        if kinds.get(&consumer) == Some(&Kind::Query) && at.epoch == head.epoch && at.sequence > head.sequence
        {
            let (consumer_name, feed_name) = (named(snapshot, consumer), named(snapshot, feed));
            add(Some(consumer), format!("{consumer_name} has read more of {feed_name} than is there"));
        }
    }
    for entry in registered.iter().filter(|entry| matches!(entry.kind, Kind::Query | Kind::Reaction)) {
        if !follows.contains_key(&entry.number) {
            add(Some(entry.number), format!("`{}` has no checkpoint", entry.id));
        }
    }
    Ok(())
}

fn keys(snapshot: &dyn Snapshot, space: Space) -> Result<Vec<Vec<u8>>, IndexError> {
    let (from, to) = ([space as u8], [space as u8 + 1]);
    let entries = snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)?;
    entries.map(|entry| Ok(entry?.0.into_owned())).collect()
}

fn number_at(key: &[u8], at: usize) -> Result<u32, IndexError> {
    let bytes = key.get(at..at + 4).and_then(|bytes| bytes.first_chunk());
    bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(|| IndexError::corrupted("a key has no number"))
}
