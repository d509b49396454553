//! Temporal values as tables of expressions and what they print as. The expected values are those of the
//! openCypher documentation and of scenarios derived from its Technology Compatibility Kit.

use crate::language_expressions::{check, compiled, fails, row};
use livewell_model::Value;
use livewell_query::language::code;

/// Expressions and what their values print as.
fn prints(table: &[(&str, &str)]) {
    for (text, expect) in table {
        let value = compiled(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .eval(&row(Value::Null, "x".into()))
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(value.temporal_text().as_deref(), Some(*expect), "{text}");
    }
}

#[test]
fn dates_are_read_in_every_form() {
    prints(&[
        ("date('2015-07-21')", "2015-07-21"),
        ("date('20150721')", "2015-07-21"),
        ("date('2015-07')", "2015-07-01"),
        ("date('201507')", "2015-07-01"),
        ("date('2015-W30-2')", "2015-07-21"),
        ("date('2015W302')", "2015-07-21"),
        ("date('2015-W30')", "2015-07-20"),
        ("date('2015W30')", "2015-07-20"),
        ("date('2015-202')", "2015-07-21"),
        ("date('2015202')", "2015-07-21"),
        ("date('2015-Q2-60')", "2015-05-30"),
        ("date('2015')", "2015-01-01"),
        ("date('+999999999-12-31')", "+999999999-12-31"),
        ("date('-0001-01-01')", "-0001-01-01"),
        ("time('21:40:32.142+0100')", "21:40:32.142+01:00"),
        ("time('214032.142Z')", "21:40:32.142Z"),
        ("time('21:40:32+01:00')", "21:40:32+01:00"),
        ("time('2140-02')", "21:40-02:00"),
        ("time('22+18:00')", "22:00+18:00"),
        ("datetime('2015-07-21T21:40:32.142+0100')", "2015-07-21T21:40:32.142+01:00"),
        ("datetime('2015-W30-2T214032.142Z')", "2015-07-21T21:40:32.142Z"),
        ("datetime('2015T214032-0100')", "2015-01-01T21:40:32-01:00"),
        ("datetime('2015-07-21')", "2015-07-21T00:00Z"),
        ("datetime('2015-07-21T21:40[europe/london]')", "2015-07-21T21:40+01:00[Europe/London]"),
    ]);
}

#[test]
fn text_that_is_no_instant_is_refused() {
    for text in [
        "date('2015-02-29')",
        "date('2015-13-01')",
        "date('2014-W53')",
        "date('2014-366')",
        "date('15-07-21')",
        "date('2015-07-21T12:00')",
        "date('2015-7-21')",
        "date('')",
        "date('ø015')",
        "date('+9999999999-01-01')",
        "localtime('24:00')",
        "localtime('12:60')",
        "localtime('12:3')",
        "localtime('12:30+01:00')",
        "localtime('12:30:14.1234567890')",
        "localtime('12345678')",
        "time('12:30+19:00')",
        "time('12:30[Europe/Stockholm]')",
        "datetime('2015-07-21T21:40+05:00[Europe/London]')",
        "datetime('2015-07-21T21:40[Middle/Earth]')",
        "localdatetime('2015-07-21T21:40Z')",
        "duration('P')",
        "duration('PT')",
        "duration('P1S')",
        "duration('1D')",
        "duration('P1D2Y')",
        "duration('P9223372036854775808D')",
        "datetime('-999999999-01-01T00:00[Europe/London]')",
    ] {
        fails(&[(text, code::ARGUMENT)]);
    }
}

#[test]
fn maps_that_make_no_instant_are_refused() {
    for text in [
        "date({})",
        "date({month: 1})",
        "date({year: 1984, day: 1})",
        "date({year: 1984, month: 13})",
        "date({year: 1984, month: 2, day: 30})",
        "date({year: 1984, week: 1, month: 1})",
        "date({year: 1984, week: 53})",
        "date({year: 1984, dayOfWeek: 1})",
        "date({year: 1984, ordinalDay: 367})",
        "date({year: 1984, quarter: 1, dayOfQuarter: 92})",
        "date({year: 1984, hour: 1})",
        "date({year: '1984'})",
        "date({year: a})",
        "date({year: 1000000000})",
        "date({date: localtime('12:00')})",
        "localtime({})",
        "localtime({minute: 1})",
        "localtime({hour: 24})",
        "localtime({hour: 1, minute: 1, second: 1, nanosecond: 1000000000})",
        "localtime({hour: 1, timezone: 'Z'})",
        "time({hour: 1, timezone: 'Europe/London'})",
        "datetime({year: 1984, timezone: 'nowhere'})",
        "duration({})",
        "duration({fortnights: 1})",
        "duration({days: '1'})",
        "duration({days: 1e300})",
    ] {
        fails(&[(text, code::ARGUMENT)]);
    }
}

#[test]
fn instants_are_made_from_maps_and_from_each_other() {
    prints(&[
        ("date({date: date('1984-11-11'), quarter: 3})", "1984-08-11"),
        ("date({date: datetime('1984-11-11T12:00+01:00'), day: 28})", "1984-11-28"),
        ("time({time: time('12:31:14+01:00'), timezone: '+05:00'})", "16:31:14+05:00"),
        ("time({time: time('23:31:14-05:00'), timezone: 'Z'})", "04:31:14Z"),
        ("time(datetime('1984-10-11T12:00+01:00[Europe/Stockholm]'))", "12:00+01:00"),
        ("localtime(datetime('1984-10-11T12:00+01:00[Europe/Stockholm]'))", "12:00"),
        ("localdatetime(datetime('1984-10-11T12:00+01:00'))", "1984-10-11T12:00"),
        (
            "datetime({datetime: datetime('1984-10-11T12:00+01:00'), timezone: '+05:00'})",
            "1984-10-11T16:00+05:00",
        ),
        ("datetime({date: datetime('1984-10-11T12:00+01:00'), hour: 10})", "1984-10-11T10:00Z"),
        ("datetime({epochSeconds: 416779, nanosecond: 5})", "1970-01-05T19:46:19.000000005Z"),
        ("datetime({epochMillis: 237821673987})", "1977-07-15T13:34:33.987Z"),
        ("datetime.fromEpoch(-1, 999999999)", "1969-12-31T23:59:59.999999999Z"),
    ]);
    check(&[("date(null)", "null"), ("datetime.realtime(null)", "null"), ("duration(a)", "null")]);
}

#[test]
fn instants_at_the_ends_of_their_ranges_are_moved_and_computed_with_or_refused_where_they_are_made() {
    let moved =
        |utc: &str, zone: &str| format!("datetime({{datetime: datetime('{utc}'), timezone: '{zone}'}})");
    for (utc, zone, text) in [
        ("9999-12-30T23:59:59Z", "Europe/Berlin", "9999-12-31T00:59:59+01:00[Europe/Berlin]"),
        ("9999-12-31T23:59:59.999999Z", "Europe/Berlin", "+10000-01-01T00:59:59.999999+01:00[Europe/Berlin]"),
        ("9999-12-31T23:59:59Z", "America/New_York", "9999-12-31T18:59:59-05:00[America/New_York]"),
        ("9999-07-01T12:00:00Z", "Europe/Berlin", "9999-07-01T14:00+02:00[Europe/Berlin]"),
        ("-9999-01-01T00:00:00Z", "Europe/London", "-10000-12-31T23:58:45-00:01:15[Europe/London]"),
        ("-9999-01-01T00:00:00Z", "Asia/Tokyo", "-9999-01-01T09:18:59+09:18:59[Asia/Tokyo]"),
    ] {
        prints(&[(&moved(utc, zone), text)]);
        // What comes out can be read, compared and moved on.
        let again = format!("datetime('{text}')");
        prints(&[
            (&again, text),
            (&format!("{again} + duration('PT0S')"), text),
            (&format!("datetime.truncate('second', {again})"), &text.replace(".999999", "")),
        ]);
        check(&[
            (&format!("{again} = datetime('{utc}')"), "false"),
            (&format!("{again}.epochMillis = datetime('{utc}').epochMillis"), "true"),
        ]);
    }
    for text in [
        &moved("+10000-01-02T00:00:00Z", "Europe/Berlin"),
        "datetime('9999-12-31T23:59:59[America/New_York]') + duration('P1D')",
        "datetime('+10001-01-01T00:00[Europe/Berlin]')",
        &moved("-10000-06-01T00:00:00Z", "Europe/Berlin"),
    ] {
        fails(&[(text, code::ARGUMENT)]);
    }
    let (first, last) =
        ("datetime('-999999999-01-01T00:00+18:00')", "datetime('+999999999-12-31T23:59:59.999999999-18:00')");
    check(&[(&format!("{first} < {last}"), "true")]);
    prints(&[
        (first, "-999999999-01-01T00:00+18:00"),
        (&format!("datetime.truncate('millennium', {last})"), "+999999000-01-01T00:00-18:00"),
        (&format!("date({last})"), "+999999999-12-31"),
    ]);
    for text in [
        &format!("datetime({{datetime: {first}, timezone: 'Z'}})"),
        &format!("datetime({{datetime: {last}, timezone: 'Z'}})"),
        &format!("{last} + duration('PT0.000000001S')"),
    ] {
        fails(&[(text, code::ARGUMENT)]);
    }
}

#[test]
fn a_local_hour_that_is_skipped_or_comes_twice_has_its_offset() {
    prints(&[
        ("datetime('2017-03-26T02:30[Europe/Stockholm]')", "2017-03-26T03:30+02:00[Europe/Stockholm]"),
        ("datetime('2017-10-29T02:30[Europe/Stockholm]')", "2017-10-29T02:30+02:00[Europe/Stockholm]"),
        ("datetime('2017-10-29T02:30+01:00[Europe/Stockholm]')", "2017-10-29T02:30+01:00[Europe/Stockholm]"),
        (
            "datetime('2017-10-29T02:30+02:00[Europe/Stockholm]') + duration('PT1H')",
            "2017-10-29T02:30+01:00[Europe/Stockholm]",
        ),
        (
            "datetime('2017-10-28T02:30[Europe/Stockholm]') + duration('P1D')",
            "2017-10-29T02:30+02:00[Europe/Stockholm]",
        ),
        ("datetime('2017-06-01T12:00[UTC]')", "2017-06-01T12:00Z[UTC]"),
    ]);
}

#[test]
fn truncation_keeps_the_local_time_and_takes_changes() {
    prints(&[
        ("date.truncate('century', date('1984-10-11'))", "1900-01-01"),
        ("date.truncate('quarter', date('1984-11-11'), {day: 2})", "1984-10-02"),
        ("datetime.truncate('millennium', date('2017-10-11'), {day: 2})", "2000-01-02T00:00Z"),
        (
            "datetime.truncate('decade', datetime('1984-10-11T12:31+03:00'), {timezone: 'Europe/Stockholm'})",
            "1980-01-01T00:00+01:00[Europe/Stockholm]",
        ),
        ("datetime.truncate('day', datetime('1984-10-11T12:31-01:00'))", "1984-10-11T00:00-01:00"),
        ("time.truncate('hour', localtime('12:31:14'), {timezone: '+01:00'})", "12:00+01:00"),
        ("time.truncate('day', datetime('1984-10-11T12:31-01:00'), {})", "00:00-01:00"),
        (
            "localtime.truncate('millisecond', localtime('12:31:14.645876123'), {nanosecond: 2})",
            "12:31:14.645000002",
        ),
        (
            "localtime.truncate('microsecond', localtime('12:31:14.645876123'), {nanosecond: 2})",
            "12:31:14.645876002",
        ),
        (
            "localtime.truncate('second', localtime('12:31:14.645876123'), {nanosecond: 2})",
            "12:31:14.000000002",
        ),
    ]);
    check(&[("date.truncate('day', null)", "null")]);
    for text in [
        "date.truncate('eon', date('1984-10-11'))",
        "date.truncate('hour', date('1984-10-11'))",
        "date.truncate('day', localtime('12:00'))",
        "localtime.truncate('year', localdatetime('1984-10-11T12:31'))",
        "datetime.truncate('hour', date('1984-10-11'))",
        "localtime.truncate('microsecond', localtime('12:31'), {microsecond: 9000000000000000000})",
        "localtime.truncate('millisecond', localtime('12:31'), {microsecond: 1000})",
        "date.truncate('day', date('1984-10-11'), {date: date('1984-10-11')})",
    ] {
        fails(&[(text, code::ARGUMENT)]);
    }
}

#[test]
fn components_are_those_of_the_documentation() {
    check(&[
        ("[x IN [date('1984-01-01')] | [x.year, x.weekYear, x.week, x.weekDay]]", "[[1984, 1983, 52, 7]]"),
        (
            "[d IN [date('1984-11-11')] | [d.quarter, d.month, d.day, d.ordinalDay, d.dayOfQuarter, d['dayOfWeek']]]",
            "[[4, 11, 11, 316, 42, 7]]",
        ),
        (
            "[t IN [localtime('12:31:14.645876123')] | [t.hour, t.minute, t.second, t.millisecond, t.microsecond, t.nanosecond]]",
            "[[12, 31, 14, 645, 645876, 645876123]]",
        ),
        (
            "[d IN [datetime('1984-11-11T12:31:14.645876123[Europe/Stockholm]')] |
                [d.timezone, d.offset, d.offsetMinutes, d.offsetSeconds, d.epochSeconds, d.epochMillis]]",
            "[['Europe/Stockholm', '+01:00', 60, 3600, 469020674, 469020674645]]",
        ),
        ("time('12:00-02:05').timezone", "'-02:05'"),
        (
            "[d IN [duration({years: 1, months: 4, days: 10, hours: 1, minutes: 1, seconds: 1, nanoseconds: 111111111})] |
                [d.years, d.quarters, d.months, d.weeks, d.days, d.hours, d.minutes, d.seconds]]",
            "[[1, 5, 16, 1, 10, 1, 61, 3661]]",
        ),
        (
            "[d IN [duration({years: 1, months: 4, days: 10, hours: 1, minutes: 1, seconds: 1, nanoseconds: 111111111})] |
                [d.milliseconds, d.microseconds, d.nanoseconds, d.quartersOfYear, d.monthsOfQuarter, d.monthsOfYear]]",
            "[[3661111, 3661111111, 3661111111111, 1, 1, 4]]",
        ),
        (
            "[d IN [duration({years: 1, months: 4, days: 10, hours: 1, minutes: 1, seconds: 1, nanoseconds: 111111111})] |
                [d.daysOfWeek, d.minutesOfHour, d.secondsOfMinute, d.millisecondsOfSecond, d.microsecondsOfSecond,
                 d.nanosecondsOfSecond]]",
            "[[3, 1, 1, 111, 111111, 111111111]]",
        ),
    ]);
    fails(&[("date('1984-01-01').hour", code::ARGUMENT), ("duration('P1D').year", code::ARGUMENT)]);
}

#[test]
fn durations_are_added_part_by_part_and_scaled_with_carried_fractions() {
    let long =
        "duration({years: 12, months: 5, days: 14, hours: 16, minutes: 12, seconds: 70, nanoseconds: 1})";
    let broken = "duration({years: 12.5, months: 5.5, days: 14.5, hours: 16.5, minutes: 12.5, seconds: 70.5, nanoseconds: 3})";
    let cases = [
        (format!("date('1984-10-11') + {long}"), "1997-03-25"),
        (format!("date('1984-10-11') - {long}"), "1972-04-27"),
        (format!("date('1984-10-11') + {broken}"), "1997-10-11"),
        (format!("date('1984-10-11') - {broken}"), "1971-10-12"),
        (format!("{long} + localtime('12:31:14.000000001')"), "04:44:24.000000002"),
        (format!("localdatetime('1984-10-11T12:31:14.000000001') - {long}"), "1972-04-26T20:18:04"),
        (format!("{long} + {long}"), "P24Y10M28DT32H26M20.000000002S"),
        (format!("{long} - {long}"), "PT0S"),
        (format!("{long} * 2"), "P24Y10M28DT32H26M20.000000002S"),
        (format!("{long} / 2"), "P6Y2M22DT13H21M8S"),
        (format!("0.5 * {long}"), "P6Y2M22DT13H21M8S"),
        (format!("{long} / 0.5"), "P24Y10M28DT32H26M20.000000002S"),
        ("date('2020-01-31') + duration('P1M')".into(), "2020-02-29"),
        ("duration('P14DT16H12M')".into(), "P14DT16H12M"),
        ("duration('P5M1.5D')".into(), "P5M1DT12H"),
        ("duration('P0.75M')".into(), "P22DT19H51M49.5S"),
        ("duration('PT0.75M')".into(), "PT45S"),
        ("duration('P2.5W')".into(), "P17DT12H"),
        ("duration('P12Y5M14DT16H12M70S')".into(), "P12Y5M14DT16H13M10S"),
        ("duration('P2012-02-02T14:37:21.545')".into(), "P2012Y2M2DT14H37M21.545S"),
        ("duration('PT-1.5S')".into(), "PT-1.5S"),
    ];
    for (text, expect) in cases {
        prints(&[(&text, expect)]);
    }
    check(&[("date('1984-10-11') + null", "null"), ("duration('P1D') * a", "null")]);
    fails(&[
        ("date('+999999999-12-31') + duration('P1D')", code::ARGUMENT),
        ("duration('P9223372036854775807D') + duration('P1D')", code::ARGUMENT),
        ("duration('P1D') / 0", code::ARGUMENT),
        ("duration('P1D') * b", code::VALUE_TYPE),
        ("date('1984-10-11') + 1", code::VALUE_TYPE),
    ]);
    assert!(compiled("date('1984-10-11') - date('1984-10-10')").is_err());
}

#[test]
fn equality_tells_zones_apart_and_comparison_goes_by_the_moment() {
    check(&[
        ("time('12:00+01:00') = time('11:00Z')", "false"),
        ("time('12:00+01:00') > time('11:00Z')", "true"),
        ("datetime('2017-10-29T02:30+02:00') < datetime('2017-10-29T01:30Z')", "true"),
        ("date('2017-01-01') = localdatetime('2017-01-01T00:00')", "false"),
        ("date('2017-01-01') < localdatetime('2018-01-01T00:00')", "null"),
        ("date('2017-01-01') < date('2017-01-02')", "true"),
        ("duration('P1D') = duration('PT24H')", "false"),
        ("duration('PT1M') = duration('PT60S')", "true"),
        ("duration('P1D') < duration('P2D')", "null"),
        ("date('2017-01-01') IN [null, date('2017-01-01')]", "true"),
        ("toString(datetime('2015-07-21T21:40[Europe/London]'))", "'2015-07-21T21:40+01:00[Europe/London]'"),
        ("toString(duration({minutes: 1.5, seconds: 1}))", "'PT1M31S'"),
        ("toStringList([date('2015'), 1])", "['2015-01-01', '1']"),
    ]);
}

#[test]
fn what_reads_a_clock_is_refused() {
    for text in
        ["date()", "datetime()", "localtime()", "time.realtime('Z')", "date.statement(b)", "timestamp()"]
    {
        assert!(compiled(text).expect_err("refused").contains("is refused"), "{text}");
    }
}
