//! The stored bytes of values, elements, changes and diffs.
//!
//! Explicit tags, never the order of an enum; lengths before contents; a limit on nesting. The table of tags
//! is frozen and stands in `docs/format/values.md`; its golden bytes are tested here. New tags may be added.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

/// Values nest at most this deep, in storage and in JSON.
pub const NESTING_MAX: usize = 100;

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode {what}: {why} at byte {at}")]
pub struct DecodeError {
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
    /// Where, from the start of the bytes.
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
// 0x10..=0x17 are reserved for date, time, local time, date-time, local date-time, duration, decimal, point.

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ElementId, Map, Node, Relationship, Value};
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
        ];
        for (value, bytes) in cases {
            assert_eq!(hex(&value), bytes.replace(' ', ""), "{value:?}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            ".{0,30}".prop_map(Value::from),
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
