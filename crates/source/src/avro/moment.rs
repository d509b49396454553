//! Moments with their offsets as Debezium writes them: `2026-01-31T10:00:00.123456Z`.

use livewell_model::temporal::{Date, DateTime, LocalDateTime, LocalTime, NANOS_PER_SECOND};

/// Parses a moment.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    let (day, rest) = text.split_once('T')?;
    let mut day = day.splitn(3, '-').map(number);
    let date = Date::new(day.next()??, day.next()??, day.next()??)?;
    let at = rest.find(['Z', '+', '-'])?;
    let (time, offset) = rest.split_at(at);
    DateTime::new(LocalDateTime { date, time: clock(time)? }, seconds(offset)?, None)
}

fn clock(text: &str) -> Option<LocalTime> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) =
        parts.next().map_or(("0", "0"), |part| part.split_once('.').unwrap_or((part, "0")));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let (second, nanos) = (number(second)?, number(fraction)? * 10i64.pow(9 - digits));
    let is_one = hour < 24 && minute < 60 && second < 60;
    is_one.then(|| LocalTime::from_nanos((hour * 3_600 + minute * 60 + second) * NANOS_PER_SECOND + nanos))?
}

fn seconds(offset: &str) -> Option<i32> {
    if offset == "Z" {
        return Some(0);
    }
    let (sign, rest) = offset.split_at_checked(1)?;
    let mut parts = rest.splitn(3, ':').map(number);
    let (hours, minutes) = (parts.next()??, parts.next().unwrap_or(Some(0))?);
    let seconds = parts.next().unwrap_or(Some(0))?;
    let seconds = i32::try_from(hours * 3_600 + minutes * 60 + seconds).ok()?;
    Some(if sign == "-" { -seconds } else { seconds })
}

fn number(text: &str) -> Option<i64> {
    let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_offset_and_every_digit() {
        for text in [
            "2026-01-31T10:00:01Z",
            "2026-01-31T10:00:00.123456789Z",
            "1969-12-31T23:59:59.500+05:30",
            "2026-01-31T10:00:02-03:00",
        ] {
            assert_eq!(parse(text).map(|moment| moment.to_string()).as_deref(), Some(text));
        }
        for text in
            ["infinity", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31", "2026-01-31T1:0:0"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
