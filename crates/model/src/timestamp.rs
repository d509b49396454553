//! A moment: nanoseconds since 1970-01-01T00:00:00Z, as a change carries it.

use crate::temporal::calendar::civil_from_days;
use crate::temporal::{NANOS_PER_SECOND, SECONDS_PER_DAY};

/// Nanoseconds since the Unix epoch, UTC. Reaches from 1677 to 2262.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the moment as RFC 3339 in UTC with microseconds: `2026-01-01T00:00:00.000000Z`.
    pub fn to_rfc3339(self) -> String {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND);
        let micros = self.0.rem_euclid(NANOS_PER_SECOND) / 1_000;
        let (days, of_day) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_357_016_400_000_000_000, "2013-01-01T05:00:00.000000Z"),
            (951_782_400_123_456_789, "2000-02-29T00:00:00.123456Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ];
        for (nanos, text) in cases {
            assert_eq!(Timestamp(nanos).to_rfc3339(), text);
        }
    }
}
