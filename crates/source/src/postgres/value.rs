//! From PostgreSQL's text of a value to a value, exactly or not at all.

use super::array;
use super::catalog::facts::TypeFacts;
use super::temporal;
use livewell_model::Value;
use livewell_model::json::value_from_json;
use std::collections::BTreeMap;

/// The most digits that a float of 64 bits keeps whatever they are.
const FLOAT_DIGITS_MAX: usize = 15;

/// How the text of a column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Float4,
    Float8,
    /// `whole`: declared without digits after the point.
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
    /// One whose infinities and NaN are taken as something else.
    Finite {
        of: Box<Kind>,
        instead: Instead,
    },
    /// As it stands: texts, enums, ranges, UUIDs, addresses, and whatever else there is.
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

/// How deep domains and arrays may lie in each other; no database that is in order comes near it.
const TYPES_DEPTH_MAX: usize = 32;

/// How values of this type are read.
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

/// Reads the text of a value; the error says why it cannot be taken.
pub(super) fn value(kind: &Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Bool => match text {
            "t" | "true" => Ok(Value::Bool(true)),
            "f" | "false" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is no boolean")),
        },
        Kind::Int => text.parse().map(Value::Int).map_err(|_| format!("`{text}` is no integer of 64 bits")),
        // As the database itself widens it.
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
        Kind::List { of, delimiter } => array::list(text, of, *delimiter),
        Kind::Finite { of, instead } => match (text, instead) {
            ("NaN" | "Infinity" | "-Infinity" | "infinity" | "-infinity", Instead::Null) => Ok(Value::Null),
            ("NaN" | "Infinity" | "-Infinity" | "infinity" | "-infinity", Instead::Text) => {
                Ok(Value::string(text))
            }
            _ => value(of, text),
        },
        Kind::Text => Ok(Value::string(text)),
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
        _ => parse(text).map(Value::Float).map_err(|_| format!("`{text}` is no number")),
    }
}

/// Exact or refused: a float keeps 15 digits whatever they are, an integer those of 64 bits.
fn numeric(text: &str, whole: bool) -> Result<Value, String> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return Err(format!("`{text}` is not a number that can be computed with exactly"));
    }
    if whole {
        let error = |_| format!("`{text}` is beyond an integer of 64 bits");
        return text.parse().map(Value::Int).map_err(error);
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (before, after) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = !before.is_empty() && [before, after].iter().all(|part| is_digits(part));
    if !is_number {
        return Err(format!("`{text}` is no number"));
    }
    let digits: String = [before, after].concat();
    let digits = digits.trim_matches('0').len();
    if digits > FLOAT_DIGITS_MAX {
        return Err(format!(
            "`{text}` has {digits} digits, and a number with a fraction is exact up to {FLOAT_DIGITS_MAX}"
        ));
    }
    let float: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    // Beyond the range of floats, where they round to infinity or to zero.
    let fits = float.is_finite() && (float != 0.0 || digits == 0) && (digits == 0 || float.is_normal());
    if fits { Ok(Value::Float(float)) } else { Err(format!("`{text}` is beyond the range of floats")) }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
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
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("JSON that cannot be read: {error}"))?;
    value_from_json(&json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numeric_is_exact_or_refused() {
        let fraction = |text: &str| numeric(text, false);
        assert_eq!(fraction("1234567890.12345"), Ok(Value::Float(1_234_567_890.123_45)));
        assert_eq!(fraction("-0.50"), Ok(Value::Float(-0.5)));
        assert_eq!(fraction("0.00"), Ok(Value::Float(0.0)));
        assert_eq!(fraction("12000000000000000000000"), Ok(Value::Float(1.2e22)));
        assert!(fraction("1234567890.123456").unwrap_err().contains("16 digits"));
        for text in ["NaN", "Infinity", "-Infinity", "", ".", "1e5", "0x1"] {
            assert!(fraction(text).is_err(), "{text}");
        }
        assert!(fraction(&format!("0.{}1", "0".repeat(400))).is_err());
        assert!(fraction(&format!("1{}", "0".repeat(400))).is_err());
        assert_eq!(numeric("9223372036854775807", true), Ok(Value::Int(i64::MAX)));
        assert!(numeric("9223372036854775808", true).is_err());
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
        fn a_numeric_that_is_taken_prints_as_it_came(digits in 1i64..1_000_000_000_000_000, scale in 1u32..9) {
            let unit = 10i64.pow(scale);
            let text = format!("{}.{:0width$}", digits / unit, digits % unit, width = scale as usize);
            let Value::Float(float) = numeric(&text, false).unwrap() else { panic!("a float") };
            prop_assert_eq!(format!("{:.*}", scale as usize, float), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9a-fTPYMDHSZ.:+ {}\",\\\\x\\[\\]=]{0,24}") {
            let list = Kind::List { of: Box::new(Kind::Text), delimiter: ',' };
            for kind in [
                Kind::Bool, Kind::Int, Kind::Float4, Kind::Float8, Kind::Numeric { whole: false }, Kind::Bytes,
                Kind::Date, Kind::Time, Kind::TimeWithZone, Kind::Timestamp, Kind::TimestampWithZone,
                Kind::Interval, Kind::Json, list,
            ] {
                let _ = value(&kind, &text);
            }
        }
    }
}
