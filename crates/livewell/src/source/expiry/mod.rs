//! Expiry: deletes the elements that have not changed for as long as the source's settings keep them.
//!
//! It is an ordinary transaction of deletes in the source's log, so queries follow it like any other, and a replay sees it
//! at the same place. A look costs what has expired, not what there is: an [`Index`] has the elements in the order in which
//! they expire.

pub(crate) mod index;

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::feed::element::decode_element;
use crate::source::intake::Intake;
use crate::source::unwind::is_part;
use index::{Filled, Index, Record};
use livewell_model::{Change, ElementId, Timestamp, Transaction};
use livewell_source::settings::Clock;
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Head, Overlay};
use std::sync::atomic::Ordering;

/// How many elements one commit looks at.
const BATCH: usize = 1_000;

/// Begins a new index if the settings have changed.
pub(crate) fn begin(shared: &Shared, source: &Component) -> Result<(), Error> {
    let mut intake = Intake::begin(shared, source)?;
    let record = Record::read(intake.read_overlay(), source.number)?.unwrap_or_default();
    if record.rules == source.expire {
        return Ok(());
    }
    let filled = if source.expire.is_some() { Filled::UpTo(Vec::new()) } else { Filled::Whole };
    record.replace(intake.overlay(), source.number, source.expire.clone(), filled);
    intake.commit()
}

/// Deletes some of the elements that have expired, or fills a piece of the index. Returns whether there is more to do.
pub(crate) fn work(shared: &Shared, source: &Component, clock: Clock) -> Result<bool, Error> {
    let Some(rules) = &source.expire else { return Ok(false) };
    let overlay = Overlay::new(shared.store.snapshot()?);
    let Some(record) = Record::read(&overlay, source.number)? else { return Ok(false) };
    let Some(index) = record.index(source.number, rules) else { return Ok(false) };
    if let Filled::UpTo(id) = &record.filled {
        return fill(shared, source, &record, &index, id);
    }
    let now = match clock {
        Clock::Wall => shared.clock.now(),
        Clock::Input => Head::read(&**overlay.snapshot(), source.number)?.unwrap_or_default().timestamp,
    };
    let due = index.due(&**overlay.snapshot(), now, BATCH)?;
    if due.is_empty() {
        return Ok(false);
    }
    let mut intake = Intake::begin(shared, source)?;
    if intake.is_full() {
        return Ok(false);
    }
    let mut changes = Vec::with_capacity(due.len());
    for entry in due {
        if let Some(id) = expired(&intake, &index, &entry.id, now)? {
            changes.push(Change::Delete(id));
        }
        // Deleting the element deletes its entry; that of a part, which goes with its whole, goes here.
        intake.overlay().delete(entry.key);
    }
    let count = changes.len() as u64;
    let timestamp = (clock == Clock::Input).then_some(now);
    intake.add_of_any_size(Transaction { changes, timestamp })?;
    intake.commit()?;
    source.expired.fetch_add(count, Ordering::Relaxed);
    Ok(true)
}

/// Returns the element to delete, if it has expired by itself.
fn expired(
    intake: &Intake<'_>,
    index: &Index,
    id: &[u8],
    now: Timestamp,
) -> Result<Option<ElementId>, Error> {
    let source = intake.source();
    let key = snapshot_key(source.number, intake.head().generation, id);
    let Some(bytes) = intake.read_overlay().get(&key)? else { return Ok(None) };
    let (changed, element) = decode_element(&bytes)?;
    let is_due = index.expires(changed, &element).is_some_and(|at| at <= now);
    let is_part = is_part(&source.unwind, &|id| intake.element(id), element.id())?;
    Ok((is_due && !is_part).then(|| element.id().clone()))
}

/// Adds a piece of the elements to an index that has begun. Returns true: there is more to do.
fn fill(
    shared: &Shared,
    source: &Component,
    record: &Record,
    index: &Index,
    after: &[u8],
) -> Result<bool, Error> {
    let mut intake = Intake::begin(shared, source)?;
    let all = snapshot_key(source.number, intake.head().generation, &[]);
    let from = snapshot_key(source.number, intake.head().generation, after);
    let snapshot = intake.read_overlay().snapshot().clone();
    let mut last = None;
    for entry in snapshot.scan_after(&all, Some(&from))?.take(BATCH) {
        let (key, stored) = entry?;
        let id = &key[all.len()..];
        index.follow(intake.overlay(), id, None, Some(&stored))?;
        last = Some(id.to_vec());
    }
    let filled = last.map_or(Filled::Whole, Filled::UpTo);
    Record { filled, ..record.clone() }.put(intake.overlay(), source.number);
    intake.commit()?;
    Ok(true)
}
