//! Laws of opening again: everything is kept, unless the store says that it is volatile.

use super::keys::telling_keys;
use super::law::{Entry, Outcome, Place, commit, ensure, step};
use crate::Version;
use crate::compare;

pub(super) const LAWS: &[Entry] = &[
    ("what was committed is there after opening again", kept),
    ("a store keeps its id, and no two stores share one", identity),
];

fn kept(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    if store.is_volatile() {
        return Ok(());
    }
    let mut set = step(4, 0);
    for key in telling_keys() {
        set.put(key.clone(), key);
    }
    commit(&*store, &set)?;
    drop(store);
    for round in 1..4 {
        let store = place.open()?;
        let snapshot = store.snapshot()?;
        for key in telling_keys() {
            let whole = snapshot.get(&key)?.is_some_and(|value| *value == *key);
            ensure(whole, || format!("a key of {} bytes is lost", key.len()))?;
        }
        let version = compare::read_version(&*snapshot, 4)?;
        ensure(version == Version { epoch: 1, commit: round }, || format!("the version is {version:?}"))?;
        commit(&*store, &step(4, round))?;
    }
    Ok(())
}

fn identity(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let id = store.id();
    ensure(id.0 != 0, || "the id is zero".to_owned())?;
    if store.is_volatile() {
        return Ok(());
    }
    drop(store);
    let again = place.open()?.id();
    ensure(again == id, || format!("{id:?} has become {again:?}"))
}
