//! The duration between two instants.
//!
//! What one of them lacks it takes from the other: a date, a zone. A date alone is its midnight. Where neither has
//! a date or a zone, those of any day and of UTC serve.

use super::arithmetic::by_calendar;
use super::duration::out_of_range;
use super::parts::Parts;
use super::range;
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::Value;
use livewell_model::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime};

/// What the duration is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Whole months, then whole days, then the rest.
    All,
    Months,
    Days,
    Seconds,
}

/// The duration from one instant to another.
pub(crate) fn between(counted: Counted, a: &Value, b: &Value) -> Result<Value, EvalError> {
    let unfit = || EvalError::arguments(&[a.clone(), b.clone()]);
    let (first, second) = (Parts::of(a).ok_or_else(unfit)?, Parts::of(b).ok_or_else(unfit)?);
    let dated = first.date.is_some() && second.date.is_some();
    let day = first.date.or(second.date).or(Date::from_days(0));
    let zone = first.zone.clone().or(second.zone.clone()).unwrap_or(Zone::Offset(0));
    let start = moment(&first, day, &zone)?;
    let end = zone.at_utc(moment(&second, day, &zone)?.utc_nanos())?;
    let wants = |unit: Counted| dated && (counted == unit || counted == Counted::All);
    let months = if wants(Counted::Months) { whole_months(start.local, end.local) } else { 0 };
    let from = by_calendar(start.local, months, 0)?;
    let days = if wants(Counted::Days) { whole_days(from, end.local) } else { 0 };
    let nanos = match counted {
        Counted::Months | Counted::Days => 0,
        Counted::All | Counted::Seconds => {
            let from = zone.at_local(by_calendar(from, 0, days)?, Some(start.offset()))?;
            end.utc_nanos() - from.utc_nanos()
        }
    };
    Ok(Duration::new(months, days, nanos).ok_or_else(out_of_range)?.into())
}

fn moment(parts: &Parts, day: Option<Date>, zone: &Zone) -> Result<DateTime, EvalError> {
    let date = parts.date.or(day).ok_or_else(range::out_of_range)?;
    let local = LocalDateTime { date, time: parts.time.unwrap_or(LocalTime::MIDNIGHT) };
    parts.zone.as_ref().unwrap_or(zone).at_local(local, parts.offset)
}

/// The last day that counts: the one before where the time of day has not come yet.
fn last_day(from: LocalDateTime, to: LocalDateTime) -> Date {
    let step = match (to.date.cmp(&from.date), to.time.cmp(&from.time)) {
        (std::cmp::Ordering::Greater, std::cmp::Ordering::Less) => -1,
        (std::cmp::Ordering::Less, std::cmp::Ordering::Greater) => 1,
        _ => 0,
    };
    to.date.plus_days(step).unwrap_or(to.date)
}

fn whole_months(from: LocalDateTime, to: LocalDateTime) -> i64 {
    // A month as 32 days leaves room for every day of the month.
    let place = |date: Date| {
        let (year, month, day) = date.civil();
        (year * 12 + month) * 32 + day
    };
    (place(last_day(from, to)) - place(from.date)) / 32
}

fn whole_days(from: LocalDateTime, to: LocalDateTime) -> i64 {
    last_day(from, to).days() - from.date.days()
}
