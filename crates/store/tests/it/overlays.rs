//! Steps that write more than memory holds read and commit what an ordered map would have.

use crate::backends::Directory;
use livewell_store::{Direction, Durability, IndexError, MemoryStore, Overlay, Store, Version, WriteSet};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Action {
    Write(Vec<u8>, Option<Vec<u8>>),
    /// The writes leave the memory.
    Relieve,
    /// Everything that begins with this is read, in both directions.
    Read(Vec<u8>),
    /// Writes that are taken back.
    RollBack(Vec<(Vec<u8>, Option<Vec<u8>>)>),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Keys begin with the byte of a space, and no step writes a version.
    (vec(0u8..3, 0..3), 2u8..4).prop_map(|(rest, space)| [vec![space], rest].concat())
}

fn write() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>)> {
    (key(), proptest::option::weighted(0.6, vec(any::<u8>(), 0..4)))
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => write().prop_map(|(key, value)| Action::Write(key, value)),
        2 => Just(Action::Relieve),
        3 => key().prop_map(Action::Read),
        1 => vec(write(), 0..4).prop_map(Action::RollBack),
    ]
}

fn apply(map: &mut Map, key: &[u8], value: Option<&Vec<u8>>) {
    match value {
        Some(value) => drop(map.insert(key.to_vec(), value.clone())),
        None => drop(map.remove(key)),
    }
}

fn put(overlay: &mut Overlay, key: &[u8], value: Option<&Vec<u8>>) {
    match value {
        Some(value) => overlay.put(key.to_vec(), value.clone()),
        None => overlay.delete(key.to_vec()),
    }
}

fn check(overlay: &Overlay, map: &Map, prefix: &[u8]) -> Result<(), IndexError> {
    assert_eq!(overlay.get(prefix)?.as_deref(), map.get(prefix).map(Vec::as_slice), "{prefix:?}");
    let mut expected: Vec<(Vec<u8>, Vec<u8>)> =
        map.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect();
    for direction in [Direction::Forward, Direction::Backward] {
        let mut seen = Vec::new();
        overlay.visit(prefix, direction, &mut |key, value| {
            seen.push((key.to_vec(), value.to_vec()));
            true
        })?;
        assert_eq!(seen, expected, "{prefix:?} {direction:?}");
        expected.reverse();
    }
    if let Some((first, _)) = expected.first() {
        let after = overlay.scan_after(prefix, first)?.collect::<Result<Vec<_>, _>>()?;
        assert_eq!(after.len(), expected.len() - 1);
    }
    Ok(())
}

/// Plays the actions over a store that holds something already, and commits.
fn play(store: &dyn Store, stored: &Map, actions: &[Action]) -> Result<(), IndexError> {
    let next = Version { epoch: 1, commit: 1 };
    let mut first = WriteSet { feed: 1, next, ..WriteSet::default() };
    stored.iter().for_each(|(key, value)| first.put(key.clone(), value.clone()));
    assert_eq!(store.commit(&[first])?, [Ok(())]);
    let (mut overlay, mut map) = (Overlay::new(store.snapshot()?), stored.clone());
    for action in actions {
        match action {
            Action::Write(key, value) => {
                put(&mut overlay, key, value.as_ref());
                apply(&mut map, key, value.as_ref());
            }
            Action::Relieve => overlay.relieve_beyond(store, 0)?,
            Action::Read(prefix) => check(&overlay, &map, prefix)?,
            Action::RollBack(writes) => {
                overlay.set_savepoint();
                writes.iter().for_each(|(key, value)| put(&mut overlay, key, value.as_ref()));
                overlay.relieve_beyond(store, 0)?;
                overlay.roll_back();
            }
        }
    }
    let written: Vec<Vec<u8>> =
        overlay.written()?.map(|written| Ok(written?.0.into_owned())).collect::<Result<_, IndexError>>()?;
    assert!(written.is_sorted_by(|left, right| left < right), "{written:?}");
    let mut set = WriteSet { feed: 1, expected: next, next: next.after(), ..WriteSet::default() };
    overlay.into_writes(&mut set);
    assert_eq!(store.commit(&[set])?, [Ok(())]);
    check(&Overlay::new(store.snapshot()?), &map, &[2])?;
    check(&Overlay::new(store.snapshot()?), &map, &[3])
}

fn stored() -> impl Strategy<Value = Map> {
    proptest::collection::btree_map(key(), vec(any::<u8>(), 0..4), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_step_beside_memory_reads_and_commits_like_one_in_it(
        stored in stored(),
        actions in vec(action(), 1..40),
    ) {
        prop_assert!(play(&MemoryStore::new(), &stored, &actions).is_ok());
        let place = Directory::new(Durability::Os);
        prop_assert!(play(&place.open_embedded().expect("a store"), &stored, &actions).is_ok());
    }
}

#[test]
fn what_lies_beside_a_store_goes_with_the_step_or_when_it_is_opened_next() {
    let place = Directory::new(Durability::Sync);
    let scratch = place.path.path().join("scratch");
    let store = place.open_embedded().expect("a store");
    let left = || fs::read_dir(&scratch).map_or(0, Iterator::count);
    let mut overlay = Overlay::new(store.snapshot().expect("a snapshot"));
    overlay.put(vec![2, 1], vec![1]);
    overlay.relieve_beyond(&store, 0).expect("room beside it");
    assert_eq!(left(), 1);
    drop(overlay);
    assert_eq!(left(), 0);
    drop(store);
    // The state that a killed process leaves.
    fs::create_dir_all(scratch.join("7")).expect("a folder");
    fs::write(scratch.join("7/data.mdb"), b"half").expect("a file");
    drop(place.open_embedded().expect("the store opens"));
    assert!(!scratch.exists());
}
