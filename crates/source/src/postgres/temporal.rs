//! Parses PostgreSQL's text of dates and times, in the styles ISO and (for intervals) ISO 8601.

use livewell_model::Value;
use livewell_model::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, NANOS_PER_SECOND, Time};

pub(super) fn date(text: &str) -> Result<Value, String> {
    let (text_of_day, before_christ) = era(text);
    day(text_of_day, before_christ).map(Value::from).ok_or_else(|| cannot(text, "a date"))
}

pub(super) fn time(text: &str) -> Result<Value, String> {
    time_of_day(text).map(Value::from).ok_or_else(|| cannot(text, "a time before 24:00"))
}

pub(super) fn time_with_zone(text: &str) -> Result<Value, String> {
    let read = || {
        let (time, offset) = split_offset(text)?;
        Time::new(time_of_day(time)?, offset)
    };
    read().map(Value::from).ok_or_else(|| cannot(text, "a time before 24:00 with an offset up to 18 hours"))
}

pub(super) fn timestamp(text: &str) -> Result<Value, String> {
    moment(text).map(Value::from).ok_or_else(|| cannot(text, "a date and time"))
}

/// Parses a timestamp with time zone. The session's time zone is UTC, so it comes with that offset.
pub(super) fn timestamp_with_zone(text: &str) -> Result<Value, String> {
    let read = || {
        let (rest, before_christ) = era(text);
        let (local, offset) = split_offset(rest)?;
        DateTime::new(moment_of(local, before_christ)?, offset, None)
    };
    read().map(Value::from).ok_or_else(|| cannot(text, "a date and time with an offset"))
}

/// Parses an interval: `P1Y2M3DT4H5M6.7S`, each part with a sign of its own.
pub(super) fn interval(text: &str) -> Result<Value, String> {
    parts(text).map(Value::from).ok_or_else(|| cannot(text, "an interval"))
}

fn cannot(text: &str, wanted: &str) -> String {
    format!("`{text}` is not {wanted} that can be kept")
}

fn era(text: &str) -> (&str, bool) {
    text.strip_suffix(" BC").map_or((text, false), |text| (text, true))
}

fn moment(text: &str) -> Option<LocalDateTime> {
    let (text, before_christ) = era(text);
    moment_of(text, before_christ)
}

fn moment_of(text: &str, before_christ: bool) -> Option<LocalDateTime> {
    let (date, time) = text.split_once(' ')?;
    Some(LocalDateTime { date: day(date, before_christ)?, time: time_of_day(time)? })
}

fn day(text: &str, before_christ: bool) -> Option<Date> {
    let mut numbers = text.splitn(3, '-').map(number);
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // There is no year 0: 1 BC is the year before 1.
    Date::new(if before_christ { 1 - year } else { year }, month, day)
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn time_of_day(text: &str) -> Option<LocalTime> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) = parts.next().map_or(Some((0, 0)), seconds)?;
    let fits = hour < 24 && minute < 60 && second < 60;
    fits.then(|| LocalTime::from_nanos((hour * 3_600 + minute * 60 + second) * NANOS_PER_SECOND + fraction))?
}

/// Parses whole seconds and the nanoseconds beyond them.
fn seconds(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    Some((number(whole)?, number(fraction)? * 10i64.pow(9 - digits)))
}

/// Splits off the offset, in seconds east of UTC.
fn split_offset(text: &str) -> Option<(&str, i32)> {
    let at = text.rfind(['+', '-'])?;
    let (before, offset) = text.split_at(at);
    let mut seconds = 0;
    for (part, unit) in offset[1..].splitn(3, ':').zip([3_600, 60, 1]) {
        seconds += number(part).filter(|part| *part < 100)? * unit;
    }
    let seconds = i32::try_from(seconds).ok()?;
    Some((before, if offset.starts_with('-') { -seconds } else { seconds }))
}

fn parts(text: &str) -> Option<Duration> {
    let (mut months, mut days, mut nanos) = (0i64, 0i64, 0i128);
    let mut in_time = false;
    let mut rest = text.strip_prefix('P')?;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
            (in_time, rest) = (true, time);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_uppercase())?;
        let (amount, unit) = (&rest[..end], rest.as_bytes()[end]);
        rest = &rest[end + 1..];
        let (negative, size) = amount.strip_prefix('-').map_or((false, amount), |size| (true, size));
        let sign = if negative { -1 } else { 1 };
        match (unit, in_time) {
            (b'Y', false) => months = months.checked_add(number(size)?.checked_mul(12 * sign)?)?,
            (b'M', false) => months = months.checked_add(number(size)? * sign)?,
            (b'D', false) => days = days.checked_add(number(size)? * sign)?,
            (b'H', true) => nanos += i128::from(number(size)? * sign) * 3_600_000_000_000,
            (b'M', true) => nanos += i128::from(number(size)? * sign) * 60_000_000_000,
            (b'S', true) => {
                let (whole, fraction) = seconds(size)?;
                let second = i128::from(whole) * i128::from(NANOS_PER_SECOND) + i128::from(fraction);
                nanos += second * i128::from(sign);
            }
            _ => return None,
        }
    }
    Duration::new(months, days, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Result<Value, String>) -> String {
        value.map_or_else(|error| error, |value| value.temporal_text().expect("a temporal value"))
    }

    #[test]
    fn dates_and_times_are_read_as_postgres_prints_them() {
        assert_eq!(shown(date("2024-02-29")), "2024-02-29");
        assert_eq!(shown(date("0044-03-15 BC")), "-0043-03-15");
        assert_eq!(shown(date("294276-12-31")), "+294276-12-31");
        assert_eq!(shown(time("23:59:59.999999")), "23:59:59.999999");
        assert_eq!(shown(time_with_zone("04:05:06.789-08")), "04:05:06.789-08:00");
        assert_eq!(shown(time_with_zone("04:05:06+15:59:59")), "04:05:06+15:59:59");
        assert_eq!(shown(timestamp("2024-02-29 12:00:00.5")), "2024-02-29T12:00:00.500");
        assert_eq!(shown(timestamp("4713-01-01 00:00:00 BC")), "-4712-01-01T00:00");
        assert_eq!(
            shown(timestamp_with_zone("2024-02-29 12:00:00.123456+00")),
            "2024-02-29T12:00:00.123456Z"
        );
        assert_eq!(shown(timestamp_with_zone("0001-12-31 22:06:32+00 BC")), "0000-12-31T22:06:32Z");
    }

    #[test]
    fn what_has_no_place_in_the_calendar_is_refused() {
        for text in ["infinity", "-infinity", "2024-02-30", "2024-2", "", "24:00:00"] {
            for read in [date, time, time_with_zone, timestamp, timestamp_with_zone, interval] {
                assert!(read(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn intervals_keep_months_days_and_seconds_apart() {
        let read = |text| match interval(text) {
            Ok(Value::Duration(length)) => (length.months, length.days, length.nanos()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(read("P1Y2M3DT4H5M6.789S"), (14, 3, 14_706_789_000_000));
        assert_eq!(read("P-1Y-2M3DT-4H-5M-6S"), (-14, 3, -14_706_000_000_000));
        assert_eq!(read("PT-0.5S"), (0, 0, -500_000_000));
        assert_eq!(read("PT0S"), (0, 0, 0));
        for text in ["1 day", "P1", "P1H", "PT1D", "infinity", "PTT1S"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
