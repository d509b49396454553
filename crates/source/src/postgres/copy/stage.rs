//! The stage: rows as ranges bring them and the stream changes them, until the copy is complete.

use super::range::{Range, What as Asked};
use super::{Copy, CopyUnit, notes};
use crate::SourceError;
use crate::postgres::failure::damaged;
use crate::postgres::live;
use crate::postgres::rows::{BadRow, Link, Row, Shape, prefix};
use crate::postgres::step::{Step, What};
use crate::postgres::upstream::Upstream;
use crate::source::{Commit, Side};
use livewell_model::{Element, Timestamp};

/// How many staged rows are deleted in one commit.
const CLEAR_MAX: usize = 1_000;
/// If more rows than these are staged, a `TRUNCATE` does not search them; their table begins again.
const TRUNCATE_MAX: usize = 100_000;
/// If more rows than these have to be read again, their table begins again.
const AGAIN_MAX: usize = 100_000;

/// Whether a row's stamp sees a transaction.
enum Stamped {
    /// The row is not staged.
    Not,
    /// The range that brought the row has seen the transaction.
    Sees,
    /// The range has not seen it, or the stream brought the row.
    SeesNot,
}

impl Copy {
    /// Applies a transaction of the stream to the stage (rules 2 to 4).
    pub fn follow(&mut self, commit: &mut dyn Commit, upstream: &Upstream) -> Result<(), SourceError> {
        if !upstream.steps.units().iter().any(|unit| self.units.contains_key(unit)) {
            return Ok(());
        }
        upstream.steps.each(|step| {
            let is_due = |unit: &CopyUnit| !unit.is_clearing && !unit.begun.sees(upstream.transaction);
            if self.units.get(&step.unit).is_some_and(is_due) {
                self.step(commit, step, upstream.transaction, upstream.timestamp)?;
            }
            Ok(())
        })
    }

    fn step(
        &mut self,
        commit: &mut dyn Commit,
        step: &Step,
        transaction: u64,
        timestamp: Timestamp,
    ) -> Result<(), SourceError> {
        let (unit, shape) = (step.unit, &step.shape);
        match &step.what {
            What::Put { row, from } => {
                let filled = self.filled(commit, unit, shape, row, from.as_deref(), transaction)?;
                if let Some(from) = from {
                    self.delete(commit, unit, shape, from, transaction)?;
                }
                if matches!(self.stamped(commit, unit, &row.key, transaction)?, Stamped::Sees) {
                    return Ok(());
                }
                match filled {
                    Some(row) => self.put_row(commit, unit, &row, 0, timestamp),
                    None => self.put_again(commit, unit, shape, row),
                }
            }
            What::Bad { row, from } => {
                if let Some(from) = from {
                    self.delete(commit, unit, shape, from, transaction)?;
                }
                self.delete(commit, unit, shape, &row.key, transaction)
            }
            What::Delete { key } => self.delete(commit, unit, shape, key, transaction),
            What::Truncate => self.truncate(commit, unit, shape, transaction),
            What::Unclear => {
                self.begin_again(commit, unit);
                Ok(())
            }
        }
    }

    /// Removes all rows whose stamp does not see the transaction; the others were inserted after it.
    fn truncate(
        &mut self,
        commit: &mut dyn Commit,
        unit: u32,
        shape: &Shape,
        transaction: u64,
    ) -> Result<(), SourceError> {
        self.forget_again(commit, unit);
        let prefix = notes::staged_prefix(self.head.number, unit);
        let (mut after, mut count) = (None, 0);
        loop {
            let page = commit.notes(&prefix, after.as_deref(), CLEAR_MAX)?;
            count += page.len();
            if count > TRUNCATE_MAX {
                self.begin_again(commit, unit);
                return Ok(());
            }
            for (key, _) in &page {
                let key = notes::text_in(&key[prefix.len()..])?;
                if matches!(self.stamped(commit, unit, &key, transaction)?, Stamped::SeesNot) {
                    self.remove(commit, unit, shape, &key)?;
                }
            }
            match page.into_iter().last() {
                Some((key, _)) => after = Some(key),
                None => return Ok(()),
            }
        }
    }

    /// Begins a unit again, with its present facts.
    pub fn begin_again(&mut self, commit: &mut dyn Commit, oid: u32) {
        if let Some(unit) = self.units.get(&oid) {
            let (facts, begun) = (unit.facts.clone(), unit.begun.clone());
            self.begin_unit(commit, oid, facts, begun);
        }
    }

    fn stamped(
        &self,
        commit: &dyn Commit,
        unit: u32,
        key: &str,
        transaction: u64,
    ) -> Result<Stamped, SourceError> {
        let Some(bytes) = commit.note(&notes::staged(self.head.number, unit, key))? else {
            return Ok(Stamped::Not);
        };
        let sees = match notes::decode_staged(&bytes)? {
            0 => false,
            number => {
                let stamp = self.stamps.get(number as usize - 1).ok_or_else(damaged)?;
                stamp.sees(transaction)
            }
        };
        Ok(if sees { Stamped::Sees } else { Stamped::SeesNot })
    }

    /// Returns the row completed with what was not sent, from the staged row before it; `None` if that is not staged
    /// (rule 3).
    fn filled(
        &self,
        commit: &dyn Commit,
        unit: u32,
        shape: &Shape,
        row: &Row,
        from: Option<&str>,
        transaction: u64,
    ) -> Result<Option<Row>, SourceError> {
        if row.kept.is_empty() && !row.links.iter().any(|link| matches!(link, Link::Kept(_))) {
            return Ok(Some(row.clone()));
        }
        let before = from.unwrap_or(&row.key);
        if !matches!(self.stamped(commit, unit, before, transaction)?, Stamped::SeesNot) {
            return Ok(None);
        }
        live::filled(commit, Side::Staged, shape, row, before)
    }

    fn put_row(
        &mut self,
        commit: &mut dyn Commit,
        unit: u32,
        row: &Row,
        stamp: u32,
        changed: Timestamp,
    ) -> Result<(), SourceError> {
        commit.stage(&row.node.id.id, Some(&Element::from(row.node.clone())), changed)?;
        for link in &row.links {
            let relationship = match link {
                Link::To(relationship) => Some(Element::from(relationship.clone())),
                Link::Without(_) | Link::Kept(_) => None,
            };
            commit.stage(&link.id().id, relationship.as_ref(), changed)?;
        }
        let number = self.head.number;
        commit.put_note(&notes::staged(number, unit, &row.key), Some(notes::encode_staged(stamp)));
        if self.head.is_base && self.is_leaf(unit) {
            commit.put_note(&notes::leaf(unit, &row.key), Some(Vec::new()));
        }
        if self.again.remove(&(unit, row.key.clone())).is_some() {
            commit.put_note(&notes::again(number, unit, &row.key), None);
        }
        Ok(())
    }

    /// Returns whether the unit is a partition that is sent as itself, so that only a list knows its live rows.
    fn is_leaf(&self, oid: u32) -> bool {
        self.units.get(&oid).is_some_and(|unit| unit.facts.root != oid)
    }

    fn put_again(
        &mut self,
        commit: &mut dyn Commit,
        unit: u32,
        shape: &Shape,
        row: &Row,
    ) -> Result<(), SourceError> {
        self.remove(commit, unit, shape, &row.key)?;
        let key = notes::again(self.head.number, unit, &row.key);
        commit.put_note(&key, Some(notes::encode(&row.cells)));
        self.again.insert((unit, row.key.clone()), row.cells.clone());
        if self.again.len() > AGAIN_MAX {
            self.begin_again(commit, unit);
        }
        Ok(())
    }

    fn delete(
        &mut self,
        commit: &mut dyn Commit,
        unit: u32,
        shape: &Shape,
        key: &str,
        transaction: u64,
    ) -> Result<(), SourceError> {
        if matches!(self.stamped(commit, unit, key, transaction)?, Stamped::SeesNot) {
            self.remove(commit, unit, shape, key)?;
        }
        if self.again.remove(&(unit, key.to_owned())).is_some() {
            commit.put_note(&notes::again(self.head.number, unit, key), None);
        }
        Ok(())
    }

    fn remove(
        &self,
        commit: &mut dyn Commit,
        unit: u32,
        shape: &Shape,
        key: &str,
    ) -> Result<(), SourceError> {
        for id in shape.ids(key)? {
            commit.stage(&id.id, None, Timestamp::default())?;
        }
        self.forget(commit, unit, key);
        Ok(())
    }

    fn forget(&self, commit: &mut dyn Commit, unit: u32, key: &str) {
        commit.put_note(&notes::staged(self.head.number, unit, key), None);
        if self.head.is_base && self.is_leaf(unit) {
            commit.put_note(&notes::leaf(unit, key), None);
        }
    }

    /// Takes in the rows of a range. Every transaction that was taken in before is visible in it (rule 1, which
    /// [`super::range::read`] has checked: nothing was taken in since). Returns the rows that cannot become elements.
    pub fn take_in(
        &mut self,
        commit: &mut dyn Commit,
        shape: &Shape,
        range: Range,
    ) -> Result<Vec<BadRow>, SourceError> {
        let unit = range.unit;
        self.stamps.push(range.snapshot.clone());
        let stamp = u32::try_from(self.stamps.len()).map_err(|_| damaged())?;
        commit.put_note(&notes::stamp(self.head.number, stamp), Some(notes::encode(&range.snapshot)));
        self.head.passed = self.head.passed.max(range.passed.0);
        self.head.time = self.head.time.max(range.time);
        let count = range.rows.len() as u64;
        if let Asked::Again(keys) = &range.what {
            // A row that is no longer found is gone.
            for key in keys {
                self.remove(commit, unit, shape, key)?;
                self.again.remove(&(unit, key.clone()));
                commit.put_note(&notes::again(self.head.number, unit, key), None);
            }
        }
        let changed = Timestamp(range.time);
        let mut bad = Vec::new();
        for row in range.rows {
            match row {
                Ok(row) => self.put_row(commit, unit, &row, stamp, changed)?,
                Err(row) => {
                    self.remove(commit, unit, shape, &row.key)?;
                    bad.push(row);
                }
            }
        }
        if let (Asked::After { last, is_last }, Some(unit)) = (range.what, self.units.get_mut(&unit)) {
            unit.after = last.or(unit.after.take());
            unit.is_done = is_last;
            unit.rows += count;
        }
        self.count_read(count);
        self.put_unit(commit, unit);
        self.put_head(commit);
        Ok(bad)
    }

    /// Deletes some of the staged rows of a unit that begins again or is gone. `shape`: the shape of its rows, if its
    /// table still exists.
    pub fn clear_some(
        &mut self,
        commit: &mut dyn Commit,
        oid: u32,
        shape: Option<&Shape>,
    ) -> Result<(), SourceError> {
        let prefix = notes::staged_prefix(self.head.number, oid);
        let page = commit.notes(&prefix, None, CLEAR_MAX)?;
        let mut is_last = page.len() < CLEAR_MAX;
        for (key, _) in page {
            let key = notes::text_in(&key[prefix.len()..])?;
            match shape {
                Some(shape) => self.remove(commit, oid, shape, &key)?,
                None => self.forget(commit, oid, &key),
            }
        }
        if shape.is_none() {
            is_last &= self.clear_table(commit, oid)?;
        }
        if is_last {
            let is_gone = self.units.get(&oid).is_some_and(|unit| unit.is_gone);
            if is_gone {
                self.units.remove(&oid);
            } else if let Some(unit) = self.units.get_mut(&oid) {
                unit.is_clearing = false;
            }
            self.put_unit(commit, oid);
        }
        Ok(())
    }

    /// Deletes some of the staged rows by the name of their table alone; returns whether that was all. If another table
    /// has that name now, none of its ranges is read before this is done, and then the ranges bring all of its rows.
    fn clear_table(&self, commit: &mut dyn Commit, oid: u32) -> Result<bool, SourceError> {
        let Some(unit) = self.units.get(&oid) else { return Ok(true) };
        let (schema, name) = &unit.facts.root_name;
        let prefix = prefix(schema, name);
        for end in [".", ":"] {
            let page = commit.elements(Side::Staged, &format!("{prefix}{end}"), None, CLEAR_MAX)?;
            for element in &page {
                commit.stage(&element.id().id, None, Timestamp::default())?;
            }
            if page.len() == CLEAR_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
