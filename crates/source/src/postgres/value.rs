//! Parses PostgreSQL's text of a value, exactly or not at all.

use super::array;
use super::catalog::facts::TypeFacts;
use super::temporal;
use crate::settings::{PropertyType, shortened};
use livewell_model::json::value_from_text;
use livewell_model::{Decimal, Value};
use std::collections::BTreeMap;

/// How the text of a column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Float4,
    Float8,
    /// `whole`: whether it is declared without digits after the point.
    Numeric {
        whole: bool,
    },
    Bytes,
    Date,
    Time,
    TimeWithZone,
    Timestamp,
    TimestampWithZone,
    Interval,
    Json,
    List {
        of: Box<Kind>,
        delimiter: char,
    },
    /// A type whose infinities and NaN become something else.
    Finite {
        of: Box<Kind>,
        instead: Instead,
    },
    /// A scalar that is read in another type than its own.
    As(PropertyType),
    /// Unchanged text: texts, enums, ranges, UUIDs, addresses, and every other type.
    Text,
}

/// What an infinity or NaN becomes in a type that has none here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    Null,
    Text,
}

/// The types of a database by their numbers.
pub(super) type Types = BTreeMap<u32, TypeFacts>;

/// How deep domains and arrays may be nested; no valid database comes near it.
const TYPES_DEPTH_MAX: usize = 32;

/// Returns how values of this type are read.
pub(super) fn kind(types: &Types, oid: u32, modifier: i32, infinity: Option<Instead>) -> Kind {
    kind_within(types, oid, modifier, infinity, TYPES_DEPTH_MAX)
}

fn kind_within(types: &Types, oid: u32, modifier: i32, infinity: Option<Instead>, depth: usize) -> Kind {
    let Some(depth) = depth.checked_sub(1) else { return Kind::Text };
    let plain = match oid {
        16 => Kind::Bool,
        20 | 21 | 23 | 26 => Kind::Int,
        700 => Kind::Float4,
        701 => Kind::Float8,
        1700 => Kind::Numeric { whole: modifier >= 4 && (modifier - 4) & 0x7ff == 0 },
        17 => Kind::Bytes,
        1082 => Kind::Date,
        1083 => Kind::Time,
        1266 => Kind::TimeWithZone,
        1114 => Kind::Timestamp,
        1184 => Kind::TimestampWithZone,
        1186 => Kind::Interval,
        114 | 3802 => Kind::Json,
        _ => match types.get(&oid) {
            Some(domain) if domain.kind == "d" => {
                let modifier = if modifier == -1 { domain.modifier } else { modifier };
                return kind_within(types, domain.base, modifier, infinity, depth);
            }
            Some(array) if array.is_array => {
                // An array's delimiter is that of its elements.
                let delimiter =
                    types.get(&array.element).and_then(|element| element.delimiter.chars().next());
                let of = Box::new(kind_within(types, array.element, modifier, infinity, depth));
                Kind::List { of, delimiter: delimiter.unwrap_or(',') }
            }
            _ => Kind::Text,
        },
    };
    let is_finite = matches!(
        plain,
        Kind::Numeric { .. } | Kind::Date | Kind::Timestamp | Kind::TimestampWithZone | Kind::Interval
    );
    match infinity.filter(|_| is_finite) {
        Some(instead) => Kind::Finite { of: Box::new(plain), instead },
        None => plain,
    }
}

/// Parses the text of a value; the error says why it cannot be represented.
pub(super) fn value(kind: &Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Bool => match text {
            "t" | "true" => Ok(Value::Bool(true)),
            "f" | "false" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is not a boolean")),
        },
        Kind::Int => {
            text.parse().map(Value::Int).map_err(|_| format!("`{text}` is not an integer of 64 bits"))
        }
        // Widens it as the database does.
        Kind::Float4 => float(text, |text| text.parse::<f32>().map(f64::from)),
        Kind::Float8 => float(text, str::parse),
        Kind::Numeric { whole } => numeric(text, *whole),
        Kind::Bytes => bytes(text),
        Kind::Date => temporal::date(text),
        Kind::Time => temporal::time(text),
        Kind::TimeWithZone => temporal::time_with_zone(text),
        Kind::Timestamp => temporal::timestamp(text),
        Kind::TimestampWithZone => temporal::timestamp_with_zone(text),
        Kind::Interval => temporal::interval(text),
        Kind::Json => json(text),
        Kind::List { of, delimiter } => array::list(text, &|item| value(of, item), *delimiter),
        Kind::Finite { of, instead } => match (text, instead) {
            ("NaN" | "Infinity" | "-Infinity" | "infinity" | "-infinity", Instead::Null) => Ok(Value::Null),
            ("NaN" | "Infinity" | "-Infinity" | "infinity" | "-infinity", Instead::Text) => {
                Ok(Value::string(text))
            }
            _ => value(of, text),
        },
        Kind::As(wanted) => wanted.convert(text),
        Kind::Text => Ok(Value::string(text)),
    }
}

/// Returns how values of a kind are read in the type that the settings name, those of a list one by one.
pub(super) fn taken(kind: Kind, wanted: PropertyType) -> Kind {
    match (wanted, kind) {
        (PropertyType::Text, _) => Kind::Text,
        (_, Kind::List { of, delimiter }) => Kind::List { of: Box::new(taken(*of, wanted)), delimiter },
        // Floats have infinities and NaN of their own.
        (PropertyType::Float, _) => Kind::As(wanted),
        (_, Kind::Finite { of, instead }) => Kind::Finite { of: Box::new(taken(*of, wanted)), instead },
        _ => Kind::As(wanted),
    }
}

impl Kind {
    /// Returns whether its values are floats in stores of earlier versions.
    pub fn was_float(&self) -> bool {
        match self {
            Self::Numeric { whole } => !whole,
            Self::List { of, .. } | Self::Finite { of, .. } => of.was_float(),
            _ => false,
        }
    }
}

fn float(
    text: &str,
    parse: impl Fn(&str) -> Result<f64, std::num::ParseFloatError>,
) -> Result<Value, String> {
    match text {
        "NaN" => Ok(Value::Float(f64::NAN)),
        "Infinity" => Ok(Value::Float(f64::INFINITY)),
        "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
        _ => parse(text).map(Value::Float).map_err(|_| format!("`{text}` is not a number")),
    }
}

/// Parses a decimal; returns an integer if the column is declared without digits after the point and 64 bits can hold
/// it.
fn numeric(text: &str, whole: bool) -> Result<Value, String> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return Err(format!("`{text}` is not a number that can be computed with exactly"));
    }
    if whole && let Ok(int) = text.parse() {
        return Ok(Value::Int(int));
    }
    Decimal::parse(text).map(Value::from).map_err(|error| format!("`{}` {error}", shortened(text)))
}

fn bytes(text: &str) -> Result<Value, String> {
    let wrong = || "bytes are not in hexadecimal".to_owned();
    let digits = text.strip_prefix("\\x").ok_or_else(wrong)?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    Ok(Value::Bytes(bytes.ok_or_else(wrong)?.into()))
}

fn json(text: &str) -> Result<Value, String> {
    value_from_text(text).map_err(|error| format!("JSON that cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Value {
        Decimal::parse(text).expect("a decimal").into()
    }

    #[test]
    fn numeric_is_exact_or_refused() {
        let fraction = |text: &str| numeric(text, false);
        assert_eq!(fraction("1234567890.123450"), Ok(decimal("1234567890.12345")));
        assert_eq!(fraction("-0.50"), Ok(decimal("-0.5")));
        assert_eq!(fraction("7"), Ok(decimal("7")));
        assert_eq!(
            fraction("12345678901234567890.12345678901234567890"),
            Ok(decimal("12345678901234567890.1234567890123456789"))
        );
        for text in ["NaN", "Infinity", "-Infinity", "", ".", "0x1"] {
            assert!(fraction(text).is_err(), "{text}");
        }
        assert!(
            fraction(&format!("0.{}1", "0".repeat(1_000))).unwrap_err().contains("more than 1000 digits")
        );
        assert_eq!(numeric("9223372036854775807", true), Ok(Value::Int(i64::MAX)));
        assert_eq!(numeric("9223372036854775808", true), Ok(decimal("9223372036854775808")));
    }

    #[test]
    fn another_type_is_taken_where_the_settings_name_it() {
        use PropertyType::{Boolean, Decimal, Float, Integer, Text};
        let read = |kind, wanted, text| value(&taken(kind, wanted), text);
        let numeric = || Kind::Numeric { whole: false };
        let finite = |instead| Kind::Finite { of: Box::new(numeric()), instead };
        assert_eq!(read(numeric(), Float, "1.10"), Ok(Value::Float(1.1)));
        assert_eq!(read(numeric(), Integer, "1.50"), Ok(Value::Int(2)));
        assert_eq!(read(numeric(), Integer, "-2.50"), Ok(Value::Int(-3)));
        assert!(read(numeric(), Integer, "1e19").is_err());
        assert_eq!(read(numeric(), Text, "1.10"), Ok("1.10".into()));
        assert_eq!(read(Kind::Text, Decimal, "1.10"), Ok(decimal("1.1")));
        assert_eq!(read(Kind::Float8, Decimal, "0.1"), Ok(decimal("0.1")));
        assert_eq!(read(Kind::Int, Boolean, "1"), Ok(Value::Bool(true)));
        assert_eq!(read(finite(Instead::Null), Integer, "NaN"), Ok(Value::Null));
        assert_eq!(read(finite(Instead::Null), Float, "-Infinity"), Ok(Value::Float(f64::NEG_INFINITY)));
        let list = Kind::List { of: Box::new(numeric()), delimiter: ',' };
        assert_eq!(read(list, Float, "{1.5,NULL}"), Ok(Value::list([1.5.into(), Value::Null])));
    }

    #[test]
    fn types_that_lie_in_each_other_for_ever_come_to_an_end() {
        let domain = TypeFacts { kind: "d".into(), base: 70_001, ..TypeFacts::default() };
        let array = TypeFacts { is_array: true, element: 70_000, ..TypeFacts::default() };
        let types = Types::from([(70_000, domain), (70_001, array)]);
        assert!(matches!(kind(&types, 70_000, -1, None), Kind::List { .. }));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-0-9a-fTPYMDHSZ.:+ {}\",\\\\x\\[\\]=]{0,24}") {
            let list = Kind::List { of: Box::new(Kind::Text), delimiter: ',' };
            for kind in [
                Kind::Bool, Kind::Int, Kind::Float4, Kind::Float8, Kind::Numeric { whole: false }, Kind::Bytes,
                Kind::Date, Kind::Time, Kind::TimeWithZone, Kind::Timestamp, Kind::TimestampWithZone,
                Kind::Interval, Kind::Json, Kind::As(PropertyType::Integer), Kind::As(PropertyType::Decimal), list,
            ] {
                let _ = value(&kind, &text);
            }
        }
    }
}
