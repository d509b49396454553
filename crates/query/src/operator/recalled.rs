//! Recalled: each row with what has been of one of its elements behind it.
//!
//! Law: `F(R, C) = {r ++ f(past of the element in C, r) : r in R}`, where the chronicle `C` holds what
//! has been of each element. A row is looked at again when it changes and when its element does, whatever of that
//! element the row itself holds.
//!
//! State:
//! ```text
//! operator u16 | 0 | key of the row            -> the element, the function's value, the row
//! operator u16 | 1 | element | key of the row  -> nothing
//! ```

use super::nested::{Change, Nesting};
use super::{Batch, Inputs, Operator, Step, replace, settle};
use crate::chronicle;
use crate::encoding::{Encode, encode_all};
use crate::expression::{Compiled, EvalError, moment};
use crate::language::ast::RecallFunction;
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::temporal::{DateTime, LocalDateTime};
use livewell_model::{ElementId, Timestamp, Value, key};
use std::collections::BTreeMap;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

const ROWS: u8 = 0;
const ELEMENTS: u8 = 1;

/// Adds to each row what an element was.
#[derive(Debug)]
pub struct Recalled {
    /// The operator's number and the slots that identify a row.
    pub rows: Nesting,
    /// What is asked of the element's past.
    pub function: RecallFunction,
    /// The element, then what else the function takes, over the row.
    pub arguments: Vec<Compiled>,
}

/// What is remembered of a row.
#[derive(Debug, Clone, PartialEq)]
struct Record {
    element: Option<ElementId>,
    value: Value,
    row: Vec<Value>,
}

impl Operator for Recalled {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let rows = inputs.into_iter().flatten().collect();
        let changes = self.rows.changes(rows, &Batch::new(), step.meter)?;
        let mut changes: BTreeMap<_, _> = changes.into_iter().collect();
        self.add_touched(step, &mut changes)?;
        let (mut out, given) = (Batch::new(), step.meter.held());
        for (key, change) in changes {
            settle(step.meter, given, &out);
            let before = self.read(step.state, &key)?;
            step.meter.hold(before.as_ref().map_or(0, |before| size::read(&before.row)))?;
            let after = self.advance(step.state, before.as_ref(), change, step.meter)?;
            self.write(step.state, &key, before.as_ref(), after.as_ref());
            replace(&mut out, before.map(shown), after.map(shown), step.meter)?;
        }
        Ok(out)
    }

    fn reads_changes(&self) -> bool {
        true
    }

    fn tells_time(&self) -> bool {
        true
    }
}

impl Recalled {
    /// Adds the rows whose elements change in this step, as they are.
    fn add_touched(&self, step: &Step<'_>, changes: &mut BTreeMap<Vec<u8>, Change>) -> Result<(), StepError> {
        for change in step.changes {
            let place = self.element_key(change.id(), &[]);
            step.state.scan(Area::Operators, &place, Order::Ascending, &mut |key, _| {
                step.meter.hold(size::entry(key.len() + size_of::<Change>()))?;
                changes.entry(key[place.len()..].to_vec()).or_default();
                Ok(true)
            })?;
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &dyn State,
        before: Option<&Record>,
        change: Change,
        meter: &Meter,
    ) -> Result<Option<Record>, StepError> {
        let row_before = before.map(|before| &before.row);
        if change.before.is_some() && change.before.as_ref() != row_before {
            return Err(StepError::Damaged("a recalled row is not the one that the input takes back".into()));
        }
        let stays = if change.before.is_none() { row_before.cloned() } else { None };
        let Some(row) = change.after.or(stays) else { return Ok(None) };
        let arguments = self.arguments.iter().map(|argument| argument.eval_in(&row, meter));
        let arguments = arguments.collect::<Result<Vec<Value>, _>>()?;
        let element = element_of(&arguments[0])?;
        let value = match &element {
            None => Value::Null,
            Some(id) => self.value(state, id, &arguments[1..], meter)?,
        };
        Ok(Some(Record { element, value, row }))
    }

    fn value(
        &self,
        state: &dyn State,
        id: &ElementId,
        arguments: &[Value],
        meter: &Meter,
    ) -> Result<Value, StepError> {
        if self.function == RecallFunction::ChangeTime {
            return Ok(chronicle::changed_at(state, id)?.map_or(Value::Null, date_time));
        }
        let versions = chronicle::versions(state, id, meter)?;
        let value = recalled(self.function, &versions, arguments)?;
        drop(versions);
        meter.hold(size::owned(&value))?;
        Ok(value)
    }

    fn read(&self, state: &dyn State, key: &[u8]) -> Result<Option<Record>, StepError> {
        let Some(bytes) = state.get(Area::Operators, &self.rows.key(ROWS, key))? else { return Ok(None) };
        let mut reader = Reader::new("recalled row", &bytes);
        let element = if reader.u8()? == 0 { None } else { Some(reader.id()?) };
        let record = Record { element, value: reader.value()?, row: reader.row()? };
        reader.finish()?;
        Ok(Some(record))
    }

    fn write(&self, state: &mut dyn State, key: &[u8], before: Option<&Record>, after: Option<&Record>) {
        let index = |record: Option<&Record>| Some(self.element_key(record?.element.as_ref()?, key));
        let (old, new) = (index(before), index(after));
        if old != new {
            old.into_iter().for_each(|index| state.delete(Area::Operators, index));
            new.into_iter().for_each(|index| state.put(Area::Operators, index, Vec::new()));
        }
        let place = self.rows.key(ROWS, key);
        let Some(Record { element, value, row }) = after else { return state.delete(Area::Operators, place) };
        let mut out = Writer::new();
        match element {
            None => out.u8(0),
            Some(id) => out.u8(1).id(id),
        };
        out.value(value).values(row);
        state.put(Area::Operators, place, out.bytes);
    }

    fn element_key(&self, id: &ElementId, row: &[u8]) -> Vec<u8> {
        let mut place = self.rows.key(ELEMENTS, &[]);
        key::encode_id(id, &mut place);
        place.extend_from_slice(row);
        place
    }
}

fn shown(record: Record) -> Vec<Value> {
    let mut row = record.row;
    row.push(record.value);
    row
}

/// The element whose past is asked for; `None` for null.
fn element_of(value: &Value) -> Result<Option<ElementId>, EvalError> {
    match value {
        Value::Null => Ok(None),
        Value::Node(node) => Ok(Some(node.id.clone())),
        Value::Relationship(relationship) => Ok(Some(relationship.id.clone())),
        other => {
            let found = other.type_name();
            Err(EvalError::types(format!("only a node or a relationship has a past, not a {found}")))
        }
    }
}

/// What a function says of an element's versions.
fn recalled(
    function: RecallFunction,
    versions: &[chronicle::Version],
    arguments: &[Value],
) -> Result<Value, EvalError> {
    let at = |argument: Option<&Value>| moment(argument.unwrap_or(&Value::Null));
    let valid = |moment: i128| versions.partition_point(|(from, _)| i128::from(from.0) <= moment);
    let value = |(_, element): &chronicle::Version| element.to_value();
    if function == RecallFunction::VersionAt {
        let Some(moment) = at(arguments.first())? else { return Ok(Value::Null) };
        return Ok(versions[..valid(moment)].last().map_or(Value::Null, value));
    }
    let (Some(from), Some(to)) = (at(arguments.first())?, at(arguments.get(1))?) else {
        return Ok(Value::Null);
    };
    let with_initial = match arguments.get(2) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(other) => {
            let message =
                format!("whether the first version counts is a boolean, not a {}", other.type_name());
            return Err(EvalError::types(message));
        }
    };
    // Versions that begin at `from` or later; before them stands the one that is valid then.
    let first = valid(from.saturating_sub(1));
    let begins_at_from = versions.get(first).is_some_and(|(moment, _)| i128::from(moment.0) == from);
    let first = if with_initial && !begins_at_from { first.saturating_sub(1) } else { first };
    let end = valid(to).max(first);
    Ok(Value::list(versions[first..end].iter().map(value).collect::<Vec<_>>()))
}

/// A moment as a date-time in UTC.
fn date_time(moment: Timestamp) -> Value {
    let local = LocalDateTime::from_nanos(moment.0.into()).expect("every timestamp is in the calendar");
    DateTime::new(local, 0, None).expect("UTC is a zone").into()
}

impl Encode for Recalled {
    fn encode(&self, out: &mut Writer) {
        let Self { rows, function, arguments } = self;
        encode_all!(out.u8(*function as u8), rows, arguments);
    }
}
