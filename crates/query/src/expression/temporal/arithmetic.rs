//! Sums and differences of instants and durations, products of durations.

use super::duration::{add, divide, multiply, negate};
use super::range::out_of_range;
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::Value;
use livewell_model::temporal::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, NANOS_PER_DAY, SECONDS_PER_DAY, Time,
};

/// `a + b`; `None` if the two have no temporal sum.
pub(crate) fn sum(a: &Value, b: &Value) -> Option<Result<Value, EvalError>> {
    match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => Some(add(a, b).map(Value::from)),
        (Value::Duration(duration), instant) | (instant, Value::Duration(duration)) => {
            later(instant, duration)
        }
        _ => None,
    }
}

/// `a - b`; `None` if the two have no temporal difference.
pub(crate) fn difference(a: &Value, b: &Value) -> Option<Result<Value, EvalError>> {
    let Value::Duration(b) = b else { return None };
    let negated = match negate(b) {
        Ok(negated) => negated,
        Err(error) => return Some(Err(error)),
    };
    match a {
        Value::Duration(a) => Some(add(a, &negated).map(Value::from)),
        instant => later(instant, &negated),
    }
}

/// `a * b`; `None` if neither is a duration.
pub(crate) fn product(a: &Value, b: &Value) -> Option<Result<Value, EvalError>> {
    match (a, b) {
        (Value::Duration(duration), number) | (number, Value::Duration(duration)) => {
            Some(multiply(duration, number).map(Value::from))
        }
        _ => None,
    }
}

/// `a / b`; `None` if `a` is not a duration.
pub(crate) fn quotient(a: &Value, b: &Value) -> Option<Result<Value, EvalError>> {
    match a {
        Value::Duration(duration) => Some(divide(duration, b).map(Value::from)),
        _ => None,
    }
}

fn later(instant: &Value, duration: &Duration) -> Option<Result<Value, EvalError>> {
    Some(match instant {
        Value::Date(date) => date_later(*date, duration).map(Value::from),
        Value::LocalTime(time) => Ok(time_later(*time, duration).into()),
        Value::Time(time) => {
            let later = Time::new(time_later(time.local, duration), time.offset());
            later.map(Value::from).ok_or_else(out_of_range)
        }
        Value::LocalDateTime(at) => local_later(*at, duration).map(Value::from),
        Value::DateTime(at) => moment_later(at, duration).map(Value::from),
        _ => return None,
    })
}

/// Whole days in the seconds count as days; what is left of them does not.
fn date_later(date: Date, duration: &Duration) -> Result<Date, EvalError> {
    let days = duration.days.checked_add(duration.seconds / SECONDS_PER_DAY);
    let moved = date.plus_months(duration.months);
    moved.zip(days).and_then(|(date, days)| date.plus_days(days)).ok_or_else(out_of_range)
}

/// Round the clock; months and days do not move it.
fn time_later(time: LocalTime, duration: &Duration) -> LocalTime {
    let nanos = (i128::from(time.nanos()) + duration.nanos()).rem_euclid(NANOS_PER_DAY.into());
    i64::try_from(nanos).ok().and_then(LocalTime::from_nanos).unwrap_or(time)
}

/// Months first, then days, then the rest.
pub(super) fn local_later(at: LocalDateTime, duration: &Duration) -> Result<LocalDateTime, EvalError> {
    let date = by_calendar(at, duration.months, duration.days)?;
    LocalDateTime::from_nanos(date.nanos() + duration.nanos()).ok_or_else(out_of_range)
}

/// Months and days by the calendar of the zone, the rest by the time that passes.
fn moment_later(at: &DateTime, duration: &Duration) -> Result<DateTime, EvalError> {
    let zone = Zone::of(at);
    let moved = zone.at_local(by_calendar(at.local, duration.months, duration.days)?, Some(at.offset()))?;
    zone.at_utc(moved.utc_nanos() + duration.nanos())
}

pub(super) fn by_calendar(at: LocalDateTime, months: i64, days: i64) -> Result<LocalDateTime, EvalError> {
    let date = at.date.plus_months(months).and_then(|date| date.plus_days(days));
    Ok(LocalDateTime { date: date.ok_or_else(out_of_range)?, ..at })
}
