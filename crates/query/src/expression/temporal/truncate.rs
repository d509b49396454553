//! `date.truncate('week', value, {dayOfWeek: 2})` and its kin: the beginning of a unit of time.

use super::fields;
use super::parts::{Kind, Parts};
use super::range::out_of_range;
use super::unit::{UNITS, Unit};
use crate::expression::EvalError;
use livewell_model::temporal::calendar::{day_of_week, first_monday, week};
use livewell_model::temporal::{Date, LocalTime};
use livewell_model::{Map, Value};

/// The beginning of the unit that the instant is in, as an instant of this kind, with these fields changed.
pub(crate) fn truncate(kind: Kind, unit: &str, value: &Value, changes: &Map) -> Result<Value, EvalError> {
    let parts = Parts::of(value).ok_or_else(|| EvalError::arguments(std::slice::from_ref(value)))?;
    let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (_, unit) = *known.ok_or_else(|| EvalError::argument(format!("knows no unit `{unit}`")))?;
    let fits = if unit > Unit::Day { kind.has_time() } else { kind.has_date() || unit == Unit::Day };
    let enough = (!kind.has_date() || parts.date.is_some())
        && (kind.has_date() || parts.time.is_some())
        && (unit <= Unit::Day || parts.time.is_some());
    if !fits || !enough {
        return Err(EvalError::argument(format!("cannot truncate a {} to that unit", value.type_name())));
    }
    let mut base = Parts { zone: parts.zone, offset: parts.offset, ..Parts::default() };
    base.date = match parts.date {
        Some(date) if unit < Unit::Day => Some(first_day(date, unit).ok_or_else(out_of_range)?),
        date => date,
    };
    base.time = Some(parts.time.map_or(LocalTime::MIDNIGHT, |time| first_nano(time, unit)));
    if ["date", "time", "datetime"].iter().any(|key| changes.get(key).is_some()) {
        return Err(EvalError::argument("takes no other instant among the fields to change"));
    }
    fields::instant(kind, changes, Some((base, unit)))
}

fn first_day(date: Date, unit: Unit) -> Option<Date> {
    let (year, month, _) = date.civil();
    let days = date.days();
    match unit {
        Unit::Millennium => Date::new(year.div_euclid(1_000) * 1_000, 1, 1),
        Unit::Century => Date::new(year.div_euclid(100) * 100, 1, 1),
        Unit::Decade => Date::new(year.div_euclid(10) * 10, 1, 1),
        Unit::Year => Date::new(year, 1, 1),
        Unit::WeekYear => Date::from_days(first_monday(week(days).0)),
        Unit::Quarter => Date::new(year, (month - 1) / 3 * 3 + 1, 1),
        Unit::Month => Date::new(year, month, 1),
        Unit::Week => Date::from_days(days - (day_of_week(days) - 1)),
        _ => Some(date),
    }
}

fn first_nano(time: LocalTime, unit: Unit) -> LocalTime {
    let size = match unit {
        Unit::Hour => 3_600_000_000_000,
        Unit::Minute => 60_000_000_000,
        Unit::Second => 1_000_000_000,
        Unit::Millisecond => 1_000_000,
        Unit::Microsecond => 1_000,
        _ => return LocalTime::MIDNIGHT,
    };
    LocalTime::from_nanos(time.nanos() / size * size).unwrap_or(LocalTime::MIDNIGHT)
}
