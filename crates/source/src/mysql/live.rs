//! The live elements: applies a transaction of the database to what queries see.

use super::log::{Ended, Step};
use super::mapping::{BadRow, Mapping};
use crate::SourceError;
use crate::pages::Elements;
use crate::source::{Commit, Input, Side};
use livewell_model::{Change, Element, ElementId, Transaction};

/// Returns the place of a row that is set aside.
pub(super) fn place(bad: &BadRow) -> String {
    format!("the row `{}` of `{}`", bad.key, bad.table)
}

/// Sets aside a row. It is not read again: the log has it when it changes.
pub(super) fn park(
    commit: &mut dyn Commit,
    place: &str,
    text: &str,
    reason: &str,
) -> Result<(), SourceError> {
    commit.park(&Input { place: &place, part: 0, text: Some(text), is_whole: false }, reason)
}

/// Applies the steps of one transaction.
pub(super) struct Live<'a> {
    commit: &'a mut dyn Commit,
    mappings: &'a [Mapping],
    /// Whether rows that cannot become elements are set aside; otherwise they stop the source.
    parks: bool,
    /// The changes so far; `None` if each goes to the commit as it comes.
    changes: Option<Vec<Change>>,
}

impl<'a> Live<'a> {
    pub fn new(commit: &'a mut dyn Commit, mappings: &'a [Mapping], parks: bool) -> Self {
        Self { commit, mappings, parks, changes: None }
    }

    /// Adds the transaction to the log, if it changes anything.
    pub fn take_in(mut self, group: &Ended) -> Result<(), SourceError> {
        let Ended { steps, timestamp, .. } = group;
        // A single `TRUNCATE` may concern more rows than memory holds.
        if steps.iter().any(|step| matches!(step, Step::Truncate { .. })) {
            self.commit.begin(Some(*timestamp))?;
            steps.iter().try_for_each(|step| self.step(step))?;
            return self.commit.end().map(drop);
        }
        self.changes = Some(Vec::with_capacity(steps.len()));
        steps.iter().try_for_each(|step| self.step(step))?;
        match self.changes {
            Some(changes) if !changes.is_empty() => {
                self.commit.add(Transaction { changes, timestamp: Some(*timestamp) }).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), SourceError> {
        match step {
            Step::Put { table, before, after } => {
                let mapping = &self.mappings[*table];
                let before = before.as_ref().map(|cells| mapping.key(cells)).transpose()?;
                match mapping.row(after)? {
                    Ok(row) => {
                        if let Some(before) = before.filter(|before| *before != row.key) {
                            self.delete(mapping, &before)?;
                        }
                        self.set(Change::insert(row.node))?;
                        row.links.into_iter().try_for_each(|(id, link)| {
                            self.set(link.map_or_else(|| Change::Delete(id), Change::insert))
                        })
                    }
                    Err(bad) if self.parks => {
                        if let Some(before) = before.filter(|before| *before != bad.key) {
                            self.delete(mapping, &before)?;
                        }
                        self.delete(mapping, &bad.key)?;
                        park(self.commit, &place(&bad), &bad.text, &bad.error.message)
                    }
                    Err(bad) => Err(bad.error),
                }
            }
            Step::Delete { table, before } => {
                let mapping = &self.mappings[*table];
                self.delete(mapping, &mapping.key(before)?)
            }
            Step::Truncate { table } => self.truncate(&self.mappings[*table]),
        }
    }

    fn delete(&mut self, mapping: &Mapping, key: &str) -> Result<(), SourceError> {
        mapping.ids(key)?.into_iter().try_for_each(|id: ElementId| self.set(Change::Delete(id)))
    }

    /// Deletes all rows that exist after the steps so far: each of those was written.
    fn truncate(&mut self, mapping: &Mapping) -> Result<(), SourceError> {
        for prefix in mapping.prefixes() {
            let mut all = Elements::of(Side::Live, prefix);
            while let Some(element) = all.next(self.commit)? {
                let id = Element::id(&element).clone();
                self.set(Change::Delete(id))?;
            }
        }
        Ok(())
    }

    fn set(&mut self, change: Change) -> Result<(), SourceError> {
        match &mut self.changes {
            Some(changes) => {
                changes.push(change);
                Ok(())
            }
            None => self.commit.change(change),
        }
    }
}
