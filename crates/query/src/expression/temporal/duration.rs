//! Durations: from maps of amounts, from text, and their sums and products.
//!
//! An amount may have a fraction: what is left of a month is carried to days (a month has 30.436875 of them on
//! average), what is left of a day to seconds, what is left of a nanosecond is dropped.

use crate::expression::EvalError;
use livewell_model::temporal::{Duration, NANOS_PER_DAY, NANOS_PER_SECOND, SECONDS_PER_MONTH};
use livewell_model::{Map, Value};

/// What an amount is counted in, and how many of it a unit has.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Months(i64),
    Days(i64),
    Nanos(i64),
}

use Counted::{Days, Months, Nanos};

const FIELDS: &[(&str, Counted)] = &[
    ("years", Months(12)),
    ("quarters", Months(3)),
    ("months", Months(1)),
    ("weeks", Days(7)),
    ("days", Days(1)),
    ("hours", Nanos(3_600 * NANOS_PER_SECOND)),
    ("minutes", Nanos(60 * NANOS_PER_SECOND)),
    ("seconds", Nanos(NANOS_PER_SECOND)),
    ("milliseconds", Nanos(1_000_000)),
    ("microseconds", Nanos(1_000)),
    ("nanoseconds", Nanos(1)),
];

/// A duration being added up: whole amounts exactly, fractions beside them.
#[derive(Debug, Default)]
struct Total {
    months: i128,
    days: i128,
    nanos: i128,
    month_fraction: f64,
    day_fraction: f64,
}

impl Total {
    fn whole(&mut self, counted: Counted, amount: i64) {
        let amount = i128::from(amount);
        match counted {
            Months(per) => self.months += amount * i128::from(per),
            Days(per) => self.days += amount * i128::from(per),
            Nanos(per) => self.nanos += amount * i128::from(per),
        }
    }

    fn fraction(&mut self, counted: Counted, amount: f64) -> Result<(), EvalError> {
        if amount.is_nan() || amount.abs() >= 1e18 {
            return Err(out_of_range());
        }
        match counted {
            Months(per) => {
                let months = amount * per as f64;
                self.months += months.trunc() as i128;
                self.month_fraction += months.fract();
            }
            Days(per) => {
                let days = amount * per as f64;
                self.days += days.trunc() as i128;
                self.day_fraction += days.fract();
            }
            Nanos(1) => self.nanos += amount.trunc() as i128,
            Nanos(per) => {
                self.nanos += amount.trunc() as i128 * i128::from(per);
                self.nanos += (amount.fract() * per as f64).round() as i128;
            }
        }
        Ok(())
    }

    fn duration(mut self) -> Result<Duration, EvalError> {
        let per_day = i128::from(NANOS_PER_DAY);
        self.months += self.month_fraction.trunc() as i128;
        let per_month = (SECONDS_PER_MONTH * NANOS_PER_SECOND) as f64;
        let rest = (self.month_fraction.fract() * per_month).round() as i128
            + (self.day_fraction * NANOS_PER_DAY as f64).round() as i128;
        self.days += rest / per_day;
        self.nanos += rest % per_day;
        let (months, days) = (i64::try_from(self.months), i64::try_from(self.days));
        match (months, days) {
            (Ok(months), Ok(days)) => Duration::new(months, days, self.nanos).ok_or_else(out_of_range),
            _ => Err(out_of_range()),
        }
    }
}

pub(super) fn out_of_range() -> EvalError {
    EvalError::argument("gives a duration beyond 64 bits")
}

/// A duration from text, from a map of amounts, or as it is.
pub(crate) fn construct(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::String(text) => read(text),
        Value::Map(map) => from_map(map),
        Value::Duration(_) => Ok(value.clone()),
        other => Err(EvalError::arguments(std::slice::from_ref(other))),
    }
}

fn from_map(map: &Map) -> Result<Value, EvalError> {
    let mut total = Total::default();
    if map.is_empty() {
        return Err(EvalError::argument("needs an amount of some unit"));
    }
    for (key, value) in map.iter() {
        let known = FIELDS.iter().find(|(name, _)| name == key);
        let (_, counted) = *known.ok_or_else(|| EvalError::argument(format!("takes no field `{key}`")))?;
        match value {
            Value::Int(int) => total.whole(counted, *int),
            Value::Float(float) => total.fraction(counted, *float)?,
            Value::Decimal(decimal) => total.fraction(counted, decimal.to_f64())?,
            other => {
                let found = other.type_name();
                let message = format!("needs a number as `{key}`, got a value of type {found}");
                return Err(EvalError::argument(message));
            }
        }
    }
    Ok(total.duration()?.into())
}

/// `P1Y2M3W4DT5H6M7.8S`, each with a sign or a fraction of its own; or `P2012-02-02T14:37:21.545`.
fn read(text: &str) -> Result<Value, EvalError> {
    let unread = || EvalError::argument(format!("cannot read `{text}`"));
    let (negative, body) = text.strip_prefix('-').map_or((false, text), |body| (true, body));
    let body = body.strip_prefix('P').ok_or_else(unread)?;
    let (date, time) = body.split_once('T').map_or((body, None), |(date, time)| (date, Some(time)));
    if time == Some("") || body.is_empty() {
        return Err(unread());
    }
    let mut total = Total::default();
    if date.get(1..).is_some_and(|rest| rest.contains('-'))
        && !date.ends_with(|c: char| c.is_ascii_alphabetic())
    {
        read_clock(date, time, &mut total).ok_or_else(unread)??;
    } else {
        let days = [('Y', Months(12)), ('M', Months(1)), ('W', Days(7)), ('D', Days(1))];
        let hours = [('H', FIELDS[5].1), ('M', FIELDS[6].1), ('S', FIELDS[7].1)];
        read_amounts(date, &days, &mut total).ok_or_else(unread)??;
        read_amounts(time.unwrap_or_default(), &hours, &mut total).ok_or_else(unread)??;
    }
    let duration = total.duration()?;
    if negative {
        return Ok(negate(&duration)?.into());
    }
    Ok(duration.into())
}

type Reading = Option<Result<(), EvalError>>;

/// Amounts with their units in this order, each at most once.
fn read_amounts(text: &str, units: &[(char, Counted)], total: &mut Total) -> Reading {
    let (mut rest, mut units) = (text, units.iter());
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (_, counted) = units.find(|(unit, _)| rest[end..].starts_with(*unit))?;
        if let Err(error) = amount(&rest[..end], *counted, total)? {
            return Some(Err(error));
        }
        rest = &rest[end + 1..];
    }
    Some(Ok(()))
}

fn read_clock(date: &str, time: Option<&str>, total: &mut Total) -> Reading {
    let parts = date.split('-').zip([Months(12), Months(1), Days(1)]);
    let clock =
        time.into_iter().flat_map(|time| time.split(':')).zip([FIELDS[5].1, FIELDS[6].1, FIELDS[7].1]);
    let counts = (date.split('-').count(), time.map_or(1, |time| time.split(':').count()));
    if counts.0 != 3 || counts.1 > 3 {
        return None;
    }
    for (text, counted) in parts.chain(clock) {
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if let Err(error) = amount(text, counted, total)? {
            return Some(Err(error));
        }
    }
    Some(Ok(()))
}

/// A decimal number with a sign, added exactly as far as it goes.
fn amount(text: &str, counted: Counted, total: &mut Total) -> Reading {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match unsigned.split_once(['.', ',']) {
        None if digits(unsigned) => {
            let Ok(amount) = text.strip_prefix('+').unwrap_or(text).parse() else {
                return Some(Err(out_of_range()));
            };
            total.whole(counted, amount);
            Some(Ok(()))
        }
        Some((whole, fraction)) if digits(whole) && digits(fraction) => {
            let sign = if text.starts_with('-') { -1 } else { 1 };
            let Ok(amount) = whole.parse::<i64>() else { return Some(Err(out_of_range())) };
            total.whole(counted, sign * amount);
            let fraction: f64 = format!("0.{fraction}").parse().ok()?;
            Some(total.fraction(counted, sign as f64 * fraction))
        }
        _ => None,
    }
}

/// The sum, part by part.
pub(super) fn add(a: &Duration, b: &Duration) -> Result<Duration, EvalError> {
    let (months, days) = (a.months.checked_add(b.months), a.days.checked_add(b.days));
    let sum = months.zip(days).and_then(|(months, days)| Duration::new(months, days, a.nanos() + b.nanos()));
    sum.ok_or_else(out_of_range)
}

/// Returns the length in the other direction.
pub(super) fn negate(duration: &Duration) -> Result<Duration, EvalError> {
    let (months, days) = (duration.months.checked_neg(), duration.days.checked_neg());
    let negated = months.zip(days).and_then(|(months, days)| Duration::new(months, days, -duration.nanos()));
    negated.ok_or_else(out_of_range)
}

/// So many times the duration; whole numbers exactly.
pub(super) fn multiply(duration: &Duration, factor: &Value) -> Result<Duration, EvalError> {
    match factor {
        Value::Int(int) => {
            let (months, days) = (duration.months.checked_mul(*int), duration.days.checked_mul(*int));
            let nanos = duration.nanos().checked_mul((*int).into()).ok_or_else(out_of_range)?;
            let product = months.zip(days).and_then(|(months, days)| Duration::new(months, days, nanos));
            product.ok_or_else(out_of_range)
        }
        Value::Float(float) => scaled(duration, |part| part * float),
        Value::Decimal(decimal) => {
            let factor = decimal.to_f64();
            scaled(duration, |part| part * factor)
        }
        other => Err(EvalError::types(format!(
            "a duration is multiplied by a number, not by a {}",
            other.type_name()
        ))),
    }
}

/// The duration divided by a number.
pub(super) fn divide(duration: &Duration, divisor: &Value) -> Result<Duration, EvalError> {
    match divisor {
        Value::Int(int) => scaled(duration, |part| part / *int as f64),
        Value::Float(float) => scaled(duration, |part| part / float),
        Value::Decimal(decimal) => {
            let divisor = decimal.to_f64();
            scaled(duration, |part| part / divisor)
        }
        other => Err(EvalError::types(format!(
            "a duration is divided by a number, not by a {}",
            other.type_name()
        ))),
    }
}

fn scaled(duration: &Duration, scale: impl Fn(f64) -> f64) -> Result<Duration, EvalError> {
    let mut total = Total::default();
    total.fraction(Months(1), scale(duration.months as f64))?;
    total.fraction(Days(1), scale(duration.days as f64))?;
    total.fraction(Nanos(NANOS_PER_SECOND), scale(duration.seconds as f64))?;
    total.fraction(Nanos(1), scale(duration.nanos_of_second() as f64))?;
    total.duration()
}
