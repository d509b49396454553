//! Values as the text that PostgreSQL reads.

use livewell_model::Value;
use std::fmt::Write;

/// How a column takes its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    /// Each type in its own text.
    Plain,
    /// JSON.
    Json,
    /// Bytes in hexadecimal digits.
    Bytes,
}

/// The value as a column reads it; `None` is NULL.
pub(super) fn text(value: &Value, taking: Taking) -> Option<String> {
    if matches!(value, Value::Null) {
        return None;
    }
    Some(match (value, taking) {
        (_, Taking::Json) => json(value),
        (Value::Bytes(bytes), Taking::Bytes) => bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
        (Value::String(text), _) => text.to_string(),
        (Value::Bool(value), _) => value.to_string(),
        (Value::Int(value), _) => value.to_string(),
        (Value::Decimal(value), _) => value.to_string(),
        (Value::Float(value), _) if value.is_nan() => "NaN".into(),
        (Value::Float(value), _) if value.is_infinite() => {
            if *value > 0.0 { "Infinity" } else { "-Infinity" }.into()
        }
        // The shortest digits that are read back as the same number.
        (Value::Float(value), _) => format!("{value:?}"),
        (Value::Date(value), _) => value.to_string(),
        (Value::Time(value), _) => value.to_string(),
        (Value::LocalTime(value), _) => value.to_string(),
        (Value::LocalDateTime(value), _) => value.to_string(),
        (Value::Duration(value), _) => value.to_string(),
        // The offset says the moment; the zone's name has no place there.
        (Value::DateTime(value), _) => {
            let text = value.to_string();
            text.split('[').next().unwrap_or(&text).to_owned()
        }
        _ => json(value),
    })
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("a value always has a JSON form")
}

/// The type of a column that holds such values, where they are of one kind; NULL says nothing.
pub(super) fn type_of<'a>(values: impl Iterator<Item = &'a Value>) -> Option<&'static str> {
    let mut found = None;
    for value in values {
        let of_value = match value {
            Value::Null => continue,
            Value::Bool(_) => "boolean",
            Value::Int(_) => "bigint",
            Value::Float(_) => "double precision",
            Value::Decimal(_) => "numeric",
            Value::Bytes(_) => "bytea",
            Value::Date(_) => "date",
            Value::Time(_) => "time with time zone",
            Value::LocalTime(_) => "time without time zone",
            Value::DateTime(_) => "timestamp with time zone",
            Value::LocalDateTime(_) => "timestamp without time zone",
            Value::String(_) | Value::Duration(_) => "text",
            _ => "jsonb",
        };
        found = match (found, of_value) {
            (None, _) => Some(of_value),
            (Some(same), _) if same == of_value => found,
            (Some("bigint" | "double precision"), "bigint" | "double precision") => Some("double precision"),
            (Some("bigint" | "numeric"), "bigint" | "numeric") => Some("numeric"),
            _ => Some("text"),
        };
    }
    found
}

/// A name as SQL quotes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL quotes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_text_for_each_way_of_taking_them() {
        let string = Value::string("a \"b\"");
        assert_eq!(text(&string, Taking::Plain).unwrap(), "a \"b\"");
        assert_eq!(text(&string, Taking::Json).unwrap(), r#""a \"b\"""#);
        assert_eq!(text(&Value::Null, Taking::Json), None);
        assert_eq!(text(&Value::Float(1e300), Taking::Plain).unwrap(), "1e300");
        assert_eq!(text(&Value::Float(f64::NEG_INFINITY), Taking::Plain).unwrap(), "-Infinity");
        assert_eq!(text(&Value::Bytes([1, 255].as_slice().into()), Taking::Bytes).unwrap(), "\\x01ff");
    }

    #[test]
    fn a_column_has_the_type_of_its_values_and_mixtures_are_text() {
        let (int, float, string) = (Value::Int(1), Value::Float(0.5), Value::string("a"));
        for (values, expected) in [
            (vec![], None),
            (vec![&Value::Null], None),
            (vec![&Value::Null, &int], Some("bigint")),
            (vec![&int, &float, &int], Some("double precision")),
            (vec![&int, &string], Some("text")),
            (vec![&float, &Value::Bool(true), &int], Some("text")),
        ] {
            assert_eq!(type_of(values.into_iter()), expected);
        }
    }
}
