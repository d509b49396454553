//! Reads rows that differed again until they are equal, or are known to be wrong.
//!
//! In each round a suspect is read by its key, and compared with what is stored once the stream has passed that
//! snapshot. What is stored then has every transaction that the snapshot sees, and perhaps later ones. Once a later
//! snapshot sees those too, and the row is the same in it, what is stored should have been that row as well: it is
//! wrong, unless the row changed and changed back meanwhile, so this has to happen twice in a row.

use super::compare::{difference, differing, digest, nothing};
use super::halt::Halt;
use super::reader::Passed;
use super::table::{KEYS_MAX, TableCheck, key_and_cells};
use crate::postgres::live::place;
use crate::postgres::position::Lsn;
use crate::postgres::verify::compare::Expected;
use crate::postgres::visible::Visible;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a suspect is read before it is given up.
const ROUNDS_MAX: u32 = 10;
/// How many times in a row a suspect has to be wrong.
const WRONG_MIN: u32 = 2;
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// Rows that were read by their keys.
pub(super) struct Rows {
    pub rows: BTreeMap<String, Expected>,
    snapshots: Vec<Visible>,
    /// The position at which the stream has passed all of these snapshots.
    passed: Lsn,
}

impl TableCheck<'_, '_> {
    /// Reads the rows with these keys, from all units.
    pub(super) fn rows_with(&mut self, keys: &[(String, Vec<String>)]) -> Result<Rows, Halt> {
        let mut found = Rows { rows: BTreeMap::new(), snapshots: Vec::new(), passed: Lsn(0) };
        for unit in self.units.clone() {
            let range = self.reader.range(unit, keys.to_vec(), None)?;
            for row in &range.rows {
                found.rows.insert(key_and_cells(row).0.to_owned(), self.expected(row)?);
            }
            found.passed = found.passed.max(range.passed);
            found.snapshots.push(range.snapshot);
        }
        Ok(found)
    }

    /// Reads all suspects again until none is left.
    pub(super) fn resolve(&mut self) -> Result<(), Halt> {
        let mut pause = PAUSE_FIRST;
        for round in 1..=ROUNDS_MAX {
            if self.suspects.is_empty() {
                return Ok(());
            }
            if round > 1 {
                self.reader.pause(pause)?;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            let keys = self.suspects.iter().map(|(key, suspect)| (key.clone(), suspect.cells.clone()));
            let keys: Vec<_> = keys.collect();
            for keys in keys.chunks(KEYS_MAX) {
                self.look_again(keys, round == ROUNDS_MAX)?;
            }
        }
        Ok(())
    }

    fn look_again(&mut self, keys: &[(String, Vec<String>)], is_last: bool) -> Result<(), Halt> {
        let Rows { mut rows, snapshots, passed } = self.rows_with(keys)?;
        let Passed { view, position, is_reached } = self.reader.passed(passed)?;
        let is_known = self.reader.check_rest(&*view, self.root, &self.units)?;
        let is_altered_for_long = !is_known && self.reader.is_altered_for_long();
        let unseen: Arc<[u64]> = position.unseen.iter().map(|(transaction, _)| *transaction).collect();
        for (key, _) in keys {
            let expected = match rows.remove(key) {
                Some(expected) => expected,
                None => nothing(&self.shape, key)?,
            };
            let differing = differing(&*view, &expected)?;
            let Some(suspect) = self.suspects.get_mut(key).filter(|_| !differing.is_empty()) else {
                self.suspects.remove(key);
                continue;
            };
            if !is_reached {
                self.table.behind += 1;
                self.suspects.remove(key);
                continue;
            }
            suspect.see(digest(&expected), &unseen, &snapshots);
            // The source may learn soon what was altered.
            let is_firm = suspect.wrong >= WRONG_MIN && (is_known || is_altered_for_long);
            if is_firm || is_last && suspect.wrong > 0 {
                let is_absent = differing.iter().all(|(_, stored, _)| stored.is_none());
                let place = place(&self.shape.name, key);
                if is_absent && self.reader.parked()?.contains(&place) {
                    self.table.parked += 1;
                    self.suspects.remove(key);
                    continue;
                }
                for one in &differing {
                    self.add_difference(difference(&self.shape.name.clone(), one));
                }
                if expected.iter().all(|(_, element)| element.is_none()) {
                    self.counted.insert(key.clone());
                }
                self.suspects.remove(key);
            } else if is_last {
                self.table.kept_changing += 1;
                self.suspects.remove(key);
            }
        }
        Ok(())
    }
}
