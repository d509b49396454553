//! The live elements: applies a transaction of the database to what queries see.

use super::keys::Keys;
use super::notes;
use super::rows::{Link, Row, Shape};
use super::step::{Step, What};
use super::upstream::Steps;
use crate::error::code;
use crate::pages::Elements;
use crate::source::{Commit, Input, Side, Stored};
use crate::{ErrorKind, SourceError};
use livewell_model::{Change, Element, ElementId, Timestamp, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the place of a row that is set aside.
pub(super) fn place(table: &str, key: &str) -> String {
    format!("the row `{key}` of `{table}`")
}

/// Sets aside a row. It is not read again: the stream sends it when it changes.
pub(super) fn park(
    commit: &mut dyn Commit,
    place: &str,
    text: &str,
    reason: &str,
) -> Result<(), SourceError> {
    commit.park(&Input { place: &place, part: 0, text: Some(text), is_whole: false }, reason)
}

/// Applies a transaction's steps to the live elements; looks up the old ones only if a step has less than the whole
/// row.
pub(super) struct Live<'a> {
    commit: &'a mut dyn Commit,
    /// Partitions that are sent as themselves: only a list knows their rows.
    leaves: &'a BTreeSet<u32>,
    /// Units whose rows are exactly what the stream says; in others a value that was not sent may be missing.
    exact: &'a BTreeSet<u32>,
    /// Whether rows that cannot become elements are set aside; otherwise they stop the source.
    parks: bool,
    changes: Changes,
}

/// Where the changes of a transaction go.
enum Changes {
    /// They are collected. `touched`: the elements after the steps so far, if steps look back.
    Listed { changes: Vec<Change>, touched: Option<BTreeMap<ElementId, Option<Element>>> },
    /// They are too many for memory: each goes to the commit as it comes.
    Written,
}

impl<'a> Live<'a> {
    pub fn new(
        commit: &'a mut dyn Commit,
        leaves: &'a BTreeSet<u32>,
        exact: &'a BTreeSet<u32>,
        parks: bool,
    ) -> Self {
        Self { commit, leaves, exact, parks, changes: Changes::Written }
    }

    /// Adds the transaction to the log, if it changes anything.
    pub fn take_in(mut self, steps: Steps, timestamp: Timestamp) -> Result<(), SourceError> {
        let steps = match steps {
            // A single `TRUNCATE` may concern more rows than memory holds.
            Steps::Listed(steps) if !steps.iter().any(|step| matches!(step.what, What::Truncate)) => steps,
            steps => {
                self.commit.begin(Some(timestamp))?;
                steps.into_each(|step| self.step(step))?;
                return self.commit.end().map(drop);
            }
        };
        let touched = steps.iter().any(looks_back).then(BTreeMap::new);
        self.changes = Changes::Listed { changes: Vec::with_capacity(steps.len()), touched };
        steps.into_iter().try_for_each(|step| self.step(step))?;
        match self.changes {
            Changes::Listed { changes, .. } if !changes.is_empty() => {
                self.commit.add(Transaction { changes, timestamp: Some(timestamp) }).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, step: Step) -> Result<(), SourceError> {
        let Step { unit, shape, what } = step;
        match what {
            What::Put { row, from } => self.put(unit, &shape, row, from.as_deref()),
            What::Bad { row, from } => {
                if let Some(from) = from {
                    self.delete(unit, &shape, &from)?;
                }
                self.delete(unit, &shape, &row.key)?;
                park(self.commit, &place(&shape.name, &row.key), &row.text, &row.error.message)
            }
            What::Delete { key } => self.delete(unit, &shape, &key),
            What::Truncate => self.truncate(unit, &shape),
            // Its table is being copied.
            What::Unclear => Ok(()),
        }
    }

    fn put(
        &mut self,
        unit: u32,
        shape: &Shape,
        row: Box<Row>,
        from: Option<&str>,
    ) -> Result<(), SourceError> {
        let row = if is_partial(&row) {
            match self.filled(unit, shape, &row, from)? {
                Some(filled) => filled,
                None => return self.set_aside(unit, shape, &row, from),
            }
        } else {
            *row
        };
        if let Some(from) = from {
            self.delete(unit, shape, from)?;
        }
        if self.leaves.contains(&unit) {
            self.commit.put_note(&notes::leaf(unit, &row.key), Some(Vec::new()));
        }
        self.set(row.node.id.clone(), Some(row.node.into()))?;
        for link in row.links {
            match link {
                Link::To(relationship) => self.set(relationship.id.clone(), Some(relationship.into()))?,
                Link::Without(id) => self.set(id, None)?,
                Link::Kept(_) => {}
            }
        }
        Ok(())
    }

    /// Sets aside a row with values that were not sent and that are not stored.
    fn set_aside(
        &mut self,
        unit: u32,
        shape: &Shape,
        row: &Row,
        from: Option<&str>,
    ) -> Result<(), SourceError> {
        from.into_iter().chain([row.key.as_str()]).try_for_each(|key| self.delete(unit, shape, key))?;
        let place = place(&shape.name, &row.key);
        let text = serde_json::json!({ "key": row.cells }).to_string();
        park(self.commit, &place, &text, "values of it were not sent, and it was set aside before")
    }

    /// Returns the row completed with what was not sent, from its old element; `None` if the row is to be set aside.
    fn filled(
        &self,
        unit: u32,
        shape: &Shape,
        row: &Row,
        from: Option<&str>,
    ) -> Result<Option<Row>, SourceError> {
        let before = from.unwrap_or(&row.key);
        let node = self.now(&shape.node_id(before)?)?;
        let mut row = row.clone();
        for name in std::mem::take(&mut row.kept) {
            match node.as_ref().and_then(|node| node.properties().get(&name)) {
                Some(value) => {
                    row.node.properties.insert(name, value.clone());
                }
                None if !self.exact.contains(&unit) => {}
                None if self.parks && node.is_none() => return Ok(None),
                // A null is never sent as unchanged, so the value must be stored.
                None => {
                    let message = format!("`{}` has no `{name}` here, and it is not sent again", row.node.id);
                    return Err(SourceError::new(ErrorKind::Changed, code::ALTERED, message));
                }
            }
        }
        let ids = shape.ids(before)?;
        for (link, old) in row.links.iter_mut().zip(ids.into_iter().skip(1)) {
            if let (Link::Kept(id), Some(_)) = (&*link, from) {
                *link = moved(self.now(&old)?, id, &row.node.id);
            }
        }
        Ok(Some(row))
    }

    fn delete(&mut self, unit: u32, shape: &Shape, key: &str) -> Result<(), SourceError> {
        if self.leaves.contains(&unit) {
            self.commit.put_note(&notes::leaf(unit, key), None);
        }
        shape.ids(key)?.into_iter().try_for_each(|id| self.set(id, None))
    }

    /// Deletes all rows that exist after the steps so far: each of those was written.
    fn truncate(&mut self, unit: u32, shape: &Shape) -> Result<(), SourceError> {
        if self.leaves.contains(&unit) {
            // Only a list knows the rows of a partition that is sent as itself.
            let mut keys = Keys::of(notes::leaf_prefix(unit));
            while let Some(key) = keys.next(self.commit)? {
                self.delete(unit, shape, &key)?;
            }
            return Ok(());
        }
        for prefix in table_prefixes(shape) {
            let mut all = Elements::of(Side::Live, prefix);
            while let Some(element) = all.next(self.commit)? {
                self.set(element.id().clone(), None)?;
            }
        }
        Ok(())
    }

    fn set(&mut self, id: ElementId, element: Option<Element>) -> Result<(), SourceError> {
        if let Changes::Listed { touched: Some(touched), .. } = &mut self.changes {
            touched.insert(id.clone(), element.clone());
        }
        let change = element.map_or_else(|| Change::Delete(id), Change::Insert);
        match &mut self.changes {
            Changes::Listed { changes, .. } => changes.push(change),
            Changes::Written => self.commit.change(change)?,
        }
        Ok(())
    }

    fn now(&self, id: &ElementId) -> Result<Option<Element>, SourceError> {
        if let Changes::Listed { touched: Some(touched), .. } = &self.changes
            && let Some(now) = touched.get(id)
        {
            return Ok(now.clone());
        }
        self.commit.element(Side::Live, &id.id)
    }
}

/// Returns whether a step needs the elements as the steps before it left them.
fn looks_back(step: &Step) -> bool {
    match &step.what {
        What::Put { row, .. } => is_partial(row),
        What::Bad { .. } | What::Delete { .. } | What::Truncate | What::Unclear => false,
    }
}

fn is_partial(row: &Row) -> bool {
    !row.kept.is_empty() || row.links.iter().any(|link| matches!(link, Link::Kept(_)))
}

/// Returns a relationship that moves to another id, from another node.
fn moved(before: Option<Element>, id: &ElementId, from: &ElementId) -> Link {
    match before {
        Some(Element::Relationship(relationship)) => {
            let mut relationship = (*relationship).clone();
            (relationship.id, relationship.from) = (id.clone(), from.clone());
            Link::To(relationship)
        }
        _ => Link::Without(id.clone()),
    }
}

/// Returns the row completed with what was not sent, from its old elements of `side`; `None` if something is missing
/// there.
pub(super) fn filled(
    stored: &dyn Stored,
    side: Side,
    shape: &Shape,
    row: &Row,
    before: &str,
) -> Result<Option<Row>, SourceError> {
    let mut row = row.clone();
    let Some(node) = stored.element(side, &shape.node_id(before)?.id)? else { return Ok(None) };
    for name in std::mem::take(&mut row.kept) {
        let Some(value) = node.properties().get(&name) else { return Ok(None) };
        row.node.properties.insert(name, value.clone());
    }
    for (link, old) in row.links.iter_mut().zip(shape.ids(before)?.into_iter().skip(1)) {
        if let Link::Kept(id) = &*link {
            *link = moved(stored.element(side, &old.id)?, id, &row.node.id);
        }
    }
    Ok(Some(row))
}

/// Returns the prefixes of the ids of a table's elements: of its nodes, then of its relationships.
pub(super) fn table_prefixes(shape: &Shape) -> [String; 2] {
    [format!("{}.", shape.prefix), format!("{}:", shape.prefix)]
}
