//! Each built-in type, as it comes by the copy and by the stream.

use super::{Follower, settings, started};
use livewell_model::json::value_from_json;
use livewell_model::{Decimal, Value};
use livewell_source::settings::PropertyType;

/// A type, a value in SQL, and what it is here, in JSON; decimals, temporal values and bytes as text.
const CASES: &[(&str, &str, &str)] = &[
    ("boolean", "true", "true"),
    ("smallint", "-32768", "-32768"),
    ("integer", "2147483647", "2147483647"),
    ("bigint", "-9223372036854775808", "-9223372036854775808"),
    ("oid", "4294967295", "4294967295"),
    ("real", "0.1", "0.10000000149011612"),
    ("double precision", "0.1", "0.1"),
    ("double precision", "1e300", "1e300"),
    ("double precision", "'-Infinity'", "\"-Infinity\""),
    ("numeric", "1234567890.12345", "\"decimal 1234567890.12345\""),
    (
        "numeric",
        "123456789012345678901234567890.12345678901234567890",
        "\"decimal 123456789012345678901234567890.1234567890123456789\"",
    ),
    ("numeric(4,-2)", "123456", "\"decimal 123500\""),
    ("numeric(10,2)", "12.50", "\"decimal 12.5\""),
    ("numeric(10,2)", "12", "\"decimal 12\""),
    ("numeric(18,0)", "999999999999999999", "999999999999999999"),
    ("numeric(20,0)", "99999999999999999999", "\"decimal 99999999999999999999\""),
    ("cents", "999999999999", "999999999999"),
    ("money", "12.34", "\"$12.34\""),
    ("text", "E'tab\\t\\\\N\\nline \u{1f41f}'", "\"tab\\t\\\\N\\nline \u{1f41f}\""),
    ("text", "''", "\"\""),
    ("text", "E'\\\\N'", "\"\\\\N\""),
    ("varchar(5)", "'abc'", "\"abc\""),
    ("char(5)", "'abc'", "\"abc  \""),
    ("name", "'n'", "\"n\""),
    ("bytea", "'\\x00ff5c'::bytea", "\"00ff5c\""),
    ("date", "'2024-02-29'", "\"2024-02-29\""),
    ("date", "'0044-03-15 BC'", "\"-0043-03-15\""),
    ("time", "'23:59:59.5'", "\"23:59:59.500\""),
    ("timetz", "'04:05:06-08'", "\"04:05:06-08:00\""),
    ("timestamp", "'2024-02-29 12:00'", "\"2024-02-29T12:00\""),
    ("timestamptz", "'2024-02-29 12:00+02'", "\"2024-02-29T10:00Z\""),
    ("interval", "'1 year 2 months 3 days 04:05:06.7'", "\"P1Y2M3DT4H5M6.7S\""),
    ("interval", "'-1 day 02:00'", "\"P-1DT2H\""),
    ("json", "'{\"a\": [1, 2.5, null]}'", "{\"a\":[1,2.5,null]}"),
    ("jsonb", "'{\"b\": {\"c\": true}}'", "{\"b\":{\"c\":true}}"),
    (
        "jsonb",
        "'[18446744073709551616, 1e20, -0, 1.50]'",
        "[\"decimal 18446744073709551616\",\"decimal 100000000000000000000\",0,1.5]",
    ),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
    ("inet", "'10.0.0.1/8'", "\"10.0.0.1/8\""),
    ("cidr", "'10.0.0.0/8'", "\"10.0.0.0/8\""),
    ("macaddr", "'08:00:2b:01:02:03'", "\"08:00:2b:01:02:03\""),
    ("bit(3)", "B'101'", "\"101\""),
    ("varbit", "B'1'", "\"1\""),
    ("xml", "'<a/>'", "\"<a/>\""),
    ("tsvector", "'a b'", "\"'a' 'b'\""),
    ("point", "'(1,2)'", "\"(1,2)\""),
    ("box", "'(1,1),(0,0)'", "\"(1,1),(0,0)\""),
    ("pg_lsn", "'16/B374D848'", "\"16/B374D848\""),
    ("int4range", "'[1,5]'", "\"[1,6)\""),
    ("tstzrange", "'[2024-01-01 00:00+00,)'", "\"[\\\"2024-01-01 00:00:00+00\\\",)\""),
    ("int4multirange", "'{[1,2],[5,6]}'", "\"{[1,3),[5,7)}\""),
    ("integer[]", "'{1,NULL,3}'", "[1,null,3]"),
    ("integer[][]", "'{{1,2},{3,4}}'", "[[1,2],[3,4]]"),
    ("integer[]", "'[0:1]={7,8}'", "[7,8]"),
    ("text[]", "ARRAY['a,b', 'c\"d', '', 'NULL', NULL]", "[\"a,b\",\"c\\\"d\",\"\",\"NULL\",null]"),
    ("numeric(6,2)[]", "'{1.25,2}'", "[\"decimal 1.25\",\"decimal 2\"]"),
    ("boolean[]", "'{t,f}'", "[true,false]"),
    ("date[]", "'{2024-01-01}'", "[\"2024-01-01\"]"),
    ("box[]", "'{(1,1),(0,0);(2,2),(1,1)}'", "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]"),
    ("jsonb[]", "ARRAY['{\"a\":1}'::jsonb]", "[{\"a\":1}]"),
    ("mood", "'happy'", "\"happy\""),
    ("mood[]", "'{sad,happy}'", "[\"sad\",\"happy\"]"),
    ("positive", "5", "5"),
    ("cents", "5", "5"),
    ("positive[]", "'{1,2}'", "[1,2]"),
    ("pair", "(1,'x')::pair", "\"(1,x)\""),
];

const TYPES: &str = "create type mood as enum ('sad', 'happy'); create domain positive as int check (value > 0); \
     create domain cents as numeric(12,0); create type pair as (a int, b text);";

/// Returns a value in the shape that it has outside.
fn shown(value: &Value) -> Value {
    match value {
        Value::Bytes(bytes) => {
            Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        Value::Float(float) if !float.is_finite() => {
            Value::from(if *float > 0.0 { "Infinity" } else { "-Infinity" })
        }
        Value::Decimal(decimal) => Value::from(format!("decimal {decimal}")),
        Value::List(items) => Value::from(items.iter().map(shown).collect::<Vec<_>>()),
        value => value.temporal_text().map_or_else(|| value.clone(), Value::from),
    }
}

#[test]
fn every_type_comes_exactly_by_the_copy_and_by_the_stream() {
    let columns: Vec<String> =
        CASES.iter().enumerate().map(|(at, (kind, ..))| format!("c{at} {kind}")).collect();
    let values: Vec<&str> = CASES.iter().map(|(_, value, _)| *value).collect();
    let postgres = started(&format!("{TYPES} create table t (id int primary key, {});", columns.join(", ")));
    let insert = |id: u32| postgres.sql(&format!("insert into t values ({id}, {})", values.join(", ")));
    insert(1);
    postgres.sql("insert into t (id) values (2)");
    let mut follower = Follower::copied(settings(postgres.url(), &["public.t"])).unwrap();
    insert(3);
    postgres.sql("insert into t (id) values (4)");
    follower.transaction().unwrap();
    follower.transaction().unwrap();
    for (at, (kind, value, expected)) in CASES.iter().enumerate() {
        let expected = value_from_json(&serde_json::from_str(expected).unwrap()).unwrap();
        for id in ["public.t:1", "public.t:3"] {
            assert_eq!(
                shown(&follower.property(id, &format!("c{at}"))),
                expected,
                "{value} as {kind} in {id}"
            );
        }
    }
    for id in ["public.t:2", "public.t:4"] {
        let element = &follower.driver.memory.live[id];
        assert_eq!(element.properties().len(), 1, "nulls are no properties: {element:?}");
    }
}

#[test]
fn what_cannot_be_taken_exactly_stops_the_source_and_names_the_row() {
    let postgres =
        started("create table t (id int primary key, n numeric, d date, ts timestamptz, tm time);");
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    for (column, value, says) in [
        ("n", "1e1001", "more than 1000 digits"),
        ("n", "1e-1001", "more than 1000 digits"),
        ("n", "'NaN'", "NaN"),
        ("n", "'Infinity'", "Infinity"),
        ("d", "'infinity'", "infinity"),
        ("ts", "'-infinity'", "-infinity"),
        ("tm", "'24:00'", "24:00:00"),
    ] {
        postgres.sql(&format!("insert into t (id, {column}) values (7, {value})"));
        let error = follower.error();
        assert_eq!(error.code, "LW0214", "{value}: {error}");
        for part in [says, column, "`7`", "public.t", "types:"] {
            assert!(error.message.contains(part), "{value}: {error} says {part}");
        }
        // The same comes again: nothing is skipped.
        assert_eq!(follower.error().message, error.message);
        assert!(follower.driver.memory.live.is_empty(), "{value}");
        // Behind it a new copy continues.
        postgres.sql("truncate t");
        follower.driver.reset(None).unwrap();
        follower.settle().unwrap();
    }
}

#[test]
fn a_column_is_taken_in_the_type_that_the_settings_name() {
    let postgres = started(
        "create table t (id int primary key, a numeric, b numeric, c numeric[], d text, e double precision); \
         insert into t values (1, 12345678901234567.5, -2.5, '{1.5,NaN}', '12345678901234567890.10', 0.1)",
    );
    let mut settings = settings(postgres.url(), &["t"]);
    let wanted = [
        ("a", PropertyType::Float),
        ("b", PropertyType::Integer),
        ("c", PropertyType::Float),
        ("d", PropertyType::Decimal),
        ("e", PropertyType::Decimal),
    ];
    for (column, wanted) in wanted {
        settings.tables[0].types.insert(column.into(), wanted);
    }
    let mut follower = Follower::copied(settings).unwrap();
    postgres.sql("update t set id = 2");
    follower.transaction().unwrap();
    let decimal = |text: &str| Value::from(Decimal::parse(text).unwrap());
    for (column, expected) in [
        ("a", Value::Float(12_345_678_901_234_567.5)),
        ("b", Value::Int(-3)),
        ("c", Value::from(vec![1.5, f64::NAN])),
        ("d", decimal("12345678901234567890.1")),
        ("e", decimal("0.1")),
    ] {
        assert_eq!(follower.property("public.t:2", column), expected, "{column}");
    }
    postgres.sql("insert into t (id, b) values (3, 1e19)");
    let error = follower.error();
    assert!(error.code == "LW0214" && error.message.contains("not an integer of 64 bits"), "{error}");
}

#[test]
fn a_column_is_taken_as_text_where_the_settings_say_so() {
    let postgres = started(
        "create table t (id int primary key, n numeric, j json); \
         insert into t values (1, 123456789012345678901234567890.123456789, '{\"a\":1}')",
    );
    let mut settings = settings(postgres.url(), &["t"]);
    for column in ["n", "j"] {
        settings.tables[0].types.insert(column.into(), PropertyType::Text);
    }
    let mut follower = Follower::copied(settings).unwrap();
    let digits = "123456789012345678901234567890.123456789";
    assert_eq!(follower.property("public.t:1", "n"), Value::string(digits));
    assert_eq!(follower.property("public.t:1", "j"), Value::string("{\"a\":1}"));
    postgres.sql("insert into t values (2, 'NaN')");
    follower.transaction().unwrap();
    assert_eq!(follower.property("public.t:2", "n"), Value::string("NaN"));
}

#[test]
fn a_first_copy_stops_at_what_cannot_be_taken_exactly_and_leaves_no_slot() {
    let postgres =
        started("create table t (id int primary key, d date); insert into t values (7, 'infinity')");
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    let error = follower.error();
    assert_eq!(error.code, "LW0214", "{error}");
    assert!(error.message.contains("`7`"), "{error}");
    assert_eq!(postgres.sql("select count(*) from pg_replication_slots"), "0");
    postgres.sql("update t set d = '2024-01-01'");
    follower.settle().unwrap();
    assert_eq!(follower.ids(), super::texts(&["public.t:7"]));
}

#[test]
fn rows_that_cannot_be_taken_exactly_are_set_aside_by_the_copy_and_by_the_stream() {
    let postgres =
        started("create table t (id int primary key, d date); insert into t values (7, 'infinity')");
    let mut settings = settings(postgres.url(), &["t"]);
    settings.on_error = livewell_source::settings::OnError::Park;
    let mut follower = Follower::copied(settings).unwrap();
    postgres.sql(
        "insert into t values (8, '2024-01-01'), (9, '-infinity'); update t set d = 'infinity' where id = 8",
    );
    follower.until("both are set aside", |follower| follower.driver.memory.parked.len() == 3).unwrap();
    assert!(follower.ids().is_empty());
    let parked = &follower.driver.memory.parked;
    assert!(parked[0].place.contains("`7` of `public.t`"), "{parked:?}");
    assert!(parked[0].text.contains("infinity"), "{parked:?}");
    postgres.sql("update t set d = '2024-01-02'");
    follower.until("all are back", |follower| follower.ids().len() == 3).unwrap();
}
