//! Instants from maps: `{year: 1984, week: 10, hour: 12, timezone: 'Europe/Stockholm'}`, also on top of another
//! instant: `{date: other, day: 28}`.

use super::offset;
use super::parts::{Kind, Parts};
use super::range::out_of_range;
use super::unit::Unit;
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::temporal::calendar::{
    day_of_week, days_from_civil, days_in_month, first_monday, is_leap, week,
};
use livewell_model::temporal::{Date, LocalTime, NANOS_PER_SECOND};
use livewell_model::{Map, Value};

const DATE: &[&str] =
    &["date", "year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter", "ordinalDay"];
const TIME: &[&str] = &["time", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];
const EPOCH: &[&str] = &["epochSeconds", "epochMillis"];

/// The instant of this kind that the fields describe. Where it is truncated first, `base` is what remains and the
/// unit it was truncated to: then the fields change that.
pub(super) fn instant(kind: Kind, map: &Map, base: Option<(Parts, Unit)>) -> Result<Value, EvalError> {
    let fields = Fields { map };
    fields.check(kind)?;
    if EPOCH.iter().any(|key| map.get(key).is_some()) {
        return fields.epoch();
    }
    let explicit = fields.zone()?;
    let (base, unit) = match base {
        Some((mut base, unit)) => {
            // What is truncated keeps its local time in another zone.
            if explicit.is_some() {
                (base.zone, base.offset) = (explicit.clone(), None);
            }
            (base, Some(unit))
        }
        None => (fields.base(kind)?, None),
    };
    let mut parts = base.clone();
    if kind.has_date() {
        parts.date = Some(fields.date(base.date)?);
    }
    if kind.has_time() {
        parts.time = Some(fields.time(base.time, unit, kind.has_date())?);
    }
    match (explicit, &base.zone) {
        (Some(zone), Some(_)) if unit.is_none() => moved(kind, parts, &zone),
        (zone, have) => {
            parts.zone = have.clone().or(zone);
            parts.into_value(kind)
        }
    }
}

/// Returns the moment in another zone.
fn moved(kind: Kind, parts: Parts, zone: &Zone) -> Result<Value, EvalError> {
    match (parts.into_value(kind)?, zone) {
        (Value::DateTime(at), _) => Ok(zone.at_utc(at.utc_nanos())?.into()),
        (Value::Time(time), Zone::Offset(offset)) => {
            let moved = time.utc_nanos() + i64::from(*offset) * NANOS_PER_SECOND;
            let local = LocalTime::from_nanos(moved.rem_euclid(livewell_model::temporal::NANOS_PER_DAY));
            let time = livewell_model::temporal::Time::new(local.ok_or_else(out_of_range)?, *offset);
            Ok(time.ok_or_else(out_of_range)?.into())
        }
        _ => Err(EvalError::argument("needs an offset: that of a named zone changes with the date")),
    }
}

struct Fields<'a> {
    map: &'a Map,
}

impl Fields<'_> {
    fn check(&self, kind: Kind) -> Result<(), EvalError> {
        let known = |key: &str| {
            (kind.has_date() && DATE.contains(&key))
                || (kind.has_time() && TIME.contains(&key))
                || (kind.has_zone() && key == "timezone")
                || (kind.has_date() && kind.has_time() && key == "datetime")
                || (kind == Kind::DateTime && EPOCH.contains(&key))
        };
        match self.map.iter().find(|(key, _)| !known(key)) {
            Some((key, _)) => Err(EvalError::argument(format!("takes no field `{key}`"))),
            None => Ok(()),
        }
    }

    fn int(&self, key: &str) -> Result<Option<i64>, EvalError> {
        match self.map.get(key) {
            None => Ok(None),
            Some(Value::Int(int)) => Ok(Some(*int)),
            Some(other) => {
                let found = other.type_name();
                Err(EvalError::argument(format!("needs an integer as `{key}`, got a value of type {found}")))
            }
        }
    }

    fn within(&self, key: &str, low: i64, high: i64) -> Result<Option<i64>, EvalError> {
        match self.int(key)? {
            Some(int) if !(low..=high).contains(&int) => {
                Err(EvalError::argument(format!("needs `{key}` from {low} to {high}, got {int}")))
            }
            found => Ok(found),
        }
    }

    fn has(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.map.get(key).is_some())
    }

    fn zone(&self) -> Result<Option<Zone>, EvalError> {
        match self.map.get("timezone") {
            None => Ok(None),
            Some(Value::String(text)) => offset::zone(text).map(Some),
            Some(other) => {
                let found = other.type_name();
                Err(EvalError::argument(format!("needs a string as `timezone`, got a value of type {found}")))
            }
        }
    }

    /// What the fields `date`, `time` and `datetime` select from other instants.
    fn base(&self, kind: Kind) -> Result<Parts, EvalError> {
        let mut base = Parts::default();
        let selected = |key: &str| -> Result<Option<Parts>, EvalError> {
            self.map.get(key).map(|value| Parts::of(value).ok_or_else(|| no_part(key, value))).transpose()
        };
        if let Some(parts) = selected("datetime")? {
            if self.has(&["date", "time"]) || parts.date.is_none() || parts.time.is_none() {
                return Err(EvalError::argument(
                    "takes as `datetime` a date-time, without `date` and `time`",
                ));
            }
            base = parts;
        }
        if let Some(parts) = selected("date")? {
            base.date = Some(parts.date.ok_or_else(|| EvalError::argument("finds no date in `date`"))?);
        }
        if let Some(parts) = selected("time")? {
            base.time = Some(parts.time.ok_or_else(|| EvalError::argument("finds no time in `time`"))?);
            (base.zone, base.offset) = (parts.zone, parts.offset);
        }
        if kind == Kind::Time {
            base.zone = base.offset.map(Zone::Offset);
        }
        Ok(base)
    }

    fn date(&self, base: Option<Date>) -> Result<Date, EvalError> {
        let schemes =
            [&["month", "day"][..], &["week", "dayOfWeek"], &["quarter", "dayOfQuarter"], &["ordinalDay"]];
        let mut used = schemes.iter().filter(|keys| self.has(keys));
        let scheme = used.next().map(|keys| keys[0]);
        if used.next().is_some() {
            return Err(EvalError::argument(
                "takes a day by month, by week, by quarter or by ordinal day, not mixed",
            ));
        }
        if base.is_none() && self.map.get("year").is_none() {
            return Err(EvalError::argument("needs a `year`"));
        }
        let days = match scheme {
            Some("week") => self.by_week(base)?,
            Some("quarter") => self.by_quarter(base)?,
            Some("ordinalDay") => self.by_ordinal(base)?,
            _ => return self.by_month(base),
        };
        Date::from_days(days).ok_or_else(out_of_range)
    }

    fn year(&self, base: i64) -> Result<i64, EvalError> {
        let max = livewell_model::temporal::calendar::YEAR_MAX;
        Ok(self.within("year", -max, max)?.unwrap_or(base))
    }

    /// A smaller field may be given only with the larger one above it, unless there is another instant below.
    fn larger_first(&self, base: bool, larger: &str, smaller: &str) -> Result<(), EvalError> {
        if !base && self.has(&[smaller]) && !self.has(&[larger]) {
            return Err(EvalError::argument(format!("needs `{larger}` where there is `{smaller}`")));
        }
        Ok(())
    }

    fn by_month(&self, base: Option<Date>) -> Result<Date, EvalError> {
        self.larger_first(base.is_some(), "month", "day")?;
        let (year, month, day) = base.map_or((0, 1, 1), Date::civil);
        let (year, month) = (self.year(year)?, self.within("month", 1, 12)?.unwrap_or(month));
        let day = self.within("day", 1, 31)?.unwrap_or(day);
        Date::new(year, month, day)
            .ok_or_else(|| EvalError::argument(format!("finds no day {day} in month {month} of {year}")))
    }

    fn by_week(&self, base: Option<Date>) -> Result<i64, EvalError> {
        self.larger_first(base.is_some(), "week", "dayOfWeek")?;
        let (base_year, base_week) = base.map_or((0, 1), |date| week(date.days()));
        let base_day = base.map_or(1, |date| day_of_week(date.days()));
        let year = self.year(base_year)?;
        let number = self.within("week", 1, 53)?.unwrap_or(base_week);
        let day = self.within("dayOfWeek", 1, 7)?.unwrap_or(base_day);
        let monday = first_monday(year) + 7 * (number - 1);
        if monday >= first_monday(year + 1) {
            return Err(EvalError::argument(format!("finds no week {number} in {year}")));
        }
        Ok(monday + day - 1)
    }

    fn by_quarter(&self, base: Option<Date>) -> Result<i64, EvalError> {
        self.larger_first(base.is_some(), "quarter", "dayOfQuarter")?;
        let (base_year, base_month, _) = base.map_or((0, 1, 1), Date::civil);
        let base_quarter = (base_month - 1) / 3 + 1;
        let first = |year: i64, quarter: i64| days_from_civil(year, 3 * quarter - 2, 1);
        let base_day = base.map_or(1, |date| date.days() - first(base_year, base_quarter) + 1);
        let year = self.year(base_year)?;
        let quarter = self.within("quarter", 1, 4)?.unwrap_or(base_quarter);
        let day = self.within("dayOfQuarter", 1, 92)?.unwrap_or(base_day);
        let length: i64 = (3 * quarter - 2..=3 * quarter).map(|month| days_in_month(year, month)).sum();
        if day > length {
            return Err(EvalError::argument(format!("finds no day {day} in quarter {quarter} of {year}")));
        }
        Ok(first(year, quarter) + day - 1)
    }

    fn by_ordinal(&self, base: Option<Date>) -> Result<i64, EvalError> {
        let year = self.year(base.map_or(0, |date| date.civil().0))?;
        let length = 365 + i64::from(is_leap(year));
        let day = self.within("ordinalDay", 1, length)?.unwrap_or(1);
        Ok(days_from_civil(year, 1, 1) + day - 1)
    }

    fn time(&self, base: Option<LocalTime>, unit: Option<Unit>, dated: bool) -> Result<LocalTime, EvalError> {
        if base.is_none() && !dated && self.map.get("hour").is_none() {
            return Err(EvalError::argument("needs an `hour`"));
        }
        let based = base.is_some();
        self.larger_first(based, "hour", "minute")?;
        self.larger_first(based, "minute", "second")?;
        ["millisecond", "microsecond", "nanosecond"]
            .iter()
            .try_for_each(|smaller| self.larger_first(based, "second", smaller))?;
        let (hour, minute, second, nanos) = base.unwrap_or(LocalTime::MIDNIGHT).parts();
        let hour = self.within("hour", 0, 23)?.unwrap_or(hour);
        let minute = self.within("minute", 0, 59)?.unwrap_or(minute);
        let second = self.within("second", 0, 59)?.unwrap_or(second);
        let nanos = self.nanos_of_second(nanos, unit)?;
        LocalTime::from_nanos(((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + nanos)
            .ok_or_else(out_of_range)
    }

    /// The fraction of a second: each of its fields counts what the larger ones leave. Truncated to one of them,
    /// the smaller ones come on top of what remains.
    fn nanos_of_second(&self, base: i64, unit: Option<Unit>) -> Result<i64, EvalError> {
        if !self.has(&["millisecond", "microsecond", "nanosecond"]) {
            return Ok(base);
        }
        let milli = self.within("millisecond", 0, 999)?;
        let milli = match unit {
            Some(Unit::Millisecond) => milli.or(Some(base / 1_000_000)),
            Some(Unit::Microsecond) if self.map.get("microsecond").is_none() => {
                milli.or(Some(base / 1_000_000))
            }
            _ => milli,
        };
        let micro = self.within("microsecond", 0, if milli.is_some() { 999 } else { 999_999 })?;
        let micro = match unit {
            Some(Unit::Microsecond) => micro.or(Some(base / 1_000 % 1_000)),
            _ => micro,
        };
        let room = match (milli, micro) {
            (_, Some(_)) => 999,
            (Some(_), None) => 999_999,
            (None, None) => 999_999_999,
        };
        let nano = self.within("nanosecond", 0, room)?.unwrap_or(0);
        Ok(milli.unwrap_or(0) * 1_000_000 + micro.unwrap_or(0) * 1_000 + nano)
    }

    fn epoch(&self) -> Result<Value, EvalError> {
        let others = self
            .map
            .iter()
            .find(|(key, _)| !EPOCH.contains(&key.as_str()) && *key != "timezone" && *key != "nanosecond");
        if let Some((key, _)) = others {
            return Err(EvalError::argument(format!("takes no field `{key}` beside the epoch")));
        }
        let nanos = match (self.int("epochSeconds")?, self.int("epochMillis")?) {
            (Some(seconds), None) => i128::from(seconds) * 1_000_000_000,
            (None, Some(millis)) => i128::from(millis) * 1_000_000,
            _ => return Err(EvalError::argument("takes either `epochSeconds` or `epochMillis`")),
        };
        let nano = self.within("nanosecond", 0, 999_999_999)?.unwrap_or(0);
        let zone = self.zone()?.unwrap_or(Zone::Offset(0));
        Ok(zone.at_utc(nanos + i128::from(nano))?.into())
    }
}

fn no_part(key: &str, value: &Value) -> EvalError {
    EvalError::argument(format!(
        "takes as `{key}` a temporal value, got a value of type {}",
        value.type_name()
    ))
}
