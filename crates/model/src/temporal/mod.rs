//! Temporal values: dates, times, date-times and durations, as openCypher defines them.
//!
//! The calendar is the proleptic Gregorian one; years reach from -999,999,999 to 999,999,999, offsets from -18:00 to
//! +18:00. A date-time of a named zone holds the zone's offset at that moment, so nothing here needs a database of
//! time zones.

pub mod calendar;
mod text;

pub use text::Offset;

use calendar::{DAYS_MAX, DAYS_MIN};
use smol_str::SmolStr;
use std::cmp::Ordering;

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Seconds in a day.
pub const SECONDS_PER_DAY: i64 = 86_400;
/// Nanoseconds in a day.
pub const NANOS_PER_DAY: i64 = SECONDS_PER_DAY * NANOS_PER_SECOND;
/// Seconds in a month of average length: a twelfth of 365.2425 days.
pub const SECONDS_PER_MONTH: i64 = 2_629_746;
/// The largest offset from UTC in seconds, either way.
pub const OFFSET_MAX: i32 = 18 * 3_600;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i64,
}

/// A time of day without an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    nanos: i64,
}

/// A time of day with an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    /// The time of day there.
    pub local: LocalTime,
    offset: i32,
}

/// A day and a time of day without an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime {
    /// The day.
    pub date: Date,
    /// The time of day.
    pub time: LocalTime,
}

/// A moment in a time zone: by its offset from UTC, and by the zone's name if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The day and time there.
    pub local: LocalDateTime,
    offset: i32,
    /// The name of the zone, such as `Europe/Stockholm`.
    pub zone: Option<SmolStr>,
}

/// A duration in months, days, and seconds with nanoseconds. Each may be negative on its own, since neither a month
/// has a fixed number of days nor a day a fixed number of seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Whole months.
    pub months: i64,
    /// Whole days.
    pub days: i64,
    /// Whole seconds, rounded down.
    pub seconds: i64,
    nanos: i32,
}

impl Date {
    /// Returns the day so many days after 1970-01-01; `None` beyond the range of years.
    pub fn from_days(days: i64) -> Option<Self> {
        (DAYS_MIN..=DAYS_MAX).contains(&days).then_some(Self { days })
    }

    /// Returns the day of this year, month (from 1) and day (from 1), if it exists.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let valid = (1..=12).contains(&month) && day >= 1 && day <= calendar::days_in_month(year, month);
        valid.then(|| calendar::days_from_civil(year, month, day)).and_then(Self::from_days)
    }

    /// Returns the days since 1970-01-01.
    pub fn days(self) -> i64 {
        self.days
    }

    /// Returns year, month (from 1), day (from 1).
    pub fn civil(self) -> (i64, i64, i64) {
        calendar::civil_from_days(self.days)
    }

    /// Returns the day so many months later; the last day of that month if it is shorter.
    pub fn plus_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = self.civil();
        let total = (year * 12 + month - 1).checked_add(months)?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        if year.abs() > calendar::YEAR_MAX {
            return None;
        }
        Self::new(year, month, day.min(calendar::days_in_month(year, month)))
    }

    /// Returns the day so many days later.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        self.days.checked_add(days).and_then(Self::from_days)
    }
}

impl LocalTime {
    /// Midnight.
    pub const MIDNIGHT: Self = Self { nanos: 0 };

    /// Returns the time so many nanoseconds after midnight; `None` for a day or more.
    pub fn from_nanos(nanos: i64) -> Option<Self> {
        (0..NANOS_PER_DAY).contains(&nanos).then_some(Self { nanos })
    }

    /// Returns the nanoseconds since midnight.
    pub fn nanos(self) -> i64 {
        self.nanos
    }

    /// Returns hour, minute, second, nanosecond of the second.
    pub fn parts(self) -> (i64, i64, i64, i64) {
        let seconds = self.nanos / NANOS_PER_SECOND;
        (seconds / 3_600, seconds / 60 % 60, seconds % 60, self.nanos % NANOS_PER_SECOND)
    }
}

/// Returns whether an offset is within the range.
fn offset_in_range(offset: i32) -> bool {
    (-OFFSET_MAX..=OFFSET_MAX).contains(&offset)
}

impl Time {
    /// Makes a time of day at an offset, in seconds east of UTC.
    pub fn new(local: LocalTime, offset: i32) -> Option<Self> {
        offset_in_range(offset).then_some(Self { local, offset })
    }

    /// Returns the offset in seconds east of UTC.
    pub fn offset(self) -> i32 {
        self.offset
    }

    /// Returns the nanoseconds since midnight UTC; below zero or beyond a day if the offset moves it there.
    pub fn utc_nanos(self) -> i64 {
        self.local.nanos - i64::from(self.offset) * NANOS_PER_SECOND
    }
}

impl LocalDateTime {
    /// Returns the nanoseconds since 1970-01-01T00:00.
    pub fn nanos(self) -> i128 {
        i128::from(self.date.days) * i128::from(NANOS_PER_DAY) + i128::from(self.time.nanos)
    }

    /// Returns the day and time so many nanoseconds after 1970-01-01T00:00.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let (days, of_day) = (nanos.div_euclid(NANOS_PER_DAY.into()), nanos.rem_euclid(NANOS_PER_DAY.into()));
        let date = Date::from_days(i64::try_from(days).ok()?)?;
        Some(Self { date, time: LocalTime::from_nanos(i64::try_from(of_day).ok()?)? })
    }
}

impl DateTime {
    /// Makes a day and time at an offset, in seconds east of UTC.
    pub fn new(local: LocalDateTime, offset: i32, zone: Option<SmolStr>) -> Option<Self> {
        offset_in_range(offset).then_some(Self { local, offset, zone })
    }

    /// Returns the offset in seconds east of UTC.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// Returns the nanoseconds since 1970-01-01T00:00Z.
    pub fn utc_nanos(&self) -> i128 {
        self.local.nanos() - i128::from(self.offset) * i128::from(NANOS_PER_SECOND)
    }
}

impl Ord for Time {
    /// Compares by the moment, then by the offset from west to east.
    fn cmp(&self, other: &Self) -> Ordering {
        self.utc_nanos().cmp(&other.utc_nanos()).then(self.offset.cmp(&other.offset))
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    /// Compares by the moment, then by the offset from west to east, then by the zone's name.
    fn cmp(&self, other: &Self) -> Ordering {
        let zone = |date_time: &Self| date_time.zone.clone().unwrap_or_default();
        let moment = self.utc_nanos().cmp(&other.utc_nanos());
        moment.then(self.offset.cmp(&other.offset)).then_with(|| zone(self).cmp(&zone(other)))
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Duration {
    /// Makes a duration of months, days, and a number of nanoseconds; `None` beyond 64 bits of seconds.
    pub fn new(months: i64, days: i64, nanos: i128) -> Option<Self> {
        let per_second = i128::from(NANOS_PER_SECOND);
        let seconds = i64::try_from(nanos.div_euclid(per_second)).ok()?;
        let nanos = i32::try_from(nanos.rem_euclid(per_second)).ok()?;
        Some(Self { months, days, seconds, nanos })
    }

    /// Returns the nanoseconds beyond the whole seconds, from 0 on.
    pub fn nanos_of_second(&self) -> i64 {
        self.nanos.into()
    }

    /// Returns the seconds and nanoseconds in nanoseconds.
    pub fn nanos(&self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
    }

    /// Returns the average length in nanoseconds, by which durations are ordered first.
    pub fn average(&self) -> i128 {
        let seconds = i128::from(self.months) * i128::from(SECONDS_PER_MONTH)
            + i128::from(self.days) * i128::from(SECONDS_PER_DAY);
        seconds * i128::from(NANOS_PER_SECOND) + self.nanos()
    }
}
