//! Reads the time that a row or record states.

use crate::settings::{TimeUnit, TimestampMapping};
use livewell_model::Timestamp;
use livewell_model::temporal::{Date, NANOS_PER_SECOND, SECONDS_PER_DAY};

/// Reads the time of a row or record; `P` is the place of the field.
#[derive(Debug, Clone)]
pub(crate) struct Moment<P> {
    pub place: P,
    unit: Option<TimeUnit>,
}

impl<P> Moment<P> {
    /// Reads the setting; `place` finds the field that it names.
    pub fn compile(
        settings: &TimestampMapping,
        place: impl FnOnce(&str) -> Result<P, String>,
    ) -> Result<Self, String> {
        let place = place(&settings.path).map_err(|error| format!("`timestamp.path`: {error}"))?;
        Ok(Self { place, unit: settings.unit })
    }

    /// Returns the time of a text or of an integer's digits.
    pub fn of(&self, text: &str) -> Result<Timestamp, String> {
        let nanos = match self.unit {
            Some(unit) => {
                let number: i128 =
                    text.parse().map_err(|_| format!("must be an integer of {}", unit.name()))?;
                number.checked_mul(unit.nanos().into())
            }
            None if !text.is_empty() && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) => {
                return Err(
                    "is an integer; say what it counts, as in `timestamp: { path: at, unit: ms }`".into()
                );
            }
            None => Some(
                rfc_3339(text).ok_or("must be a time with its offset, as `2024-05-01T10:30:00.5+02:00`")?,
            ),
        };
        let nanos = nanos.and_then(|nanos| i64::try_from(nanos).ok());
        nanos.map(Timestamp).ok_or_else(|| "must be a time from 1677-09-21 to 2262-04-11".into())
    }
}

/// Returns nanoseconds since 1970 of a time as RFC 3339 writes it. Digits beyond nanoseconds are cut off.
fn rfc_3339(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|byte| any.contains(byte));
    let has_marks = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let date = Date::new(number(0, 4)?, number(5, 7)?, number(8, 10)?).filter(|_| has_marks)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.find(|c: char| !c.is_ascii_digit())?;
        let digits = &fraction[..length.min(9)];
        nanos = digits.parse::<i64>().ok()? * 10_i64.pow(9 - u32::try_from(digits.len()).ok()?);
        rest = &fraction[length..];
    }
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), ..] if rest.len() == 6 && rest.as_bytes()[3] == b':' => {
            let at = text.len() - 5;
            let (hours, minutes) = (number(at, at + 2)?, number(at + 3, at + 5)?);
            let offset = (hours * 60 + minutes) * 60;
            if hours > 23 || minutes > 59 {
                return None;
            }
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    // RFC 3339 has leap seconds; clocks of this machine show the next second instead.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = date.days() * SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second - offset;
    Some(i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(unit: Option<TimeUnit>) -> Moment<()> {
        Moment { place: (), unit }
    }

    #[test]
    fn a_time_is_read_to_the_nanosecond_or_refused() {
        let text = moment(None);
        for (written, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-05-01T10:30:00+02:00", 1_714_552_200_000_000_000),
            ("2024-05-01t08:30:00.5z", 1_714_552_200_500_000_000),
            ("2024-05-01 08:30:00.1234567891Z", 1_714_552_200_123_456_789),
            ("1969-12-31T23:59:59.999999999-00:00", -1),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ] {
            assert_eq!(text.of(written), Ok(Timestamp(nanos)), "{written}");
        }
        for written in [
            "",
            "now",
            "2024-05-01",
            "2024-05-01T10:30:00",
            "2024-05-01T10:30Z",
            "2024-02-30T10:30:00Z",
            "1714552200",
            "2024-05-01T25:30:00Z",
            "2024-05-01T10:60:00Z",
            "2024-05-01T10:30:00.Z",
            "2024-05-01T10:30:00+2:00",
            "2024-05-01T10:30:00+02",
            "2024-05-01T10:30:00Z ",
            "3000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "2024-05-01T10:30:00\u{fc}02:00",
            "\u{fc}\u{fc}24-05-01T10:30:00Z",
            "2024-05-01T10:30:00.5",
        ] {
            assert!(text.of(written).is_err(), "{written}");
        }
    }

    #[test]
    fn an_integer_counts_what_its_unit_says() {
        for (unit, number, nanos) in [
            (TimeUnit::Seconds, "-1", -1_000_000_000),
            (TimeUnit::Milliseconds, "1714552200123", 1_714_552_200_123_000_000),
            (TimeUnit::Microseconds, "1714552200123456", 1_714_552_200_123_456_000),
            (TimeUnit::Nanoseconds, "1714552200123456789", 1_714_552_200_123_456_789),
        ] {
            assert_eq!(moment(Some(unit)).of(number), Ok(Timestamp(nanos)), "{number}");
        }
        for number in ["", "1.5", "1e3", "9223372037", "2024-05-01T10:30:00Z"] {
            assert!(moment(Some(TimeUnit::Seconds)).of(number).is_err(), "{number}");
        }
    }
}
