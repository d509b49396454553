//! The stored bytes of values, elements, changes and diffs.
//!
//! Explicit tags, never the order of an enum; lengths before contents; a limit on nesting. The table of tags is
//! frozen and written down in `docs/format/values.md`; its golden bytes are tested here. New tags may be added.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

/// Values nest at most this deep, in storage and in JSON.
pub const NESTING_MAX: usize = 100;

/// An error for bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode {what}: {why} at byte {at}")]
pub struct DecodeError {
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
    /// The offset in the bytes.
    pub at: usize,
}

const NULL: u8 = 0x00;
const FALSE: u8 = 0x01;
const TRUE: u8 = 0x02;
const INT: u8 = 0x03;
const FLOAT: u8 = 0x04;
const STRING: u8 = 0x05;
const BYTES: u8 = 0x06;
const LIST: u8 = 0x07;
const MAP: u8 = 0x08;
const NODE: u8 = 0x09;
const RELATIONSHIP: u8 = 0x0a;
const PATH: u8 = 0x0b;
const DATE: u8 = 0x10;
const TIME: u8 = 0x11;
const LOCAL_TIME: u8 = 0x12;
const DATE_TIME: u8 = 0x13;
const LOCAL_DATE_TIME: u8 = 0x14;
const DURATION: u8 = 0x15;
const DECIMAL: u8 = 0x16;
// 0x17 is reserved for point.

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
    use crate::{Decimal, ElementId, Map, Node, Relationship, SmolStr, Value};
    use proptest::prelude::*;

    fn hex(value: &Value) -> String {
        let mut out = Writer::new();
        out.value(value);
        out.bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_golden_bytes_of_values_never_change() {
        let node = Node {
            id: ElementId::new("s", "n"),
            labels: vec!["A".into()],
            properties: Map::from_iter([("k", Value::Int(1))]),
        };
        let relationship = Relationship {
            id: ElementId::new("s", "r"),
            kind: "T".into(),
            from: ElementId::new("s", "n"),
            to: ElementId::new("t", "m"),
            properties: Map::new(),
        };
        let date = Date::new(1984, 10, 11).expect("a day");
        let time = LocalTime::from_nanos(1_000).expect("a time");
        let local = LocalDateTime { date, time };
        let moment =
            |zone: Option<&str>| DateTime::new(local, 3_600, zone.map(SmolStr::new)).expect("in range");
        let cases = [
            (Value::Null, "00"),
            (Value::Bool(false), "01"),
            (Value::Bool(true), "02"),
            (Value::Int(0), "0300"),
            (Value::Int(-1), "0301"),
            (Value::Int(150), "03ac02"),
            (Value::Int(i64::MIN), "03ffffffffffffffffff01"),
            (Value::Float(1.0), "04000000000000f03f"),
            (Value::Float(f64::NAN), "04000000000000f87f"),
            (Value::string("ab"), "05026162"),
            (Value::Bytes([0u8, 255].into()), "060200ff"),
            (Value::from(vec![1i64, 2]), "070203020304"),
            (Value::Map(Map::from_iter([("k", Value::Null)]).into()), "0801016b00"),
            (Value::Node(node.into()), "0901730 16e01014101016b0302"),
            (Value::Relationship(relationship.into()), "0a017301720154017301 6e0174016d00"),
            (Value::Path([Value::Null].into()), "0b0100"),
            (date.into(), "10aa54"),
            (Time::new(time, -3_600).expect("in range").into(), "11e807 9f38"),
            (time.into(), "12e807"),
            (moment(None).into(), "13aa54 e807 a038 00"),
            (moment(Some("A/B")).into(), "13aa54 e807 a038 03412f42"),
            (local.into(), "14aa54 e807"),
            (decimal("0").into(), "1600 0100"),
            (decimal("1.50").into(), "1602 010f"),
            (decimal("-300").into(), "1603 01fd"),
            (decimal("12345678901234567890.5").into(), "1602 09 06b14e9f812f366c39"),
            (Duration::new(-1, 2, -1).expect("in range").into(), "1501 04 01 ff93ebdc03"),
        ];
        for (value, bytes) in cases {
            assert_eq!(hex(&value), bytes.replace(' ', ""), "{value:?}");
        }
    }

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect("a decimal")
    }

    #[test]
    fn a_decimal_that_is_not_normalised_or_too_long_is_refused() {
        let stored = |scale: i64, coefficient: &[u8]| {
            let mut out = Writer::new();
            out.u8(DECIMAL).signed(scale).bytes(coefficient);
            Reader::new("value", &out.bytes).value()
        };
        assert_eq!(stored(1, &[15]), Ok(decimal("1.5").into()));
        // 10 / 10, zero with a scale, an unneeded byte, no bytes at all, digits beyond the limit.
        for (scale, coefficient) in
            [(1, &[10][..]), (1, &[0]), (0, &[0, 15]), (0, &[]), (1_001, &[1]), (-1_000, &[1])]
        {
            assert!(stored(scale, coefficient).is_err(), "{scale} {coefficient:?}");
        }
        assert!(stored(i64::MIN, &[1]).is_err());
        assert!(stored(0, &[1; 900]).is_err());
    }

    fn temporal() -> impl Strategy<Value = Value> {
        let date = (-365_000_000_000i64..365_000_000_000).prop_filter_map("in range", Date::from_days);
        let time = (0..86_400_000_000_000i64).prop_filter_map("in range", LocalTime::from_nanos);
        let local = (date, time).prop_map(|(date, time)| LocalDateTime { date, time });
        let duration = (any::<i64>(), any::<i64>(), any::<i64>(), 0..1_000_000_000i128);
        (local, -64_800..=64_800, prop::option::of("[A-Z]{1,9}/[a-z]{1,9}"), duration).prop_flat_map(
            |(local, offset, zone, (months, days, seconds, nanos))| {
                let zone = zone.map(SmolStr::new);
                let duration = Duration::new(months, days, i128::from(seconds) * 1_000_000_000 + nanos);
                prop_oneof![
                    Just(local.date.into()),
                    Just(local.time.into()),
                    Just(local.into()),
                    Just(Time::new(local.time, offset).into()),
                    Just(DateTime::new(local, offset, zone).into()),
                    Just(duration.into()),
                ]
            },
        )
    }

    #[test]
    fn a_temporal_value_out_of_range_is_refused() {
        // A day too far, a time of a whole day, an offset beyond 18 hours, a whole second of nanoseconds.
        let too_far = Writer::new().u8(DATE).signed(365_242_500_000).bytes.clone();
        let too_late = Writer::new().u8(LOCAL_TIME).varint(86_400_000_000_000).bytes.clone();
        let too_east = Writer::new().u8(TIME).varint(0).signed(64_801).bytes.clone();
        let too_long =
            Writer::new().u8(DURATION).signed(0).signed(0).signed(0).varint(1_000_000_000).bytes.clone();
        for bytes in [too_far, too_late, too_east, too_long] {
            assert!(Reader::new("value", &bytes).value().is_err(), "{bytes:?}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            "-?[0-9]{1,60}(\\.[0-9]{1,60})?".prop_map(|text| decimal(&text).into()),
            ".{0,30}".prop_map(Value::from),
            temporal(),
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
                prop::collection::vec((".{0,5}", inner), 0..4)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>().into())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_survives_its_bytes_and_a_cut_one_is_refused(value in value(), cut in any::<prop::sample::Index>()) {
            let mut out = Writer::new();
            out.value(&value);
            let mut reader = Reader::new("value", &out.bytes);
            prop_assert_eq!(reader.value(), Ok(value));
            prop_assert!(reader.is_done());
            let cut = cut.index(out.bytes.len());
            prop_assert!(Reader::new("value", &out.bytes[..cut]).value().is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader::new("value", &bytes).value();
            let _ = Reader::new("transaction", &bytes).transaction(1);
            let _ = Reader::new("result", &bytes).result(1);
        }
    }
}
