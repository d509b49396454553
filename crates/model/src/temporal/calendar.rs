//! The proleptic Gregorian calendar and the ISO 8601 week calendar over days since 1970-01-01.
//!
//! Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil` and `civil_from_days`.

/// The largest year, either side of zero.
pub const YEAR_MAX: i64 = 999_999_999;

/// The first day of the smallest year.
pub const DAYS_MIN: i64 = days_from_civil(-YEAR_MAX, 1, 1);
/// The last day of the largest year.
pub const DAYS_MAX: i64 = days_from_civil(YEAR_MAX, 12, 31);

/// Returns whether the year has 366 days.
pub const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns how many days the month (from 1) has.
pub const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the days since 1970-01-01 of a year, month (from 1) and day (from 1).
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

/// Returns the year, month (from 1) and day (from 1) of days since 1970-01-01.
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// Returns the day of the week, 1 for Monday to 7 for Sunday.
pub const fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// Returns the Monday of the first ISO week of a year: the week that has January 4th.
pub const fn first_monday(week_year: i64) -> i64 {
    let fourth = days_from_civil(week_year, 1, 4);
    fourth - (day_of_week(fourth) - 1)
}

/// Returns the ISO week-based year and the week in it, from 1.
pub const fn week(days: i64) -> (i64, i64) {
    let thursday = days - (day_of_week(days) - 1) + 3;
    let (year, _, _) = civil_from_days(thursday);
    (year, (days - first_monday(year)) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_those_of_known_calendars() {
        let cases = [
            ((1970, 1, 1), 0),
            ((2000, 2, 29), 11_016),
            ((1969, 12, 31), -1),
            ((1582, 10, 15), -141_427),
            ((0, 3, 1), -719_468),
        ];
        for ((year, month, day), days) in cases {
            assert_eq!(days_from_civil(year, month, day), days);
            assert_eq!(civil_from_days(days), (year, month, day));
        }
        assert_eq!((day_of_week(0), day_of_week(-4)), (4, 7));
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        // The examples of ISO 8601: https://en.wikipedia.org/wiki/ISO_week_date.
        let cases = [
            ((1977, 1, 1), (1976, 53)),
            ((1978, 1, 1), (1977, 52)),
            ((1978, 1, 2), (1978, 1)),
            ((1979, 12, 31), (1980, 1)),
            ((1980, 12, 28), (1980, 52)),
            ((1981, 12, 31), (1981, 53)),
            ((1982, 1, 3), (1981, 53)),
        ];
        for ((year, month, day), expect) in cases {
            assert_eq!(week(days_from_civil(year, month, day)), expect, "{year}-{month}-{day}");
        }
    }

    proptest! {
        #[test]
        fn a_day_and_its_date_give_each_other(days in DAYS_MIN..=DAYS_MAX) {
            let (year, month, day) = civil_from_days(days);
            prop_assert!((1..=days_in_month(year, month)).contains(&day));
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
