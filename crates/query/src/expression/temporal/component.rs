//! The components of temporal values: `d.year`, `t.offset`, `p.monthsOfYear`.

use super::parts::Parts;
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::Value;
use livewell_model::temporal::calendar::{day_of_week, days_from_civil, week};
use livewell_model::temporal::{Date, Duration, LocalTime, NANOS_PER_SECOND, Offset};

/// The component of that name; `None` if the value is not temporal.
pub(crate) fn component(value: &Value, key: &str) -> Option<Result<Value, EvalError>> {
    // Most values that are taken apart are elements.
    if matches!(value, Value::Node(_) | Value::Relationship(_) | Value::Map(_)) {
        return None;
    }
    let found = match value {
        Value::Duration(duration) => of_duration(duration, key),
        _ => {
            let parts = Parts::of(value)?;
            let date = parts.date.and_then(|date| of_date(date, key));
            date.or_else(|| parts.time.and_then(|time| of_time(time, key)))
                .map(Value::Int)
                .or_else(|| of_zone(value, &parts, key))
        }
    };
    Some(found.ok_or_else(|| EvalError::argument(format!("a {} has no `{key}`", value.type_name()))))
}

fn of_date(date: Date, key: &str) -> Option<i64> {
    let ((year, month, day), days) = (date.civil(), date.days());
    let quarter = (month - 1) / 3 + 1;
    Some(match key {
        "year" => year,
        "quarter" => quarter,
        "month" => month,
        "week" => week(days).1,
        "weekYear" => week(days).0,
        "day" => day,
        "ordinalDay" => days - days_from_civil(year, 1, 1) + 1,
        "dayOfWeek" | "weekDay" => day_of_week(days),
        "dayOfQuarter" => days - days_from_civil(year, 3 * quarter - 2, 1) + 1,
        _ => return None,
    })
}

fn of_time(time: LocalTime, key: &str) -> Option<i64> {
    let (hour, minute, second, nanos) = time.parts();
    Some(match key {
        "hour" => hour,
        "minute" => minute,
        "second" => second,
        "millisecond" => nanos / 1_000_000,
        "microsecond" => nanos / 1_000,
        "nanosecond" => nanos,
        _ => return None,
    })
}

fn of_zone(value: &Value, parts: &Parts, key: &str) -> Option<Value> {
    let offset = parts.offset?;
    let epoch = |unit: i128| match value {
        Value::DateTime(at) => i64::try_from(at.utc_nanos().div_euclid(unit)).ok().map(Value::Int),
        _ => None,
    };
    match key {
        "timezone" => {
            let name = parts.zone.as_ref().and_then(Zone::name);
            Some(name.map_or_else(|| Offset(offset).to_string().into(), Value::String))
        }
        "offset" => Some(Offset(offset).to_string().into()),
        "offsetMinutes" => Some(Value::Int((offset / 60).into())),
        "offsetSeconds" => Some(Value::Int(offset.into())),
        "epochMillis" => epoch(1_000_000),
        "epochSeconds" => epoch(NANOS_PER_SECOND.into()),
        _ => None,
    }
}

fn of_duration(duration: &Duration, key: &str) -> Option<Value> {
    let Duration { months, days, seconds, .. } = *duration;
    let nanos = duration.nanos_of_second();
    let whole = |unit: i128| i64::try_from(duration.nanos().div_euclid(unit)).ok();
    Some(Value::Int(match key {
        "years" => months / 12,
        "quarters" => months / 3,
        "months" => months,
        "weeks" => days / 7,
        "days" => days,
        "hours" => seconds / 3_600,
        "minutes" => seconds / 60,
        "seconds" => seconds,
        "milliseconds" => whole(1_000_000)?,
        "microseconds" => whole(1_000)?,
        "nanoseconds" => whole(1)?,
        "quartersOfYear" => months / 3 % 4,
        "monthsOfQuarter" => months % 3,
        "monthsOfYear" => months % 12,
        "daysOfWeek" => days % 7,
        "minutesOfHour" => seconds / 60 % 60,
        "secondsOfMinute" => seconds % 60,
        "millisecondsOfSecond" => nanos / 1_000_000,
        "microsecondsOfSecond" => nanos / 1_000,
        "nanosecondsOfSecond" => nanos,
        _ => return None,
    }))
}
