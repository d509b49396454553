//! The end of a copy: changes the live elements where they differ from the stage.

use super::{Copy, notes};
use crate::SourceError;
use crate::difference::{compare, first};
use crate::postgres::keys::Keys;
use crate::postgres::live::table_prefixes;
use crate::postgres::rows::Shape;
use crate::source::{Commit, Side};
use livewell_model::{Change, ElementId};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Copy {
    /// Makes the live elements of the copied tables equal to those of the stage, by changes of the transaction that was
    /// begun, and returns the number of changes. Updates the lists of the partitions' rows. `complete`: the roots all
    /// of whose units are copied.
    pub fn difference(
        &self,
        commit: &mut dyn Commit,
        shapes: &BTreeMap<u32, Arc<Shape>>,
        complete: &BTreeSet<u32>,
    ) -> Result<u64, SourceError> {
        let mut changes = 0;
        for root in complete {
            let Some(shape) = shapes.get(root) else { continue };
            for prefix in table_prefixes(shape) {
                changes += compare(commit, &prefix)?;
            }
        }
        for (oid, unit) in self.units.iter().filter(|(oid, unit)| unit.facts.root != **oid && !unit.is_gone) {
            let Some(shape) = shapes.get(&unit.facts.root) else { continue };
            let is_compared = complete.contains(&unit.facts.root);
            changes += self.sync_leaf(commit, *oid, shape, is_compared)?;
        }
        Ok(changes)
    }

    /// Makes the list of a partition's live rows equal to that of its staged rows. Compares the rows in either, unless
    /// that is done already.
    fn sync_leaf(
        &self,
        commit: &mut dyn Commit,
        oid: u32,
        shape: &Shape,
        is_compared: bool,
    ) -> Result<u64, SourceError> {
        let (mut before, mut after) =
            (Keys::of(notes::leaf_prefix(oid)), Keys::of(notes::staged_prefix(self.head.number, oid)));
        let (mut old, mut new) = (before.next(commit)?, after.next(commit)?);
        let mut changes = 0;
        while let Some((order, key)) = first(old.as_ref(), new.as_ref(), |key| key) {
            let key = key.clone();
            match order {
                Ordering::Less => commit.put_note(&notes::leaf(oid, &key), None),
                Ordering::Greater => commit.put_note(&notes::leaf(oid, &key), Some(Vec::new())),
                Ordering::Equal => {}
            }
            if !is_compared {
                for id in shape.ids(&key)? {
                    changes += compare_one(commit, &id)?;
                }
            }
            if order.is_le() {
                old = before.next(commit)?;
            }
            if order.is_ge() {
                new = after.next(commit)?;
            }
        }
        Ok(changes)
    }
}

fn compare_one(commit: &mut dyn Commit, id: &ElementId) -> Result<u64, SourceError> {
    let (before, after) = (commit.element(Side::Live, &id.id)?, commit.element(Side::Staged, &id.id)?);
    if before == after {
        return Ok(0);
    }
    commit.change(after.map_or_else(|| Change::Delete(id.clone()), Change::Insert))?;
    Ok(1)
}
