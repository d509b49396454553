//! The temporal functions; see [`crate::expression::temporal`].

use crate::expression::temporal::between::{Counted, between};
use crate::expression::temporal::truncate::truncate;
use crate::expression::temporal::{self, Kind};
use crate::expression::{Allowance, EvalError};
use livewell_model::{Map, Value};

macro_rules! instants {
    ($($name:ident, $truncate:ident = $kind:ident;)*) => {
        $(
            pub(super) fn $name(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
                temporal::construct(Kind::$kind, &arguments[0])
            }

            pub(super) fn $truncate(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
                truncated(Kind::$kind, arguments)
            }
        )*
    };
}

instants! {
    date, date_truncate = Date;
    time, time_truncate = Time;
    local_time, local_time_truncate = LocalTime;
    date_time, date_time_truncate = DateTime;
    local_date_time, local_date_time_truncate = LocalDateTime;
}

fn truncated(kind: Kind, arguments: &[Value]) -> Result<Value, EvalError> {
    match arguments {
        [Value::String(unit), value] => truncate(kind, unit, value, &Map::new()),
        [Value::String(unit), value, Value::Map(changes)] => truncate(kind, unit, value, changes),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn from_epoch(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(seconds), Value::Int(nanos)] => {
            temporal::from_epoch(i128::from(*seconds) * 1_000_000_000 + i128::from(*nanos))
        }
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn from_epoch_millis(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(millis)] => temporal::from_epoch(i128::from(*millis) * 1_000_000),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn duration(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    temporal::duration::construct(&arguments[0])
}

macro_rules! durations {
    ($($name:ident = $counted:ident;)*) => {
        $(pub(super) fn $name(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
            between(Counted::$counted, &arguments[0], &arguments[1])
        })*
    };
}

durations! {
    duration_between = All;
    duration_in_months = Months;
    duration_in_days = Days;
    duration_in_seconds = Seconds;
}
