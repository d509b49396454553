//! The types that settings can give to properties in place of the input's.

use livewell_model::{Decimal, DecimalError, Value};
use serde::{Deserialize, Serialize};

/// The type of a property whose values are converted from those of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyType {
    /// Integers of 64 bits.
    Integer,
    /// Floats; what has more digits is rounded to the nearest one.
    Float,
    /// Decimals, exact.
    Decimal,
    /// `true` or `false`, in any case.
    Boolean,
    /// Unchanged text: for codes with leading zeros.
    #[serde(rename = "string", alias = "text")]
    Text,
}

impl PropertyType {
    /// Parses a text as this type; the error says what is expected.
    pub(crate) fn read(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Text => Ok(Value::string(text)),
            Self::Integer => text.parse().map(Value::Int).map_err(|_| "an integer of 64 bits"),
            Self::Boolean if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Self::Boolean if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            Self::Boolean => Err("`true` or `false`"),
            Self::Decimal => Decimal::parse(text).map(Value::from).map_err(|error| match error {
                DecimalError::Malformed => "a decimal number",
                DecimalError::TooLong => {
                    "a decimal number of at most 1,000 digits before the point and after it"
                }
            }),
            Self::Float => match text {
                "NaN" => Ok(Value::Float(f64::NAN)),
                "Infinity" => Ok(Value::Float(f64::INFINITY)),
                "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
                _ if text.ends_with(|last: char| last.is_ascii_digit() || last == '.') => {
                    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::Float).ok_or("a number")
                }
                _ => Err("a number"),
            },
        }
    }

    /// Converts the text of a value of a database to this type; the error says why not.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn convert(self, text: &str) -> Result<Value, String> {
        let refused = |wanted| format!("`{}` is not {wanted}", shortened(text));
        match (self, text) {
            (Self::Boolean, "t" | "1") => Ok(Value::Bool(true)),
            (Self::Boolean, "f" | "0") => Ok(Value::Bool(false)),
            // Rounds as databases do: a half goes away from zero.
            (Self::Integer, _) if let Ok(decimal) = Decimal::parse(text) => {
                decimal.rounded().map(Value::Int).ok_or_else(|| refused("an integer of 64 bits"))
            }
            _ => self.read(text).map_err(refused),
        }
    }
}

/// Returns a text shortened for a message.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_the_type_or_refused() {
        use PropertyType::{Boolean, Decimal, Float, Integer, Text};
        assert_eq!(Integer.read("007"), Ok(Value::Int(7)));
        assert_eq!(Text.read("007"), Ok("007".into()));
        assert_eq!(Float.read("7"), Ok(Value::Float(7.0)));
        assert_eq!(Boolean.read("TRUE"), Ok(Value::Bool(true)));
        let price = livewell_model::Decimal::parse("12345678901234567890.1").expect("a decimal");
        assert_eq!(Decimal.read("12345678901234567890.10"), Ok(price.into()));
        for (text, wanted) in [
            ("7.0", Integer),
            ("", Integer),
            ("inf", Float),
            ("1e999", Float),
            ("1", Boolean),
            ("1,5", Decimal),
            ("NaN", Decimal),
            ("1e2000", Decimal),
        ] {
            assert!(wanted.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_has_two_names() {
        for name in ["text", "string"] {
            assert_eq!(serde_json::from_value::<PropertyType>(name.into()).expect(name), PropertyType::Text);
        }
    }
}
