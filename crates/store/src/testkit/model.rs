//! The oracle of the suite: an ordered map that does by definition what a store must do.

use super::keys::telling_keys;
use super::law::{Entry, Failure, Outcome, Place, ensure};
use super::scans;
use crate::commit::Conflict;
use crate::snapshot::{Direction, Snapshot};
use crate::{Version, WriteSet, compare};
use std::collections::BTreeMap;
use std::ops::Bound;

pub(super) const LAWS: &[Entry] = &[("a long random history leaves what an ordered map would hold", random)];

/// A store as an ordered map.
#[derive(Debug, Clone, Default)]
pub struct Model {
    versions: BTreeMap<u32, Version>,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Model {
    /// Returns the version of `feed`.
    pub fn version(&self, feed: u32) -> Version {
        self.versions.get(&feed).copied().unwrap_or_default()
    }

    /// Does what [`crate::Store::commit`] must do.
    pub fn commit(&mut self, sets: &[WriteSet]) -> Vec<Result<(), Conflict>> {
        sets.iter().map(|set| self.apply(set)).collect()
    }

    fn apply(&mut self, set: &WriteSet) -> Result<(), Conflict> {
        let found = self.version(set.feed);
        if found != set.expected {
            return Err(Conflict { feed: set.feed, expected: set.expected, found });
        }
        self.versions.insert(set.feed, set.next);
        let version = (compare::version_key(set.feed).to_vec(), compare::encode(set.next).map(Vec::from));
        for (key, value) in set.writes.clone().into_iter().chain([version]) {
            match value {
                Some(value) => self.entries.insert(key, value),
                None => self.entries.remove(&key),
            };
        }
        Ok(())
    }

    /// Compares everything a snapshot shows with the map.
    ///
    /// # Errors
    /// Returns the first difference.
    pub fn compare(&self, snapshot: &dyn Snapshot) -> Outcome {
        for (key, value) in &self.entries {
            let found = snapshot.get(key)?;
            ensure(found.as_deref() == Some(value), || format!("a key of {} bytes differs", key.len()))?;
        }
        self.compare_range(snapshot, Bound::Unbounded, Bound::Unbounded)
    }

    /// Compares a range, in both directions.
    ///
    /// # Errors
    /// Returns the first difference.
    pub fn compare_range(&self, snapshot: &dyn Snapshot, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Outcome {
        scans::compare(&self.entries, snapshot, from, to, Direction::Forward)?;
        scans::compare(&self.entries, snapshot, from, to, Direction::Backward)
    }
}

/// Keys to values; of two writes of one key the later wins; `None` deletes.
pub type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// An action on a store and on its model.
#[derive(Debug, Clone)]
pub enum Action {
    /// Commits sets, each with its feed and whether it comes from the feed's current version.
    Commit(Vec<(u32, bool, Writes)>),
    /// Takes a snapshot, to be compared at the end.
    Keep,
    /// Compares the entries between two keys.
    Scan(Bound<Vec<u8>>, Bound<Vec<u8>>),
    /// Drops all snapshots, closes, opens again. Does nothing to a volatile store.
    Reopen,
}

/// Plays the actions on the store of a place and on a model, and compares them throughout.
///
/// # Errors
/// Returns the first difference.
pub fn replay(place: &dyn Place, actions: &[Action]) -> Outcome {
    let mut store = place.open()?;
    let mut model = Model::default();
    let mut kept = Vec::new();
    for action in actions {
        match action {
            Action::Commit(parts) => {
                let sets = sets(&model, parts);
                let (found, expected) = (store.commit(&sets)?, model.commit(&sets));
                ensure(found == expected, || format!("{found:?} instead of {expected:?}"))?;
            }
            Action::Keep => kept.push((store.snapshot()?, model.clone())),
            Action::Scan(from, to) => {
                let (from, to) = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
                model.compare_range(&*store.snapshot()?, from, to)?;
            }
            Action::Reopen if store.is_volatile() => {}
            Action::Reopen => {
                compare_all(&kept)?;
                kept.clear();
                drop(store);
                store = place.open()?;
            }
        }
    }
    kept.push((store.snapshot()?, model));
    compare_all(&kept)
}

fn compare_all(kept: &[(std::sync::Arc<dyn Snapshot>, Model)]) -> Outcome {
    kept.iter().try_for_each(|(snapshot, model)| model.compare(&**snapshot))
}

fn sets(model: &Model, parts: &[(u32, bool, Writes)]) -> Vec<WriteSet> {
    let mut model = model.clone();
    let mut sets = Vec::new();
    for (feed, current, writes) in parts {
        let found = model.version(*feed);
        let next = Version { epoch: 1, commit: found.commit + 1 };
        let expected = if *current { found } else { Version { epoch: 9, commit: found.commit } };
        let writes = writes.iter().cloned().collect();
        let set = WriteSet { feed: *feed, expected, next, writes, ..WriteSet::default() };
        // A refused set changes nothing, so the model's answer does not matter here.
        let _ = model.apply(&set);
        sets.push(set);
    }
    sets
}

/// A small generator of random numbers, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % sides
    }

    fn key(&mut self, telling: &[Vec<u8>]) -> Vec<u8> {
        match self.roll(4) {
            0 => telling[self.roll(telling.len())].clone(),
            1 => (0..=self.roll(3)).map(|_| self.roll(4) as u8).collect(),
            _ => (self.roll(800) as u32 + 0x5000_0000).to_be_bytes().to_vec(),
        }
    }

    fn writes(&mut self, telling: &[Vec<u8>]) -> Writes {
        let count = [1, 2, 5, 60][self.roll(4)];
        let write = |_| {
            let length = [0, 3, 120, 1500, 9000][self.roll(5)];
            let value = (self.roll(3) > 0).then(|| vec![self.roll(256) as u8; length]);
            (self.key(telling), value)
        };
        (0..count).map(write).collect()
    }
}

fn random(place: &dyn Place) -> Outcome {
    let telling = telling_keys();
    let mut dice = Dice(0x11fe);
    let mut actions = Vec::new();
    for _ in 0..250 {
        actions.push(match dice.roll(12) {
            0 => Action::Keep,
            1 | 2 => {
                let (from, to) = (dice.key(&telling), dice.key(&telling));
                Action::Scan(Bound::Included(from), Bound::Excluded(to))
            }
            3 if dice.roll(4) == 0 => Action::Reopen,
            _ => Action::Commit(
                (0..=dice.roll(3))
                    .map(|_| (dice.roll(3) as u32, dice.roll(8) > 0, dice.writes(&telling)))
                    .collect(),
            ),
        });
    }
    replay(place, &actions).map_err(|Failure(message)| Failure(format!("in the random history: {message}")))
}
