//! A value is stored as it is, or refused with the table, the column, the key and the statement that mends it.

use super::Target;
use livewell_model::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::postgres::{PostgresSettings, Table};
use livewell_reaction::testkit::start;
use livewell_reaction::{ErrorKind, OnRefusal, Outgoing, Reaction, ReactionError};
use livewell_services::Postgres;

const SECOND: i64 = 1_000_000_000;

fn date(year: i64, month: i64, day: i64) -> Date {
    Date::new(year, month, day).unwrap()
}

fn time(hour: i64, minute: i64, second: i64, nanos: i64) -> LocalTime {
    LocalTime::from_nanos(((hour * 60 + minute) * 60 + second) * SECOND + nanos).unwrap()
}

fn local(date: Date, time: LocalTime) -> LocalDateTime {
    LocalDateTime { date, time }
}

fn decimal(text: &str) -> Value {
    Value::Decimal(livewell_model::Decimal::parse(text).unwrap().into())
}

fn moment(local: LocalDateTime, offset: i32) -> Value {
    DateTime::new(local, offset, None).unwrap().into()
}

/// A table whose columns are `id` and `v`, each time another one.
struct Tables<'a> {
    target: &'a Target<'a>,
    count: std::cell::Cell<u32>,
}

impl<'a> Tables<'a> {
    fn of(target: &'a Target<'a>) -> Self {
        Self { target, count: 0.into() }
    }

    /// Writes values one after another into a new column of this type, or one that is made for the first.
    fn written(&self, kind: Option<&str>, values: &[Value], policy: OnRefusal) -> Written<'a> {
        let count = self.count.get() + 1;
        self.count.set(count);
        let name = format!("t{count}");
        if let Some(kind) = kind {
            self.target.sql(&format!("CREATE TABLE {name} (id int PRIMARY KEY, v {kind})"));
        }
        let settings = PostgresSettings::table(&self.target.url(), &name, &["id"]);
        let mut table = Table::new(settings).on_refusal(policy);
        start(&mut table, None).unwrap();
        let columns: [SmolStr; 2] = ["id".into(), "v".into()];
        let mut written = Written { target: self.target, name, error: None, dead: Vec::new() };
        for (sequence, value) in (1..).zip(values) {
            let row = vec![Value::Int(sequence as i64), value.clone()].into();
            let diffs = vec![Diff::Add { row_signature: sequence, data: row }];
            let result = QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs };
            let outgoing = Outgoing { query_id: "q", epoch: 1, columns: &columns, result: &result };
            match table.deliver(&[outgoing]) {
                Ok(delivered) => written.dead.extend(delivered.dead),
                Err(error) => {
                    written.error = Some(error);
                    break;
                }
            }
        }
        written
    }
}

struct Written<'a> {
    target: &'a Target<'a>,
    name: String,
    error: Option<ReactionError>,
    dead: Vec<livewell_reaction::DeadLetter>,
}

impl Written<'_> {
    /// Returns the values that are there, as text, with `|` between.
    fn stored(&self) -> String {
        assert!(self.error.is_none(), "{:?}", self.error);
        let text = self.target.sql(&format!(
            "SET timezone = 'UTC'; SELECT concat(string_agg(concat(v), '|' ORDER BY id), '.') FROM {}",
            self.name
        ));
        // What psql prints is cut at its end.
        text.strip_suffix('.').unwrap().to_owned()
    }
}

/// Returns the statement in a message that mends it.
fn mend(message: &str) -> &str {
    let (_, rest) = message.split_once("with `ALTER").expect(message);
    &rest[..rest.find('`').unwrap()]
}

#[test]
fn what_a_column_would_cut_round_pad_or_shift_is_refused_by_name_and_mended_by_the_statement_that_is_named() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let tables = Tables::of(&target);
    let day = date(2024, 1, 1);
    let late = moment(local(day, time(23, 30, 0, 0)), 7_200);
    for (kind, value, stored) in [
        ("char(3)", Value::string("abcd"), "abcd"),
        ("char(3)", Value::string("ab"), "ab"),
        ("char", Value::string("ab"), "ab"),
        ("varchar(3)", Value::string("abcd"), "abcd"),
        ("varchar(3)", Value::string("abc  "), "abc  "),
        ("name", Value::string("n".repeat(64)), &"n".repeat(64)),
        ("numeric(10,2)", Value::Float(1.005), "1.005"),
        ("numeric(10,2)", Value::Float(1.239), "1.239"),
        ("numeric(10,2)", decimal("12345678.901"), "12345678.901"),
        ("double precision", decimal("12345678901234567.25"), "12345678901234567.25"),
        ("numeric(4,2)", Value::Int(100), "100"),
        ("numeric(5,-2)", Value::Int(123), "123"),
        ("int", Value::Float(85.7), "85.7"),
        ("int2", Value::Int(40_000), "40000"),
        ("int", Value::Int(3_000_000_000), "3000000000"),
        ("bigint", Value::Float(1e300), &format!("1{}", "0".repeat(300))),
        ("real", Value::Int(16_777_217), "16777217"),
        ("real", Value::Float(0.123_456_789), "0.123456789"),
        ("double precision", Value::Int(9_007_199_254_740_993), "9007199254740993"),
        ("money", Value::Float(1.005), "1.005"),
        ("timestamp", moment(local(day, time(10, 0, 0, 0)), 7_200), "2024-01-01 08:00:00+00"),
        ("date", late.clone(), "2024-01-01 21:30:00+00"),
        ("date", local(day, time(10, 0, 0, 0)).into(), "2024-01-01 10:00:00"),
        ("time", Time::new(time(10, 0, 0, 0), 3_600).unwrap().into(), "10:00:00+01"),
        ("timestamp(0)", local(day, time(10, 0, 0, 700_000_000)).into(), "2024-01-01 10:00:00.7"),
        ("timestamptz(3)", moment(local(day, time(10, 0, 0, 700)), 0), "2024-01-01 10:00:00+00"),
        ("time(0)", time(10, 0, 0, 500_000_000).into(), "10:00:00.5"),
        ("interval(0)", Duration::new(0, 0, 1_500_000_000).unwrap().into(), "00:00:01.5"),
        ("interval day", Duration::new(0, 0, 3_600 * 1_000_000_000).unwrap().into(), "01:00:00"),
        ("bit(3)", Value::string("1011"), "1011"),
        ("bit(3)", Value::string("10"), "10"),
        ("boolean", Value::string("maybe"), "maybe"),
        ("uuid", Value::string("no"), "no"),
        ("numeric(10,2)[]", Value::list(vec![Value::Int(1), Value::Float(1.239)]), "{1,1.239}"),
        ("int[]", Value::list(vec![Value::Float(1.5)]), "{1.5}"),
        ("varchar(2)[]", Value::list(vec![Value::string("abc")]), "{abc}"),
        ("date[]", Value::list(vec![late]), "{\"2024-01-01 21:30:00+00\"}"),
    ] {
        let refused = tables.written(Some(kind), &[Value::Null, value.clone()], OnRefusal::Stop);
        if kind == "timestamptz(3)" {
            // Below a microsecond: cut, and what is left fits.
            assert_eq!(refused.stored(), format!("|{stored}"));
            continue;
        }
        let error = refused.error.as_ref().unwrap_or_else(|| panic!("{kind} took {value:?}"));
        let message = error.to_string();
        assert_eq!((error.code(), error.kind()), ("LW0410", ErrorKind::Stop), "{message}");
        for named in [format!("\"{}\"", refused.name), "\"v\"".into(), "[\"2\"]".into()] {
            assert!(message.contains(&named), "{kind}: {named} in {message}");
        }
        target.sql(&format!("ALTER{}", mend(&message)));
        let mended = target.sql(&format!(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'v' \
            AND attrelid = '{}'::regclass",
            refused.name
        ));
        let after = tables.written(Some(&mended), &[Value::Null, value], OnRefusal::Stop);
        assert_eq!(after.stored(), format!("|{stored}"), "{kind} is {mended} now");
    }
}

#[test]
fn a_domain_is_as_strict_as_the_type_below_it() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE DOMAIN cents AS numeric(10,2); CREATE DOMAIN short AS char(3) CHECK (VALUE <> 'bad')");
    let tables = Tables::of(&target);
    for (kind, value) in
        [("cents", Value::Float(1.005)), ("short", Value::string("abcd")), ("short", Value::string("bad"))]
    {
        let error = tables.written(Some(kind), &[value], OnRefusal::Stop).error.expect(kind).to_string();
        assert!(error.contains("\"v\"") && error.contains("[\"1\"]"), "{error}");
    }
    assert_eq!(tables.written(Some("cents"), &[Value::Float(1.25)], OnRefusal::Stop).stored(), "1.25");
}

/// Writes each value into a column of this type, in a database whose settings would shift or shorten some, and reads it
/// back as text.
fn assert_stored(cases: Vec<(&str, Value, &str)>) {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql(
        "ALTER ROLE postgres SET timezone = 'Asia/Kolkata'; ALTER ROLE postgres SET extra_float_digits = -3; \
        ALTER ROLE postgres SET datestyle = 'German'; ALTER ROLE postgres SET intervalstyle = 'sql_standard'",
    );
    let tables = Tables::of(&target);
    for (kind, value, stored) in cases {
        let written = tables.written(Some(kind), &[value], OnRefusal::Stop);
        let found = target.sql(&format!(
            "SET timezone = 'UTC'; SET datestyle = ISO; SET intervalstyle = postgres; \
            SET extra_float_digits = 1; SELECT concat(v) FROM {}",
            written.name
        ));
        assert_eq!(found, stored, "{kind}: {:?}", written.error);
    }
}

#[test]
fn what_fits_is_stored_as_it_is() {
    let list = |items: &[i64]| Value::list(items.iter().map(|item| Value::Int(*item)).collect::<Vec<_>>());
    assert_stored(vec![
        ("char(3)", Value::string("abc"), "abc"),
        ("varchar(3)", Value::string("a b"), "a b"),
        ("numeric(10,2)", Value::Float(1.25), "1.25"),
        ("numeric(10,2)", Value::Int(7), "7.00"),
        ("int", Value::Float(7.0), "7"),
        ("bigint", Value::Float(1e18), "1000000000000000000"),
        ("real", Value::Float(0.1), "0.1"),
        ("real", Value::Int(16_777_216), "1.6777216e+07"),
        ("double precision", Value::Int(9_007_199_254_740_992), "9.007199254740992e+15"),
        ("double precision", Value::Float(f64::NAN), "NaN"),
        ("numeric", Value::Float(1e-7), "0.0000001"),
        ("int[]", list(&[1, 2]), "{1,2}"),
        ("int[]", Value::list(vec![list(&[1, 2]), list(&[3, 4])]), "{{1,2},{3,4}}"),
        (
            "text[]",
            Value::list(vec![Value::string("a,\"b\""), Value::Null, Value::string("")]),
            "{\"a,\\\"b\\\"\",NULL,\"\"}",
        ),
        ("numeric(4,1)[]", Value::list(vec![Value::Float(1.5), Value::Null]), "{1.5,NULL}"),
        ("date[]", Value::list(vec![date(2024, 5, 1).into()]), "{2024-05-01}"),
        ("text[]", Value::list(vec![]), "{}"),
        ("jsonb", list(&[1, 2]), "[1, 2]"),
        (
            "uuid",
            Value::string("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ),
        ("bit(3)", Value::string("101"), "101"),
    ]);
}

#[test]
fn times_that_fit_are_stored_as_they_are_and_cut_below_a_microsecond() {
    let at = local(date(2024, 12, 31), time(23, 59, 59, 999_999_900));
    assert_stored(vec![
        ("text", at.into(), "2024-12-31T23:59:59.999999900"),
        ("timestamp", at.into(), "2024-12-31 23:59:59.999999"),
        ("timestamptz", moment(at, 0), "2024-12-31 23:59:59.999999+00"),
        ("timestamptz", moment(at, 18 * 3_600), "2024-12-31 05:59:59.999999+00"),
        ("timestamptz", local(date(2024, 1, 1), time(10, 0, 0, 0)).into(), "2024-01-01 10:00:00+00"),
        (
            "timestamptz(0)",
            moment(local(date(2024, 1, 1), time(1, 2, 3, 0)), 3_600),
            "2024-01-01 00:02:03+00",
        ),
        ("time", time(23, 59, 59, 999_999_900).into(), "23:59:59.999999"),
        ("timetz", Time::new(time(23, 59, 59, 999_999_900), -3_600).unwrap().into(), "23:59:59.999999-01"),
        ("date", date(-43, 3, 15).into(), "0044-03-15 BC"),
        ("date", date(0, 12, 31).into(), "0001-12-31 BC"),
        ("date", date(12_345, 1, 1).into(), "12345-01-01"),
        ("timestamp", local(date(-43, 3, 15), time(1, 0, 0, 0)).into(), "0044-03-15 01:00:00 BC"),
        (
            "timestamptz",
            moment(local(date(12_345, 1, 1), time(0, 30, 0, 0)), 3_600),
            "12344-12-31 23:30:00+00",
        ),
        ("interval", Duration::new(14, 3, 1_500_000_900).unwrap().into(), "1 year 2 mons 3 days 00:00:01.5"),
    ]);
}

#[test]
fn a_text_loses_nothing_in_a_column_of_times_either() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let tables = Tables::of(&target);
    for (kind, text) in [
        ("date", "2024-01-01T10:00:00"),
        ("timestamp", "2024-01-01T10:00:00+02:00"),
        ("timestamp", "2024-12-31T23:59:59.9999999"),
        ("time", "2024-01-01T10:00:00"),
        ("timestamptz(0)", "2024-01-01T10:00:00.7Z"),
    ] {
        assert!(
            tables.written(Some(kind), &[Value::string(text)], OnRefusal::Stop).error.is_some(),
            "{kind} {text}"
        );
    }
    for (kind, text) in [
        ("date", "2024-01-01"),
        ("timestamp", "2024-01-01T10:00:00"),
        ("timestamp", "2024-01-01 10:00:00Z"),
        ("time", "10:00"),
        ("timestamptz", "2024-01-01T10:00:00+02:00"),
        ("interval", "P1DT2H"),
    ] {
        let written = tables.written(Some(kind), &[Value::string(text)], OnRefusal::Stop);
        assert!(written.error.is_none(), "{kind} {text}: {:?}", written.error);
    }
}

#[test]
fn what_is_beyond_the_years_of_postgresql_is_refused_by_name() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let tables = Tables::of(&target);
    for (kind, value) in [
        ("date", date(-5_000, 1, 1).into()),
        ("date", date(6_000_000, 1, 1).into()),
        ("timestamp", local(date(300_000, 1, 1), LocalTime::MIDNIGHT).into()),
        ("timestamptz", moment(local(date(-5_000, 1, 1), LocalTime::MIDNIGHT), 0)),
        ("interval", Duration::new(1 << 40, 0, 0).unwrap().into()),
    ] {
        let error = tables.written(Some(kind), &[value], OnRefusal::Stop).error.expect(kind).to_string();
        assert!(error.contains("\"v\"") && error.contains("TYPE text"), "{error}");
    }
}

#[test]
fn columns_that_are_made_hold_what_comes_after_the_first_rows() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let tables = Tables::of(&target);
    let (int, float) = (Value::Int, Value::Float);
    for (values, kind, stored) in [
        (vec![int(82), float(85.7)], "numeric", "82|85.7"),
        (vec![int(1), float(1.0)], "numeric", "1|1.0"),
        (vec![int(250), float(250.5), int(i64::MAX)], "numeric", "250|250.5|9223372036854775807"),
        (vec![float(0.1), float(1e300), int(7)], "double precision", "0.1|1e+300|7"),
        (vec![date(2024, 1, 1).into(), date(-43, 3, 15).into()], "date", "2024-01-01|0044-03-15 BC"),
    ] {
        let written = tables.written(None, &values, OnRefusal::Stop);
        assert_eq!(written.stored(), stored);
        let made = target.sql(&format!(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'v' \
            AND attrelid = '{}'::regclass",
            written.name
        ));
        assert_eq!(made, kind);
    }
    // What still does not fit says what to do.
    let written = tables.written(None, &[Value::Bool(true), Value::string("yes and no")], OnRefusal::Stop);
    let error = written.error.unwrap().to_string();
    assert!(error.contains("`yes and no`") && error.contains("TYPE text USING \"v\"::text"), "{error}");
}
