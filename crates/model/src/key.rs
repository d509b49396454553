//! The key encoding of values: bytes whose order is Cypher's total order and whose equality is equivalence.
//!
//! Two values have the same key exactly when grouping and DISTINCT treat them as one (null equals null, NaN equals
//! NaN, `1` equals `1.0`), and keys compare as ORDER BY compares (null last). The encoding is frozen: row signatures
//! are hashes of it. Its golden bytes are in this file's tests and in `docs/format/values.md`.
//!
//! If two equivalent values must be told apart (`1` and `1.0`), [`tie`] encodes what the key leaves out.

use crate::{ElementId, Map, Node, Relationship, Value, number};
use std::sync::Arc;

const END: u8 = 0x00;
const MAP: u8 = 0x10;
const NODE: u8 = 0x18;
const RELATIONSHIP: u8 = 0x20;
const LIST: u8 = 0x28;
const PATH: u8 = 0x30;
const DATE_TIME: u8 = 0x34;
const LOCAL_DATE_TIME: u8 = 0x38;
const DATE: u8 = 0x3c;
const TIME: u8 = 0x40;
const LOCAL_TIME: u8 = 0x44;
const DURATION: u8 = 0x48;
const BYTES: u8 = 0x58;
const STRING: u8 = 0x60;
const FALSE: u8 = 0x68;
const TRUE: u8 = 0x69;
const NUMBER: u8 = 0x70;
const NAN: u8 = 0x71;
const NULL: u8 = 0x7f;

/// Appends the key of `value`.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Value::Int(value) => {
            out.push(NUMBER);
            number::int_key(*value, out);
        }
        Value::Float(value) if value.is_nan() => out.push(NAN),
        Value::Float(value) => {
            out.push(NUMBER);
            number::float_key(*value, out);
        }
        Value::Decimal(value) => {
            out.push(NUMBER);
            number::decimal_key(value, out);
        }
        Value::String(value) => {
            out.push(STRING);
            escaped(value.as_bytes(), out);
        }
        Value::Bytes(value) => {
            out.push(BYTES);
            escaped(value, out);
        }
        Value::List(items) => sequence(LIST, items, out),
        Value::Path(items) => sequence(PATH, items, out),
        Value::Map(map) => map_key(map, out),
        Value::Node(node) => element(NODE, &node.id, out),
        Value::Relationship(relationship) => element(RELATIONSHIP, &relationship.id, out),
        Value::Date(_)
        | Value::Time(_)
        | Value::LocalTime(_)
        | Value::DateTime(_)
        | Value::LocalDateTime(_)
        | Value::Duration(_) => temporal(value, out),
    }
}

/// Orders moments by time, equal moments by their offset from west to east, then by the zone's name; and durations by
/// their average length, then by their months and days.
fn temporal(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Date(date) => {
            out.push(DATE);
            signed(date.days(), out);
        }
        Value::Time(time) => {
            out.push(TIME);
            signed(time.utc_nanos(), out);
            signed(time.offset().into(), out);
        }
        Value::LocalTime(time) => {
            out.push(LOCAL_TIME);
            signed(time.nanos(), out);
        }
        Value::DateTime(date_time) => {
            out.push(DATE_TIME);
            long(date_time.utc_nanos(), out);
            signed(date_time.offset().into(), out);
            escaped(date_time.zone.as_deref().unwrap_or_default().as_bytes(), out);
        }
        Value::LocalDateTime(date_time) => {
            out.push(LOCAL_DATE_TIME);
            long(date_time.nanos(), out);
        }
        Value::Duration(duration) => {
            out.push(DURATION);
            long(duration.average(), out);
            signed(duration.months, out);
            signed(duration.days, out);
        }
        _ => unreachable!("only temporal values come here"),
    }
}

/// Writes in offset binary, so that the bytes order as the signed numbers do.
fn signed(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&((number as u64) ^ 1 << 63).to_be_bytes());
}

fn long(number: i128, out: &mut Vec<u8>) {
    out.extend_from_slice(&((number as u128) ^ 1 << 127).to_be_bytes());
}

/// Returns the keys of several values one after another; no such key is a prefix of another with as many values.
pub fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    let mut values = values.into_iter();
    let Some(first) = values.next() else { return Vec::new() };
    // Room for the ids of a few elements.
    let mut out = Vec::with_capacity(64);
    encode(first, &mut out);
    values.for_each(|value| encode(value, &mut out));
    out
}

/// Returns whether two values have one key, as far as that is seen without making it.
pub fn is_shared(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Node(a), Value::Node(b)) => Arc::ptr_eq(a, b) || a.id == b.id,
        (Value::Relationship(a), Value::Relationship(b)) => Arc::ptr_eq(a, b) || a.id == b.id,
        (left, right) => left == right,
    }
}

/// Appends an element's id: source and id, escaped, so that no id can run into another.
pub fn encode_id(id: &ElementId, out: &mut Vec<u8>) {
    escaped(id.source.as_bytes(), out);
    escaped(id.id.as_bytes(), out);
}

/// Appends `bytes` so that they keep their order and show their end: a zero byte becomes `00 ff`, the end is `00 00`.
pub fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    // All bytes are looked at, since that takes many at a time: hardly any id has a zero byte.
    if bytes.iter().fold(false, |found, byte| found | (*byte == 0)) {
        for byte in bytes {
            out.extend_from_slice(if *byte == 0 { &[0, 0xff] } else { std::slice::from_ref(byte) });
        }
    } else {
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(&[0, 0]);
}

fn sequence(tag: u8, items: &[Value], out: &mut Vec<u8>) {
    // About as much as the id of an element takes.
    out.reserve(items.len() * 24);
    out.push(tag);
    items.iter().for_each(|item| encode(item, out));
    out.push(END);
}

fn map_key(map: &Map, out: &mut Vec<u8>) {
    out.push(MAP);
    for (name, value) in map.iter() {
        out.push(STRING);
        escaped(name.as_bytes(), out);
        encode(value, out);
    }
    out.push(END);
}

fn element(tag: u8, id: &ElementId, out: &mut Vec<u8>) {
    out.push(tag);
    encode_id(id, out);
}

/// Appends what the key leaves out: which of several equivalent values this is. Integers come before floats, `0.0`
/// before `-0.0`, floats before decimals; nodes and relationships are told apart by their id alone.
pub fn tie(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int(_) => out.push(1),
        Value::Float(value) if *value == 0.0 && value.is_sign_negative() => out.push(3),
        Value::Float(_) => out.push(2),
        Value::Decimal(_) => out.push(4),
        Value::List(items) | Value::Path(items) => items.iter().for_each(|item| tie(item, out)),
        Value::Map(map) => map.iter().for_each(|(_, item)| tie(item, out)),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Bytes(_) => {}
        Value::Node(_) | Value::Relationship(_) => {}
        // The key of a temporal value leaves nothing out.
        Value::Date(_) | Value::Time(_) | Value::LocalTime(_) => {}
        Value::DateTime(_) | Value::LocalDateTime(_) | Value::Duration(_) => {}
    }
}

/// Returns key and tie together: equal only for values that print the same.
pub fn exact(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    encode(value, &mut out);
    tie(value, &mut out);
    out
}

/// Returns the key of a node, as [`encode`] writes it.
pub fn of_node(node: &Node) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    element(NODE, &node.id, &mut out);
    out
}

/// Returns the key of a relationship, as [`encode`] writes it.
pub fn of_relationship(relationship: &Relationship) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    element(RELATIONSHIP, &relationship.id, &mut out);
    out
}

/// Compares by Cypher's total order, then by [`tie`].
pub fn total_order(a: &Value, b: &Value) -> std::cmp::Ordering {
    exact(a).cmp(&exact(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    fn hex(value: &Value) -> String {
        of([value]).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_golden_bytes_of_keys_never_change() {
        let cases = [
            (Value::Null, "7f"),
            (Value::Bool(false), "68"),
            (Value::Bool(true), "69"),
            (Value::Int(0), "7080000000000000008000"),
            (Value::Int(1), "70bff00000000000008000"),
            (Value::Float(1.0), "70bff00000000000008000"),
            (Value::Int(-1), "70400fffffffffffff8000"),
            (Value::Int(9_007_199_254_740_993), "70c3400000000000008002"),
            (Value::Float(f64::NAN), "71"),
            (decimal("1.0"), "70bff00000000000008000"),
            (decimal("0.1"), "70bfb999999999999a7fff 8000 0b00"),
            (decimal("-12.345"), "703fd74f5c28f5c28e8001 7ffd f2dccc ff"),
            (decimal("9007199254740992.5"), "70c3400000000000008001 8010 5b08145d374b0a5d33 00"),
            (Value::string("a\0b"), "606100ff620000"),
            (Value::from(vec![1i64]), "2870bff0000000000000800000"),
            (Value::Bytes([0u8, 1].into()), "5800ff010000"),
            (date(-1).into(), "3c7fffffffffffffff"),
            (time(1, 0), "4080000000000000018000000000000000"),
            (local_time(1).into(), "448000000000000001"),
            (moment(1, 0, Some("Z")), "34800000000000000000000000000000018000000000000000 5a0000"),
            (
                LocalDateTime { date: date(0), time: local_time(1) }.into(),
                "3880000000000000000000000000000001",
            ),
            (length(0, 0, 1), "488000000000000000000000000000000180000000000000008000000000000000"),
        ];
        for (value, bytes) in cases {
            assert_eq!(hex(&value), bytes.replace(' ', ""), "{value:?}");
        }
        let node = Value::Node(Node::new(ElementId::new("s", "n1")).into());
        assert_eq!(hex(&node), "187300006e310000");
    }

    fn decimal(text: &str) -> Value {
        crate::Decimal::parse(text).expect("a decimal").into()
    }

    fn date(days: i64) -> Date {
        Date::from_days(days).expect("in range")
    }

    fn local_time(nanos: i64) -> LocalTime {
        LocalTime::from_nanos(nanos).expect("in range")
    }

    fn time(nanos: i64, offset: i32) -> Value {
        Time::new(local_time(nanos), offset).expect("in range").into()
    }

    fn moment(nanos: i64, offset: i32, zone: Option<&str>) -> Value {
        let local = LocalDateTime { date: date(0), time: local_time(nanos) };
        DateTime::new(local, offset, zone.map(Into::into)).expect("in range").into()
    }

    fn length(months: i64, days: i64, nanos: i128) -> Value {
        Duration::new(months, days, nanos).expect("in range").into()
    }

    #[test]
    fn temporal_keys_order_by_the_moment_then_the_zone() {
        const HOUR: i64 = 3_600_000_000_000;
        let ascending = [
            Value::Path([Value::Null].into()),
            moment(HOUR, 3_601, None),
            moment(HOUR, 3_600, None),
            moment(HOUR, 3_599, None),
            moment(2 * HOUR, 3_600, Some("A")),
            moment(2 * HOUR, 3_600, Some("B")),
            LocalDateTime { date: date(-1), time: local_time(5) }.into(),
            LocalDateTime { date: date(0), time: local_time(0) }.into(),
            date(-1).into(),
            date(0).into(),
            time(0, 3_600),
            time(0, 0),
            time(HOUR, 3_600),
            time(HOUR, 0),
            local_time(0).into(),
            local_time(1).into(),
            length(0, -1, 0),
            length(0, 0, 0),
            length(0, 0, 30 * 86_400_000_000_000),
            length(0, 30, 0),
            length(1, 0, 0),
            length(0, 31, 0),
            Value::Bytes([0u8].into()),
        ];
        for pair in ascending.windows(2) {
            assert!(of([&pair[0]]) < of([&pair[1]]), "{:?} < {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn keys_order_as_order_by_does() {
        let ascending = [
            Value::Map(Map::from_iter([("a", Value::Int(1))]).into()),
            Value::Node(Node::new(ElementId::new("s", "n1")).into()),
            Value::list([]),
            Value::from(vec![1i64]),
            Value::from(vec![1i64, 0]),
            Value::from(vec![2i64]),
            Value::string(""),
            Value::string("a"),
            Value::string("a\0"),
            Value::string("a\u{1}"),
            Value::string("b"),
            Value::Bool(false),
            Value::Bool(true),
            Value::Float(f64::NEG_INFINITY),
            Value::Int(i64::MIN),
            Value::Float(-0.5),
            Value::Int(0),
            Value::Int(1),
            decimal("1.4999999999999999999999999"),
            Value::Float(1.5),
            decimal("9223372036854775806.5"),
            Value::Int(i64::MAX),
            decimal("1e999"),
            Value::Float(f64::INFINITY),
            Value::Float(f64::NAN),
            Value::Null,
        ];
        for pair in ascending.windows(2) {
            assert!(of([&pair[0]]) < of([&pair[1]]), "{:?} < {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equivalent_values_share_a_key_and_differ_in_the_tie() {
        let (one, half) = (decimal("1"), decimal("0.5"));
        for (a, b) in [
            (Value::Int(1), Value::Float(1.0)),
            (Value::Float(0.0), Value::Float(-0.0)),
            (Value::Int(1), one),
            (Value::Float(0.5), half),
        ] {
            assert_eq!(of([&a]), of([&b]));
            assert!(exact(&a) < exact(&b));
        }
    }

    #[test]
    fn values_of_one_exact_key_are_one_value() {
        let nans = [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001), f64::from_bits(u64::MAX)];
        let floats = nans.into_iter().chain([0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY]);
        let scalars = floats.map(Value::Float).chain([Value::Null, Value::Int(0), Value::Int(1)]);
        let scalars = scalars.chain(["0", "1", "0.1", "1e30"].map(decimal));
        let values: Vec<Value> = scalars
            .flat_map(|value| {
                let map = Value::Map(Map::from_iter([("a", value.clone())]).into());
                [Value::list([value.clone(), Value::Int(1)]), map, value]
            })
            .collect();
        let stored = |value: &Value| crate::codec::Writer::new().value(value).bytes.clone();
        let hash = |value: &Value| BuildHasherDefault::<DefaultHasher>::default().hash_one(value);
        for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
            let one = exact(a) == exact(b);
            assert_eq!(stored(a) == stored(b), one, "stored: {a:?} and {b:?}");
            assert_eq!(a == b, one, "compared: {a:?} and {b:?}");
            assert!(!one || hash(a) == hash(b), "hashed: {a:?} and {b:?}");
        }
    }
}
