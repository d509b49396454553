//! The end of a copy: what differs between the stage and the live elements.

use super::{Copy, notes};
use crate::SourceError;
use crate::postgres::live::{leaf_keys, table_prefixes};
use crate::postgres::rows::Shape;
use crate::source::{Commit, Side, Stored};
use livewell_model::{Change, Element, ElementId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many elements are read at once.
const PAGE: usize = 1_000;

impl Copy {
    /// The changes that make the live elements of the copied tables those of the stage. Brings the lists of the
    /// partitions' rows to what they are then. `complete`: the roots all of whose units are copied.
    pub fn difference(
        &self,
        commit: &mut dyn Commit,
        shapes: &BTreeMap<u32, Arc<Shape>>,
        complete: &BTreeSet<u32>,
    ) -> Result<Vec<Change>, SourceError> {
        let mut changes = Vec::new();
        for root in complete {
            let Some(shape) = shapes.get(root) else { continue };
            for prefix in table_prefixes(shape) {
                compare(commit, &prefix, &mut changes)?;
            }
        }
        for (oid, unit) in self.units.iter().filter(|(oid, unit)| unit.facts.root != **oid && !unit.is_gone) {
            let Some(shape) = shapes.get(&unit.facts.root) else { continue };
            let keys = self.sync_leaf(commit, *oid)?;
            if complete.contains(&unit.facts.root) {
                continue;
            }
            for key in keys {
                for id in shape.ids(&key)? {
                    compare_one(commit, &id, &mut changes)?;
                }
            }
        }
        Ok(changes)
    }

    /// Makes the list of a partition's live rows that of its staged rows; returns the keys in either.
    fn sync_leaf(&self, commit: &mut dyn Commit, oid: u32) -> Result<BTreeSet<String>, SourceError> {
        let mut keys: BTreeSet<String> = leaf_keys(commit, oid)?.into_iter().collect();
        let mut staged = BTreeSet::new();
        notes::each(commit, &notes::staged_prefix(self.head.number, oid), |key, _| {
            staged.insert(notes::text_in(key)?);
            Ok(())
        })?;
        for key in keys.difference(&staged) {
            commit.put_note(&notes::leaf(oid, key), None);
        }
        for key in staged.difference(&keys) {
            commit.put_note(&notes::leaf(oid, key), Some(Vec::new()));
        }
        keys.append(&mut staged);
        Ok(keys)
    }
}

fn compare_one(commit: &dyn Commit, id: &ElementId, changes: &mut Vec<Change>) -> Result<(), SourceError> {
    let (before, after) = (commit.element(Side::Live, &id.id)?, commit.element(Side::Staged, &id.id)?);
    match after {
        after if before == after => {}
        Some(after) => changes.push(Change::Insert(after)),
        None => changes.push(Change::Delete(id.clone())),
    }
    Ok(())
}

/// Compares all elements of both sides whose ids begin with `prefix`.
fn compare(commit: &dyn Commit, prefix: &str, changes: &mut Vec<Change>) -> Result<(), SourceError> {
    let mut before = Pages::new(commit, Side::Live, prefix);
    let mut after = Pages::new(commit, Side::Staged, prefix);
    let (mut old, mut new) = (before.next()?, after.next()?);
    loop {
        match (&old, &new) {
            (None, None) => return Ok(()),
            (Some(gone), None) => changes.push(Change::Delete(gone.id().clone())),
            (Some(gone), Some(next)) if gone.id().id < next.id().id => {
                changes.push(Change::Delete(gone.id().clone()));
                old = before.next()?;
                continue;
            }
            (Some(same), Some(next)) if same.id().id == next.id().id => {
                if same != next {
                    changes.push(Change::Insert(next.clone()));
                }
                old = before.next()?;
                new = after.next()?;
                continue;
            }
            (_, Some(next)) => {
                changes.push(Change::Insert(next.clone()));
                new = after.next()?;
                continue;
            }
        }
        old = before.next()?;
    }
}

/// The elements of one side, page by page.
struct Pages<'a> {
    stored: &'a dyn Stored,
    side: Side,
    prefix: &'a str,
    page: std::vec::IntoIter<Element>,
    after: Option<String>,
}

impl<'a> Pages<'a> {
    fn new(stored: &'a dyn Stored, side: Side, prefix: &'a str) -> Self {
        Self { stored, side, prefix, page: Vec::new().into_iter(), after: None }
    }

    fn next(&mut self) -> Result<Option<Element>, SourceError> {
        if self.page.len() == 0 {
            let page = self.stored.elements(self.side, self.prefix, self.after.as_deref(), PAGE)?;
            self.page = page.into_iter();
        }
        let next = self.page.next();
        if let Some(element) = &next {
            self.after = Some(element.id().id.to_string());
        }
        Ok(next)
    }
}
