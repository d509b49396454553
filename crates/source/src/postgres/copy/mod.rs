//! Copies tables while the stream continues: for the first copy, for an added table or partition, for one whose
//! catalogs changed, and for a reset.
//!
//! A table is read in ranges of its key, each in a short transaction of its own, into a stage that nobody sees; each
//! range's snapshot is the *stamp* of its rows. From then on each transaction of the stream changes the live elements
//! and the stage, in one commit, by these rules:
//!
//! 1. A range counts only if every transaction taken in so far is visible in its snapshot; else it is read again.
//! 2. A change whose transaction was visible when the copy of its table began is skipped: every range has it, with all
//!    that happened to the row later, even outside the stream. So is a change whose transaction is visible in the stamp
//!    of the staged row that it concerns. Every other change is applied, also to rows that no range has brought yet:
//!    the range will have it too.
//! 3. A row with a value that was not sent is read again by its key, as a range of one, unless it is staged and its
//!    stamp does not see the change: otherwise what is staged under the key may be another row.
//! 4. A `TRUNCATE` removes all staged rows whose stamp does not see it.
//!
//! Once everything is read and the stream has passed every snapshot, stage and live elements are compared, and the
//! difference is one transaction; a first copy becomes the base instead.
//!
//! Positions in the log cannot replace snapshots: a commit is in the log, and sent, before other sessions see it, and
//! long before if a synchronous standby has to confirm it.

pub(super) mod difference;
pub(super) mod range;
pub(super) mod stage;

use super::catalog::facts::UnitFacts;
use super::notes;
use super::position::Lsn;
use super::visible::Visible;
use crate::SourceError;
use crate::report::window;
use crate::source::{Commit, CopyReport, Part, PartState, Stored, Unit};
use livewell_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The format of a copy's notes: stamps and staged rows have a version.
const FORM: u8 = 1;

/// A copy in progress.
#[derive(Debug)]
pub(super) struct Copy {
    pub head: CopyHead,
    pub units: BTreeMap<u32, CopyUnit>,
    /// The snapshots of the ranges; a staged row refers to its own by number, from 1.
    pub stamps: Vec<Visible>,
    /// Rows to be read again, with the texts of their keys' columns.
    pub again: BTreeMap<(u32, String), Vec<String>>,
    /// The number of rows read by this process, and since when.
    read: (u64, Instant),
}

/// The stored state of a copy as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CopyHead {
    /// The format of its notes; those of earlier versions have none.
    #[serde(default)]
    form: u8,
    /// The number that the keys of its notes begin with.
    pub number: u32,
    /// Whether it becomes the source's first elements.
    pub is_base: bool,
    /// No range may be read whose snapshot has a running transaction before this one.
    pub floor: u64,
    /// The position at which the stream has passed the snapshots of all ranges.
    pub passed: u64,
    /// The server's time at the last range, in nanoseconds since 1970.
    pub time: i64,
}

impl CopyHead {
    pub fn new(number: u32, is_base: bool) -> Self {
        Self { form: FORM, number, is_base, ..Self::default() }
    }
}

/// One table or partition of a copy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CopyUnit {
    pub facts: UnitFacts,
    /// What was visible when it began, and so is visible in the snapshot of each of its ranges.
    pub begun: Visible,
    /// The key of the last row that was read.
    pub after: Option<Vec<String>>,
    pub is_done: bool,
    /// Whether what was staged of it has to be deleted before it is read.
    pub is_clearing: bool,
    /// Whether it is no longer followed: it is removed once what was staged of it is deleted.
    pub is_gone: bool,
    pub rows: u64,
    pub expected: Option<u64>,
}

impl Copy {
    pub fn new(head: CopyHead) -> Self {
        let read = (0, Instant::now());
        Self { head, units: BTreeMap::new(), stamps: Vec::new(), again: BTreeMap::new(), read }
    }

    /// Returns the tables of a copy that an earlier version began. Its notes have no versions, so it has to begin
    /// again.
    pub fn of_before(stored: &dyn Stored) -> Result<BTreeSet<(String, String)>, SourceError> {
        let mut tables = BTreeSet::new();
        let Some(head) = stored.note(notes::COPY)? else { return Ok(tables) };
        let head: CopyHead = notes::decode(&head)?;
        if head.form != FORM {
            notes::each(stored, &notes::unit_prefix(head.number), |_, bytes| {
                let unit: CopyUnit = notes::decode(bytes)?;
                tables.extend((!unit.is_gone).then_some(unit.facts.root_name));
                Ok(())
            })?;
        }
        Ok(tables)
    }

    /// Reads a stored copy, if there is one that can continue.
    pub fn load(stored: &dyn Stored) -> Result<Option<Self>, SourceError> {
        let Some(head) = stored.note(notes::COPY)? else { return Ok(None) };
        let head: CopyHead = notes::decode(&head)?;
        if head.form != FORM {
            return Ok(None);
        }
        let number = head.number;
        let mut copy = Self::new(head);
        notes::each(stored, &notes::unit_prefix(number), |key, bytes| {
            copy.units.insert(notes::number_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        notes::each(stored, &notes::stamp_prefix(number), |_, bytes| {
            copy.stamps.push(notes::decode(bytes)?);
            Ok(())
        })?;
        notes::each(stored, &notes::again_prefix(number), |key, bytes| {
            copy.again.insert(notes::row_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        Ok(Some(copy))
    }

    pub fn put_head(&self, commit: &mut dyn Commit) {
        commit.put_note(notes::COPY, Some(notes::encode(&self.head)));
    }

    pub fn put_unit(&self, commit: &mut dyn Commit, oid: u32) {
        let bytes = self.units.get(&oid).map(notes::encode);
        commit.put_note(&notes::unit(self.head.number, oid), bytes);
    }

    /// Begins a unit, or begins it again, with the current facts of the catalogs and what was visible then.
    pub fn begin_unit(&mut self, commit: &mut dyn Commit, oid: u32, facts: UnitFacts, begun: Visible) {
        let is_clearing = self.units.contains_key(&oid);
        self.units.insert(oid, CopyUnit { facts, begun, is_clearing, ..CopyUnit::default() });
        self.forget_again(commit, oid);
        self.put_unit(commit, oid);
    }

    /// Returns whether the unit is being copied.
    pub fn has(&self, oid: u32) -> bool {
        self.units.get(&oid).is_some_and(|unit| !unit.is_gone)
    }

    /// Records the current facts of a unit. What was read of it stays as it is, and what is still to be read has the
    /// table's new name and its new columns.
    pub fn learn(&mut self, commit: &mut dyn Commit, oid: u32, facts: UnitFacts) {
        if let Some(unit) = self.units.get_mut(&oid) {
            unit.facts = facts;
            self.put_unit(commit, oid);
        }
    }

    /// Takes out a unit that is no longer followed.
    pub fn take_out(&mut self, commit: &mut dyn Commit, oid: u32) {
        if let Some(unit) = self.units.get_mut(&oid) {
            (unit.is_gone, unit.is_clearing) = (true, true);
            self.forget_again(commit, oid);
            self.put_unit(commit, oid);
        }
    }

    pub(super) fn forget_again(&mut self, commit: &mut dyn Commit, oid: u32) {
        let number = self.head.number;
        let due: Vec<_> = self.again.keys().filter(|(unit, _)| *unit == oid).cloned().collect();
        for (unit, key) in due {
            commit.put_note(&notes::again(number, unit, &key), None);
            self.again.remove(&(unit, key));
        }
    }

    /// Returns whether everything is read and the stream has passed every snapshot.
    pub fn is_whole(&self, reached: Lsn) -> bool {
        self.is_read() && reached >= Lsn(self.head.passed)
    }

    /// Returns whether everything is read.
    pub fn is_read(&self) -> bool {
        self.again.is_empty() && self.units.values().all(|unit| unit.is_done && !unit.is_clearing)
    }

    /// Returns the unit to read next, if one is left.
    pub fn next_unit(&self) -> Option<(u32, &CopyUnit)> {
        let due = self.units.iter().find(|(_, unit)| !unit.is_done && !unit.is_clearing && !unit.is_gone);
        due.map(|(oid, unit)| (*oid, unit))
    }

    /// Returns a unit whose staged rows have to be deleted.
    pub fn clearing(&self) -> Option<u32> {
        self.units.iter().find(|(_, unit)| unit.is_clearing).map(|(oid, _)| *oid)
    }

    pub fn time(&self) -> Timestamp {
        Timestamp(self.head.time)
    }

    /// Counts rows that were read, to compute the rate.
    pub fn count_read(&mut self, rows: u64) {
        self.read.0 += rows;
    }

    /// Returns the tables of the copy, around the one that is read; and how many there are.
    pub fn parts(&self) -> (Vec<Part>, usize) {
        let open: Vec<_> = self.units.iter().filter(|(_, unit)| !unit.is_gone).collect();
        let read = self.next_unit().map(|(oid, _)| oid);
        let at = open.iter().position(|(oid, _)| Some(**oid) == read).unwrap_or(open.len());
        let part = |(oid, unit): &(&u32, &CopyUnit)| Part {
            name: unit.facts.table.shown(),
            state: match unit.is_done {
                true => PartState::Done,
                false if Some(**oid) == read => PartState::UnderWay,
                false => PartState::Waiting,
            },
            done: unit.rows,
            total: if unit.is_done { Some(unit.rows) } else { unit.expected.map(|rows| rows.max(unit.rows)) },
            unit: Unit::Rows,
        };
        (open[window(at, open.len())].iter().map(part).collect(), open.len())
    }

    pub fn report(&self) -> CopyReport {
        let open = || self.units.values().filter(|unit| !unit.is_gone);
        let tables = open().filter(|unit| !unit.is_done).map(|unit| unit.facts.table.shown()).collect();
        let expected = |unit: &CopyUnit| if unit.is_done { Some(unit.rows) } else { unit.expected };
        CopyReport {
            tables,
            rows: open().map(|unit| unit.rows).sum(),
            rows_expected: open().map(|unit| Some(expected(unit)?.max(unit.rows))).sum(),
            rate: self.read.0 as f64 / self.read.1.elapsed().as_secs_f64().max(0.001),
        }
    }
}
