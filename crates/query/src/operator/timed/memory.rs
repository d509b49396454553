//! What a function of time remembers of a row, and what it says.

use crate::expression::{EvalError, later_by, logic, moment};
use crate::language::ast::TimeFunction;
use livewell_model::{Timestamp, Value, key};

/// What is remembered of a row between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Since when the first argument has been what it is, as far as the function tells values apart.
    pub since: Timestamp,
    /// The first argument.
    pub held: Value,
    /// The last value that was another one.
    pub previous: Option<Value>,
}

/// What the function says of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its value.
    pub value: Value,
    /// When the clock alone will change it.
    pub due: Option<Timestamp>,
}

impl Memory {
    /// The memory after a step at `now` on which the row has these arguments, and what the function says then.
    pub(super) fn advance(
        function: TimeFunction,
        before: Option<&Self>,
        arguments: &[Value],
        now: Timestamp,
    ) -> Result<(Self, Reading), EvalError> {
        let held = arguments[0].clone();
        let same = before.filter(|before| is_same(function, &before.held, &held));
        let since = same.map_or(now, |before| before.since);
        let previous = match (same, before) {
            (Some(same), _) => same.previous.clone(),
            (None, before) => before.map(|before| before.held.clone()),
        };
        let memory = Self { since, held, previous };
        let reading = memory.reading(function, arguments, now)?;
        Ok((memory, reading))
    }

    fn reading(
        &self,
        function: TimeFunction,
        arguments: &[Value],
        now: Timestamp,
    ) -> Result<Reading, EvalError> {
        let [condition, other] =
            [arguments.first(), arguments.get(1)].map(|value| value.cloned().unwrap_or_default());
        match function {
            TimeFunction::TrueFor if logic::truth(&condition)? != Some(true) => Ok(settled(condition)),
            TimeFunction::TrueFor => {
                Ok(at(later_by(self.since, &other)?, now, Value::Null, Value::Bool(true)))
            }
            TimeFunction::TrueLater => {
                logic::truth(&condition)?;
                Ok(at(moment(&other)?, now, Value::Null, condition))
            }
            TimeFunction::TrueUntil if logic::truth(&condition)? != Some(true) => {
                Ok(settled(Value::Bool(false)))
            }
            TimeFunction::TrueUntil => Ok(at(moment(&other)?, now, Value::Null, Value::Bool(true))),
            TimeFunction::Fresh => {
                Ok(at(later_by(self.since, &other)?, now, Value::Bool(true), Value::Bool(false)))
            }
            TimeFunction::PreviousValue => Ok(settled(self.previous.clone().unwrap_or(other))),
        }
    }
}

/// Whether the function takes the two for one value, so that what is remembered goes on.
fn is_same(function: TimeFunction, before: &Value, after: &Value) -> bool {
    match function {
        TimeFunction::Fresh => key::exact(before) == key::exact(after),
        _ => key::of([before]) == key::of([after]),
    }
}

fn settled(value: Value) -> Reading {
    Reading { value, due: None }
}

/// `before` up to the moment, `after` from then on; null where there is no moment.
fn at(moment: Option<i128>, now: Timestamp, before: Value, after: Value) -> Reading {
    match moment {
        None => settled(Value::Null),
        Some(moment) if i128::from(now.0) >= moment => settled(after),
        // What the clock never reaches needs no timer.
        Some(moment) => Reading { value: before, due: i64::try_from(moment).ok().map(Timestamp) },
    }
}
