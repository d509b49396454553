//! Temporal values as text in the forms of ISO 8601: what `toString` returns and JSON carries.

use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, NANOS_PER_SECOND, Time};
use std::fmt::{self, Display, Formatter};

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        match year {
            0..=9_999 => write!(f, "{year:04}")?,
            10_000.. => write!(f, "+{year}")?,
            _ => write!(f, "-{:04}", -year)?,
        }
        write!(f, "-{month:02}-{day:02}")
    }
}

impl Display for LocalTime {
    /// Writes seconds and their fraction only if they are not zero; the fraction in thousandths, millionths or
    /// billionths.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, nanos) = self.parts();
        write!(f, "{hour:02}:{minute:02}")?;
        if second == 0 && nanos == 0 {
            return Ok(());
        }
        write!(f, ":{second:02}")?;
        match nanos {
            0 => Ok(()),
            _ if nanos % 1_000_000 == 0 => write!(f, ".{:03}", nanos / 1_000_000),
            _ if nanos % 1_000 == 0 => write!(f, ".{:06}", nanos / 1_000),
            _ => write!(f, ".{nanos:09}"),
        }
    }
}

/// An offset from UTC as text: `Z`, `+01:00`, `-02:05:07`.
#[derive(Debug, Clone, Copy)]
pub struct Offset(pub i32);

impl Display for Offset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(seconds) = *self;
        if seconds == 0 {
            return f.write_str("Z");
        }
        let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
        write!(f, "{sign}{:02}:{:02}", size / 3_600, size / 60 % 60)?;
        if size % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", size % 60) }
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.local, Offset(self.offset))
    }
}

impl Display for LocalDateTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl Display for DateTime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.local, Offset(self.offset))?;
        match &self.zone {
            Some(zone) => write!(f, "[{zone}]"),
            None => Ok(()),
        }
    }
}

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let part = |f: &mut Formatter<'_>, amount: i128, unit: char| match amount {
            0 => Ok(()),
            _ => write!(f, "{amount}{unit}"),
        };
        f.write_str("P")?;
        part(f, (self.months / 12).into(), 'Y')?;
        part(f, (self.months % 12).into(), 'M')?;
        part(f, self.days.into(), 'D')?;
        let nanos = self.nanos();
        if nanos == 0 {
            return if self.months == 0 && self.days == 0 { f.write_str("T0S") } else { Ok(()) };
        }
        f.write_str("T")?;
        let per_second = i128::from(NANOS_PER_SECOND);
        let seconds = nanos / per_second;
        part(f, seconds / 3_600, 'H')?;
        part(f, seconds / 60 % 60, 'M')?;
        let (second, fraction) = (seconds % 60, (nanos % per_second).abs());
        match fraction {
            0 => part(f, second, 'S'),
            _ => {
                let sign = if nanos < 0 { "-" } else { "" };
                let digits = format!("{fraction:09}");
                write!(f, "{sign}{}.{}S", second.abs(), digits.trim_end_matches('0'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_print_as_iso_8601() {
        let date = |year, month, day| Date::new(year, month, day).expect("a day").to_string();
        assert_eq!(date(1984, 10, 11), "1984-10-11");
        assert_eq!(date(999_999_999, 12, 31), "+999999999-12-31");
        assert_eq!(date(-5, 1, 1), "-0005-01-01");
        let time = |nanos| LocalTime::from_nanos(nanos).expect("a time").to_string();
        assert_eq!(time(0), "00:00");
        assert_eq!(time(45_074_645_000_000), "12:31:14.645");
        assert_eq!(time(45_074_645_876_000), "12:31:14.645876");
        assert_eq!(time(45_074_000_000_003), "12:31:14.000000003");
        for (offset, text) in [(0, "Z"), (3_600, "+01:00"), (-7_507, "-02:05:07")] {
            assert_eq!(Offset(offset).to_string(), text);
        }
    }

    #[test]
    fn durations_print_as_the_scenarios_have_them() {
        let cases = [
            ((0, 0, 0), "PT0S"),
            ((149, 14, 58_390_000_000_001), "P12Y5M14DT16H13M10.000000001S"),
            ((0, 0, -86_399_900_000_000), "PT-23H-59M-59.9S"),
            ((0, 0, -1_000_000), "PT-0.001S"),
            ((-6, -15, -63_903_500_000_002), "P-6M-15DT-17H-45M-3.500000002S"),
            ((2, -28, 113_900_000_000_000), "P2M-28DT31H38M20S"),
            ((0, 22, 0), "P22D"),
        ];
        for ((months, days, nanos), text) in cases {
            assert_eq!(Duration::new(months, days, nanos).expect("in range").to_string(), text);
        }
    }
}
