//! Timed: each row with the value of a function of time behind it.
//!
//! Law: `F(R) = {r ++ f(history of r, now) : r in R}`. A row's history is that of its key: it begins when a row of
//! the key comes and ends with the step that leaves none. A value that the clock alone will change has a timer: the
//! moment of the next change. Timers fire in ticks, steps without changes, so between two steps nothing moves.
//!
//! State:
//! ```text
//! operator u16 | 0 | key of the row           -> what is remembered, its value, its timer, the row
//! operator u16 | 1 | moment i64 | key of the row -> nothing
//! ```
//! (the moment with its sign turned, so that keys stand in the order of time).

mod memory;
mod record;

pub use memory::Memory;

use super::nested::{Change, Nesting};
use super::{Batch, History, Inputs, Operator, Step, StepKind, replace, settle};
use crate::chronicle::{in_order, moment_of};
use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::language::ast::TimeFunction;
use crate::meter::size;
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::Writer;
use livewell_model::{Timestamp, Value};
use record::Record;
use std::collections::BTreeMap;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

const ROWS: u8 = 0;
const TIMERS: u8 = 1;

/// Maintains a function of time for each row.
#[derive(Debug)]
pub struct Timed {
    /// The operator's number and the slots that identify a row.
    pub rows: Nesting,
    /// What is computed.
    pub function: TimeFunction,
    /// Its arguments, over the row.
    pub arguments: Vec<Compiled>,
    /// Where the call begins in the query's text.
    pub place: usize,
}

impl Operator for Timed {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let rows = inputs.into_iter().flatten().collect();
        let changes = self.rows.changes(rows, &Batch::new(), step.meter)?;
        let mut changes: BTreeMap<_, _> = changes.into_iter().collect();
        if step.kind == StepKind::Tick {
            self.add_due(step, &mut changes)?;
        }
        let (mut out, given) = (Batch::new(), step.meter.held());
        for (key, change) in changes {
            settle(step.meter, given, &out);
            let before = self.read(step.state, &key)?;
            step.meter.hold(before.as_ref().map_or(0, |before| size::read(&before.row)))?;
            let after = self.advance(before.as_ref(), change, step)?;
            self.write(step.state, &key, before.as_ref(), after.as_ref());
            replace(&mut out, before.map(Record::shown), after.map(Record::shown), step.meter)?;
        }
        Ok(out)
    }

    fn reads_changes(&self) -> bool {
        true
    }

    fn next_due(&self, state: &dyn State) -> Result<Option<Timestamp>, StepError> {
        let mut first = None;
        let timers = self.rows.key(TIMERS, &[]);
        state.scan(Area::Operators, &timers, Order::Ascending, &mut |key, _| {
            first = Some(timer(&key[timers.len()..])?.0);
            Ok(false)
        })?;
        Ok(first)
    }

    fn histories(&self, state: &dyn State, visit: &mut dyn FnMut(History)) -> Result<(), StepError> {
        let rows = self.rows.key(ROWS, &[]);
        state.scan(Area::Operators, &rows, Order::Ascending, &mut |key, bytes| {
            let Memory { since, held, previous } = Record::decode(bytes)?.memory;
            visit(History { place: self.place, key: key[rows.len()..].to_vec(), since, held, previous });
            Ok(true)
        })
    }

    fn tells_time(&self) -> bool {
        true
    }
}

impl Timed {
    /// Adds the rows whose timers are due, as they are.
    fn add_due(&self, step: &Step<'_>, changes: &mut BTreeMap<Vec<u8>, Change>) -> Result<(), StepError> {
        let timers = self.rows.key(TIMERS, &[]);
        let mut due = Vec::new();
        step.state.scan(Area::Operators, &timers, Order::Ascending, &mut |key, _| {
            let (moment, row) = timer(&key[timers.len()..])?;
            let is_due = moment <= step.now;
            if is_due {
                step.meter.hold(size::entry(2 * row.len() + size_of::<Change>()))?;
                due.push(row.to_vec());
            }
            Ok(is_due)
        })?;
        for key in due {
            changes.entry(key).or_default();
        }
        Ok(())
    }

    /// The record after a step that changes the row, or only lets its timer fire.
    fn advance(
        &self,
        before: Option<&Record>,
        change: Change,
        step: &Step<'_>,
    ) -> Result<Option<Record>, StepError> {
        let row_before = before.map(|before| &before.row);
        if change.before.is_some() && change.before.as_ref() != row_before {
            return Err(StepError::Damaged("a timed row is not the one that the input takes back".into()));
        }
        let stays = if change.before.is_none() { row_before.cloned() } else { None };
        let Some(row) = change.after.or(stays) else { return Ok(None) };
        let arguments = self.arguments.iter().map(|argument| argument.eval_in(&row, step.meter));
        let arguments = arguments.collect::<Result<Vec<Value>, _>>()?;
        // What a row was while the base was put together in parts is not history.
        let has_history = matches!(step.kind, StepKind::Transaction | StepKind::Tick);
        let memory = before.filter(|_| has_history).map(|before| &before.memory);
        let (memory, reading) = Memory::advance(self.function, memory, &arguments, step.now)?;
        Ok(Some(Record { memory, reading, row }))
    }

    fn read(&self, state: &dyn State, key: &[u8]) -> Result<Option<Record>, StepError> {
        let bytes = state.get(Area::Operators, &self.rows.key(ROWS, key))?;
        Ok(bytes.map(|bytes| Record::decode(&bytes)).transpose()?)
    }

    fn write(&self, state: &mut dyn State, key: &[u8], before: Option<&Record>, after: Option<&Record>) {
        let timer_of = |record: Option<&Record>| Some(self.timer_key(record?.reading.due?, key));
        let (old, new) = (timer_of(before), timer_of(after));
        if old != new {
            old.into_iter().for_each(|timer| state.delete(Area::Operators, timer));
            new.into_iter().for_each(|timer| state.put(Area::Operators, timer, Vec::new()));
        }
        let place = self.rows.key(ROWS, key);
        match after {
            Some(record) => state.put(Area::Operators, place, record.encode()),
            None => state.delete(Area::Operators, place),
        }
    }

    fn timer_key(&self, due: Timestamp, row: &[u8]) -> Vec<u8> {
        [self.rows.key(TIMERS, &in_order(due)).as_slice(), row].concat()
    }
}

/// A timer's moment, and the key of the row it is of.
fn timer(key: &[u8]) -> Result<(Timestamp, &[u8]), StepError> {
    Ok((moment_of(key)?, key.get(size_of::<Timestamp>()..).unwrap_or_default()))
}

impl Encode for Timed {
    fn encode(&self, out: &mut Writer) {
        // The place of the call in the text is reported with a history and not stored.
        let Self { rows, function, arguments, place: _ } = self;
        encode_all!(out.u8(*function as u8), rows, arguments);
    }
}
