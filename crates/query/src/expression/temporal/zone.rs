//! Time zones: fixed offsets, and named ones by the rules of the IANA database that is built into the program, so
//! that a query gives the same on every machine.

use super::range::out_of_range;
use crate::expression::EvalError;
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use livewell_model::SmolStr;
use livewell_model::temporal::{DateTime, LocalDateTime, NANOS_PER_SECOND};
use std::sync::LazyLock;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    /// A zone of the database, by its name there.
    Named(SmolStr),
}

impl Zone {
    /// The zone of a moment.
    pub(super) fn of(at: &DateTime) -> Self {
        at.zone.clone().map_or(Self::Offset(at.offset()), Self::Named)
    }

    /// A zone of the database, whatever the case of its name.
    pub(super) fn named(name: &str) -> Result<Self, EvalError> {
        let zone = rules(name)?;
        Ok(Self::Named(zone.iana_name().unwrap_or(name).into()))
    }

    pub(super) fn name(&self) -> Option<SmolStr> {
        match self {
            Self::Offset(_) => None,
            Self::Named(name) => Some(name.clone()),
        }
    }

    /// The moment of a local time in the zone. Of two, the one at the preferred offset, else the earlier; an hour
    /// that is skipped is read with the offset before it.
    pub(super) fn at_local(
        &self,
        local: LocalDateTime,
        preferred: Option<i32>,
    ) -> Result<DateTime, EvalError> {
        let name = match self {
            Self::Offset(offset) => return date_time(local, *offset, None),
            Self::Named(name) => name,
        };
        let offset = match rules(name)?.to_ambiguous_timestamp(civil(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.seconds(),
            AmbiguousOffset::Fold { after, .. } if preferred == Some(after.seconds()) => after.seconds(),
            AmbiguousOffset::Fold { before, .. } => before.seconds(),
            AmbiguousOffset::Gap { before, .. } => {
                let shift = i128::from(before.seconds()) * i128::from(NANOS_PER_SECOND);
                return self.at_utc(local.nanos() - shift);
            }
        };
        date_time(local, offset, Some(self)).and_then(within_rules)
    }

    /// A moment, by nanoseconds since 1970-01-01T00:00Z, as the zone sees it.
    pub(super) fn at_utc(&self, nanos: i128) -> Result<DateTime, EvalError> {
        let per_second = i128::from(NANOS_PER_SECOND);
        let offset = match self {
            Self::Offset(offset) => *offset,
            Self::Named(name) => rules(name)?.to_offset(moment(nanos.div_euclid(per_second))).seconds(),
        };
        let local = LocalDateTime::from_nanos(nanos + i128::from(offset) * per_second);
        let at = date_time(local.ok_or_else(out_of_range)?, offset, Some(self))?;
        if at.zone.is_some() { within_rules(at) } else { Ok(at) }
    }
}

fn date_time(local: LocalDateTime, offset: i32, zone: Option<&Zone>) -> Result<DateTime, EvalError> {
    let name = zone.and_then(Zone::name);
    DateTime::new(local, offset, name).ok_or_else(out_of_range)
}

fn rules(name: &str) -> Result<TimeZone, EvalError> {
    DATABASE.get(name).map_err(|_| EvalError::argument(format!("knows no time zone `{name}`")))
}

/// The date-time, if its year is one for which rules are given, there or in UTC: the last moment of 9999 in UTC is in
/// the year 10000 further east.
fn within_rules(at: DateTime) -> Result<DateTime, EvalError> {
    let is_given = |local: LocalDateTime| (-9_999..=9_999).contains(&local.date.civil().0);
    let utc = LocalDateTime::from_nanos(at.utc_nanos());
    if is_given(at.local) || utc.is_some_and(is_given) { Ok(at) } else { Err(too_far()) }
}

fn too_far() -> EvalError {
    EvalError::argument("takes the rules of named time zones from the year -9999 to 9999; use an offset")
}

/// After so many years the Gregorian calendar repeats, days of the week included.
const CYCLE_YEARS: i64 = 400;
const CYCLE_SECONDS: i128 = 146_097 * 86_400;

/// The years, and the seconds around 1970, in which the rules of zones are asked as they are. Before them no zone has
/// any, and after them those that it has by then go on from year to year.
const YEARS_ASKED: std::ops::RangeInclusive<i64> = -9_000..=9_000;
const SECONDS_ASKED: i128 = 8_000 * 365 * 86_400;

/// The local time with a year that rules can be asked for: the same one of the calendar's cycle.
fn civil(local: LocalDateTime) -> jiff::civil::DateTime {
    let (year, month, day) = local.date.civil();
    let (hour, minute, second, nanos) = local.time.parts();
    let year = match YEARS_ASKED.contains(&year) {
        true => year,
        false if year < 0 => YEARS_ASKED.start() + (year - YEARS_ASKED.start()).rem_euclid(CYCLE_YEARS),
        false => YEARS_ASKED.end() - (YEARS_ASKED.end() - year).rem_euclid(CYCLE_YEARS),
    };
    let year = i16::try_from(year).expect("within four digits");
    let (month, day, hour, minute, second) = (month as i8, day as i8, hour as i8, minute as i8, second as i8);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanos as i32)
        .expect("years of one cycle have the same days")
}

/// The second as a moment that rules can be asked for.
fn moment(second: i128) -> Timestamp {
    let second = match second.abs() <= SECONDS_ASKED {
        true => second,
        false if second < 0 => (second + SECONDS_ASKED).rem_euclid(CYCLE_SECONDS) - SECONDS_ASKED,
        false => SECONDS_ASKED - (SECONDS_ASKED - second).rem_euclid(CYCLE_SECONDS),
    };
    i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok())
        .expect("within 8,000 years of 1970")
}
