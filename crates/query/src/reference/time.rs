//! Functions of time, from all that has been of a row.
//!
//! At every step, and at every moment a function named as the one it will change at, the query is evaluated, and for
//! each call and each row the first argument is written down. A row that is not there at a step has no past any more.

use super::binding::Binding;
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::past::Past;
use crate::expression::{EvalError, later_by, logic, moment};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, RecallFunction, Span, TimeFunction};
use livewell_model::temporal::{DateTime, LocalDateTime};
use livewell_model::{Element, Map, Timestamp, Value, key};

/// A compiled call of a function of time.
#[derive(Debug)]
pub(super) struct Timing {
    place: usize,
    function: TimeFunction,
    arguments: Vec<RowExpr>,
}

impl Timing {
    pub(super) fn new(
        function: TimeFunction,
        arguments: &[Expr],
        span: Span,
        names: &Names,
        params: &Map,
    ) -> Result<Self, Diagnostic> {
        let arguments = arguments.iter().map(|argument| RowExpr::new(argument, names, params));
        Ok(Self { place: span.start, function, arguments: arguments.collect::<Result<_, _>>()? })
    }

    /// The function's value on a row.
    pub(super) fn value(&self, row: &Binding, graph: &Graph) -> Result<Value, EvalError> {
        let mut arguments = Vec::new();
        for argument in &self.arguments {
            arguments.push(argument.eval(&row.values, graph)?);
        }
        let (time, place) = (&graph.time, (self.place, row.key.clone()));
        let mut past = time.past.get(&place).cloned().unwrap_or_default();
        past.push((time.now, arguments[0].clone()));
        let (value, due) = self.reading(&past, arguments.get(1), time.now)?;
        let mut told = time.told.borrow_mut();
        told.past.insert(place, past);
        told.due.extend(due);
        Ok(value)
    }

    /// The value, and when the clock alone will change it.
    fn reading(
        &self,
        past: &Past,
        other: Option<&Value>,
        now: Timestamp,
    ) -> Result<(Value, Option<Timestamp>), EvalError> {
        let held = past.last().map(|(_, held)| held.clone()).unwrap_or_default();
        let other = other.unwrap_or(&Value::Null);
        let open = |end: Option<i128>, before: Value, after: Value| match end {
            None => (Value::Null, None),
            Some(end) if end <= i128::from(now.0) => (after, None),
            Some(end) => (before, i64::try_from(end).ok().map(Timestamp)),
        };
        Ok(match self.function {
            TimeFunction::TrueFor => match logic::truth(&held)? {
                Some(true) => {
                    let since = since(past, |value| matches!(value, Value::Bool(true)));
                    open(later_by(since, other)?, Value::Null, Value::Bool(true))
                }
                _ => (held, None),
            },
            TimeFunction::TrueLater => {
                logic::truth(&held)?;
                open(moment(other)?, Value::Null, held)
            }
            TimeFunction::TrueUntil => match logic::truth(&held)? {
                Some(true) => open(moment(other)?, Value::Null, Value::Bool(true)),
                _ => (Value::Bool(false), None),
            },
            TimeFunction::Fresh => {
                let since = since(past, |value| key::exact(value) == key::exact(&held));
                open(later_by(since, other)?, Value::Bool(true), Value::Bool(false))
            }
            TimeFunction::PreviousValue => {
                let another = past.iter().rev().find(|(_, value)| key::of([value]) != key::of([&held]));
                (another.map_or(other, |(_, value)| value).clone(), None)
            }
        })
    }
}

/// A compiled call of a function of an element's past.
#[derive(Debug)]
pub(super) struct Recalling {
    function: RecallFunction,
    arguments: Vec<RowExpr>,
    versions_max: usize,
}

impl Recalling {
    pub(super) fn new(
        function: RecallFunction,
        arguments: &[Expr],
        names: &Names,
        params: &Map,
    ) -> Result<Self, Diagnostic> {
        let arguments = arguments.iter().map(|argument| RowExpr::new(argument, names, params));
        let arguments = arguments.collect::<Result<_, _>>()?;
        Ok(Self { function, arguments, versions_max: names.versions_max })
    }

    /// The function's value on a row.
    pub(super) fn value(&self, row: &[Value], graph: &Graph) -> Result<Value, EvalError> {
        let argument =
            |at: usize| self.arguments.get(at).map_or(Ok(Value::Null), |argument| argument.eval(row, graph));
        let (element, first, second, third) = (argument(0)?, argument(1)?, argument(2)?, argument(3)?);
        let id = match &element {
            Value::Null => return Ok(Value::Null),
            Value::Node(node) => &node.id,
            Value::Relationship(relationship) => &relationship.id,
            _ => return Err(EvalError::types("only a node or a relationship has a past")),
        };
        let past = graph.past(id, self.versions_max);
        let value = |(_, element): &(Timestamp, Element)| element.to_value();
        match self.function {
            RecallFunction::ChangeTime => Ok(past.last().map_or(Value::Null, |(moment, _)| utc(*moment))),
            RecallFunction::VersionAt => {
                let Some(at) = moment(&first)? else { return Ok(Value::Null) };
                let version = past.iter().rev().find(|(from, _)| i128::from(from.0) <= at);
                Ok(version.map_or(Value::Null, value))
            }
            RecallFunction::VersionsIn => {
                let (Some(from), Some(to)) = (moment(&first)?, moment(&second)?) else {
                    return Ok(Value::Null);
                };
                let with_initial = logic::truth(&third)? == Some(true);
                let begins = |(moment, _): &(Timestamp, Element)| i128::from(moment.0);
                let initial = past.iter().rposition(|version| begins(version) <= from);
                let is_in = |(at, version): &(usize, &(Timestamp, Element))| {
                    let initial = with_initial && initial == Some(*at);
                    (from..=to).contains(&begins(version)) || initial && begins(version) <= to
                };
                let versions = past.iter().enumerate().filter(is_in).map(|(_, version)| value(version));
                Ok(Value::list(versions.collect::<Vec<_>>()))
            }
        }
    }
}

fn utc(moment: Timestamp) -> Value {
    let local = LocalDateTime::from_nanos(moment.0.into()).expect("every timestamp is in the calendar");
    DateTime::new(local, 0, None).expect("UTC is a zone").into()
}

/// The time of the first step since which the argument has been so without a break.
fn since(past: &Past, so: impl Fn(&Value) -> bool) -> Timestamp {
    let run = past.iter().rev().take_while(|(_, value)| so(value));
    run.last().map(|(time, _)| *time).expect("it is so now")
}
