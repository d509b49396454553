//! Laws of the snapshot: one consistent point, whatever is committed meanwhile.

use super::law::{Entry, Failure, Outcome, Place, commit, ensure, step};
use crate::snapshot::{Direction, Snapshot};
use crate::{Store, compare};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const LAWS: &[Entry] = &[
    ("a snapshot never changes", unchanged),
    ("a snapshot under writers shows whole commits only", whole_commits),
    ("a snapshot is read by several threads at once", shared),
    ("a snapshot outlives the handle of its store", outlives),
];

const KEYS: u8 = 40;

/// Returns a commit that writes its number under all keys, and something long for every other key.
fn stamp(number: u64) -> crate::WriteSet {
    let mut set = step(3, number);
    for key in 0..KEYS {
        let mut value = number.to_be_bytes().to_vec();
        value.resize(if key % 2 == 0 { 8 } else { 600 }, key);
        set.put(vec![b'k', key], value);
    }
    set
}

/// Returns the one number that all keys of a snapshot hold.
fn number(snapshot: &dyn Snapshot) -> Result<u64, Failure> {
    let version = compare::read_version(snapshot, 3)?.commit;
    let mut seen = Vec::new();
    for entry in snapshot.scan(Bound::Included(b"k"), Bound::Excluded(b"l"), Direction::Forward)? {
        seen.push(entry?.1.first_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes)));
    }
    for key in 0..KEYS {
        let value = snapshot.get(&[b'k', key])?;
        seen.push(
            value.and_then(|value| Some(u64::from_be_bytes(*value.first_chunk()?))).unwrap_or(u64::MAX),
        );
    }
    let one = seen.first().copied().unwrap_or(u64::MAX);
    let whole = seen.len() == 2 * usize::from(KEYS) && seen.iter().all(|number| *number == one);
    ensure(whole && version == one + 1, || format!("version {version} shows {seen:?}"))?;
    Ok(one)
}

fn unchanged(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let before = store.snapshot()?;
    let mut kept = Vec::new();
    for round in 0..60 {
        commit(&*store, &stamp(round))?;
        kept.push(store.snapshot()?);
    }
    for (expected, snapshot) in kept.iter().enumerate() {
        let found = number(&**snapshot)?;
        ensure(found == expected as u64, || format!("snapshot {expected} shows commit {found}"))?;
    }
    let empty = before.scan(Bound::Unbounded, Bound::Unbounded, Direction::Forward)?.next().is_none();
    ensure(empty, || "the snapshot of the empty store is not empty any more".to_owned())
}

fn whole_commits(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &stamp(0))?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| read_on(&*store, &done))).collect();
        let written = (1..150).try_for_each(|round| commit(&*store, &stamp(round)));
        done.store(true, Ordering::Relaxed);
        let read =
            readers.into_iter().try_for_each(|reader| reader.join().unwrap_or_else(|_| Err(panicked())));
        written.and(read)
    })
}

fn panicked() -> Failure {
    Failure("a reading thread panicked".to_owned())
}

fn read_on(store: &dyn Store, done: &AtomicBool) -> Outcome {
    let mut last = 0;
    while !done.load(Ordering::Relaxed) {
        let snapshot = store.snapshot()?;
        let first = number(&*snapshot)?;
        let second = number(&*snapshot)?;
        ensure(first == second && first >= last, || format!("{last}, then {first} and {second}"))?;
        last = first;
    }
    Ok(())
}

fn shared(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &stamp(0))?;
    let snapshot = store.snapshot()?;
    std::thread::scope(|scope| {
        let reader = || (0..200).try_for_each(|_| number(&*snapshot).map(|_| ()));
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(reader)).collect();
        let written = (1..30).try_for_each(|round| commit(&*store, &stamp(round)));
        let read =
            readers.into_iter().try_for_each(|reader| reader.join().unwrap_or_else(|_| Err(panicked())));
        written.and(read)
    })
}

fn outlives(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &stamp(0))?;
    let snapshot: Arc<dyn Snapshot> = store.snapshot()?;
    drop(store);
    number(&*snapshot).map(|_| ())
}
