//! Values of every type, from a `SELECT` and from the log.

use super::{Follower, settings, started};
use livewell_model::Value;
use livewell_source::ErrorKind;
use livewell_source::settings::{MysqlSettings, OnError, PropertyType, TableSettings};
use std::collections::BTreeMap;

/// Columns, each with values at the ends of its type.
const COLUMNS: [(&str, &[&str]); 40] = [
    ("tinyint", &["-128", "127", "0"]),
    ("tinyint unsigned", &["255"]),
    ("smallint", &["-32768", "32767"]),
    ("smallint unsigned", &["65535"]),
    ("mediumint", &["-8388608", "8388607"]),
    ("mediumint unsigned", &["16777215"]),
    ("int", &["-2147483648", "2147483647"]),
    ("int(8) unsigned zerofill", &["7", "4294967295"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    ("bigint unsigned", &["18446744073709551615", "9223372036854775808", "1"]),
    ("boolean", &["true", "false"]),
    ("year", &["0", "1901", "2155"]),
    (
        "decimal(65, 30)",
        &[
            "99999999999999999999999999999999999.999999999999999999999999999999",
            "-0.000000000000000000000000000001",
        ],
    ),
    ("decimal(5, 0)", &["-99999", "0", "12"]),
    ("decimal(9, 9)", &["0.123456789", "-0.1", "0"]),
    ("decimal(20, 10) zerofill", &["1.5", "0"]),
    ("decimal(10, 2)", &["-12345678.90", "0.05", "-0.05", "1000000.00"]),
    ("float", &["3.4028235e38", "-1.17549435e-38", "0.1", "16777217", "-0.0"]),
    (
        "double",
        &[
            "1.7976931348623157e308",
            "-2.2250738585072014e-308",
            "0.1",
            "1e20",
            "123456789012345680",
            "5e-324",
        ],
    ),
    ("bit(1)", &["b'1'", "b'0'"]),
    ("bit(9)", &["b'101010101'"]),
    ("bit(64)", &["18446744073709551615", "1"]),
    ("char(10)", &["'abc'", "''", "'\u{20ac}\u{1f41f}'", "'x  '"]),
    ("char(255) character set utf8mb4", &["repeat('\u{1f41f}', 255)", "'x'"]),
    ("varchar(10)", &["'abc'", "''", "'a  '", "'\u{20ac}\u{1f41f}'"]),
    ("varchar(300)", &["repeat('\u{20ac}', 300)", "'x'"]),
    ("varchar(20) character set utf8mb3", &["'\u{20ac}uro'"]),
    ("varchar(20) character set ascii", &["'ascii'"]),
    ("tinytext", &["repeat('a', 255)"]),
    ("mediumtext", &["repeat('ab\u{20ac}', 30000)", "''"]),
    ("binary(4)", &["x'61000000'", "x'00000000'", "x'61006200'", "x'ffffffff'"]),
    ("varbinary(300)", &["x''", "x'00ff00'", "repeat(x'00', 300)"]),
    ("longblob", &["repeat(x'ff00', 70000)", "x''"]),
    ("enum('a', 'b''c', '', '\u{20ac}')", &["'a'", "'b''c'", "4", "''"]),
    ("set('x', 'y', 'z', 'a', 'b', 'c', 'd', 'e', 'f')", &["'x,z,f'", "''", "'f'"]),
    ("date", &["'1000-01-01'", "'9999-12-31'", "'2024-02-29'"]),
    ("time(3)", &["'00:00:00'", "'23:59:59.999'", "'12:34:56.001'"]),
    (
        "datetime(6)",
        &["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'", "'2024-02-29 12:00:00.000001'"],
    ),
    ("timestamp(1) null", &["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.9'"]),
    ("json", &["'{\"a\": [1, 2.50, null]}'", "'  1 '"]),
];

/// Times with every number of digits.
fn times() -> Vec<(String, Vec<String>)> {
    let of = |digits: usize| {
        let fraction = if digits == 0 { String::new() } else { format!(".{}", &"123456"[..digits]) };
        let values = ["838:59:58", "-838:59:58", "-00:00:00", "-00:00:01", "00:00:00", "12:00:00"];
        (format!("time({digits})"), values.map(|time| format!("'{time}{fraction}'")).to_vec())
    };
    (0..=6).map(of).collect()
}

/// Reads rows by a copy and by the log, and checks that both are the same elements.
#[track_caller]
fn both_ways(
    columns: &[(String, Vec<String>)],
    of: impl Fn(usize) -> Option<PropertyType>,
) -> Vec<Vec<Value>> {
    let declared: Vec<String> =
        columns.iter().enumerate().map(|(at, (column, _))| format!("c{at} {column}")).collect();
    let create = |name: &str| {
        format!("create table {name} (id int primary key, {}) row_format=dynamic;", declared.join(", "))
    };
    let mariadb = started(&format!("{}{}", create("selected"), create("logged")));
    let rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
    let fill = |table: &str| {
        let insert = |row: usize| {
            let value =
                |(_, values): &(String, Vec<String>)| values.get(row).cloned().unwrap_or("null".into());
            let values: Vec<String> = columns.iter().map(value).collect();
            format!("insert into {table} values ({row}, {});", values.join(", "))
        };
        let nulls = format!("insert into {table} (id) values ({rows});");
        (0..rows).map(insert).chain([nulls]).collect::<String>()
    };
    let mode = "set sql_mode = '', time_zone = '+00:00';";
    mariadb.sql(&[mode, &fill("selected")].concat());
    let types: BTreeMap<String, PropertyType> =
        (0..columns.len()).filter_map(|at| Some((format!("c{at}"), of(at)?))).collect();
    let table =
        |name: &str| TableSettings { table: name.into(), types: types.clone(), ..TableSettings::default() };
    let all =
        MysqlSettings { tables: vec![table("selected"), table("logged")], ..settings(mariadb.url(), &["x"]) };
    let mut follower = Follower::copied(all).unwrap();
    mariadb.sql(&[mode, &fill("logged")].concat());
    follower.settle().unwrap();
    let mut found = Vec::new();
    for row in 0..=rows {
        let of = |table: &str| {
            follower.driver.memory.live[format!("test.{table}:{row}").as_str()].properties().clone()
        };
        let (selected, logged) = (of("selected"), of("logged"));
        let mut values = Vec::new();
        for (at, (column, texts)) in columns.iter().enumerate() {
            let name = format!("c{at}");
            let (one, other) = (selected.get(&name), logged.get(&name));
            // Of floats all bits, so that zeros have their sign.
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "{column}: {:?}", texts.get(row));
            assert_eq!(one.is_some(), texts.get(row).is_some_and(|text| text != "null"), "{column}: {one:?}");
            values.push(one.cloned().unwrap_or_default());
        }
        found.push(values);
    }
    found
}

fn owned(columns: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let of = |(column, values): &(&str, &[&str])| {
        (String::from(*column), values.iter().map(ToString::to_string).collect())
    };
    columns.iter().map(of).collect()
}

#[test]
fn values_of_every_type_are_the_same_from_a_select_and_from_the_log() {
    let columns = owned(&COLUMNS);
    let found = both_ways(&columns, |_| None);
    let value = |column: &str, row: usize| {
        let at = COLUMNS.iter().position(|(name, _)| *name == column).expect(column);
        found[row][at].clone()
    };
    assert_eq!(value("tinyint", 0), Value::Int(-128));
    assert_eq!(value("int(8) unsigned zerofill", 0), Value::Int(7));
    assert_eq!(value("bigint unsigned", 2), Value::Int(1));
    assert_eq!(value("bigint unsigned", 0).type_name(), "decimal");
    assert_eq!(value("year", 1), Value::Int(1901));
    assert_eq!(value("decimal(5, 0)", 0), Value::Int(-99_999));
    assert_eq!(value("float", 2), Value::Float(f64::from(0.1f32)));
    assert_eq!(value("double", 5), Value::Float(5e-324));
    assert_eq!(value("bit(9)", 0), Value::Int(0b1_0101_0101));
    assert_eq!(value("char(10)", 3), Value::string("x"));
    assert_eq!(value("varchar(10)", 2), Value::string("a  "));
    assert_eq!(value("binary(4)", 0), Value::Bytes([0x61, 0, 0, 0].as_slice().into()));
    assert_eq!(value("enum('a', 'b''c', '', '\u{20ac}')", 2), Value::string("\u{20ac}"));
    let set = "set('x', 'y', 'z', 'a', 'b', 'c', 'd', 'e', 'f')";
    assert_eq!(value(set, 0), Value::list(["x", "z", "f"].map(Value::string)));
    assert_eq!(value(set, 1), Value::list([]));
    for (column, row, text) in [
        ("date", 2, "2024-02-29"),
        ("time(3)", 1, "23:59:59.999"),
        ("datetime(6)", 1, "9999-12-31T23:59:59.999999"),
        ("timestamp(1) null", 1, "2038-01-19T03:14:07.900Z"),
    ] {
        assert_eq!(value(column, row).temporal_text().as_deref(), Some(text), "{column}");
    }
}

#[test]
fn values_taken_as_text_are_the_same_from_a_select_and_from_the_log() {
    let mut columns = owned(&COLUMNS);
    columns.extend(times());
    columns.extend(owned(&[
        ("date", &["'0000-00-00'", "'2024-00-00'"]),
        ("datetime(3)", &["'0000-00-00 00:00:00'", "'2024-01-00 01:02:03.004'"]),
        ("timestamp(2) null", &["'0000-00-00 00:00:00'"]),
    ]));
    let found = both_ways(&columns, |_| Some(PropertyType::Text));
    let time = columns.iter().position(|(column, _)| column == "time(1)").unwrap();
    assert_eq!(found[1][time], Value::string("-838:59:58.1"));
}

#[test]
fn a_value_that_cannot_be_kept_stops_the_source_or_is_set_aside() {
    let mariadb =
        started("create table t (id int primary key, d date); insert into t values (1, '2024-01-01')");
    let of = settings(mariadb.url(), &["t"]);
    let mut follower = Follower::copied(of.clone()).unwrap();
    mariadb.sql("set sql_mode = ''; update t set d = 0; insert into t values (2, '2024-01-02')");
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Input, "LW0214"));
    assert!(error.message.contains("column `d` of the row `1` of `test.t`: `0000-00-00`"), "{error}");
    follower.with(MysqlSettings { on_error: OnError::Park, ..of });
    follower.settle().unwrap();
    assert_eq!(follower.ids(), ["test.t:2"]);
    assert_eq!(follower.driver.memory.parked[0].place, "the row `1` of `test.t`");
    mariadb.sql("update t set d = '2024-01-03' where id = 1");
    follower.settle().unwrap();
    assert_eq!(follower.ids(), ["test.t:1", "test.t:2"]);
}
