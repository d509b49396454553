//! Infers the type of a cell in a table for which no type is given.

use livewell_model::Value;

/// Returns the value of a cell: a number or a boolean if JSON would read one, else text.
///
/// So `007` stays text, as does an integer beyond 64 bits: neither would keep its digits.
pub(super) fn inferred(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::string(text)),
    }
}

fn number(text: &str) -> Option<Value> {
    let first = *text.as_bytes().first()?;
    if first != b'-' && !first.is_ascii_digit() {
        return None;
    }
    // The bytes that may stand around JSON are blanks, which a number in a cell must not have.
    if !text.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    match serde_json::from_str::<serde_json::Number>(text).ok()? {
        number if number.is_i64() => number.as_i64().map(Value::Int),
        number if text.contains(['.', 'e', 'E']) => number.as_f64().map(Value::Float),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_without_a_type_is_what_it_looks_like() {
        let cases = [
            ("12", Value::Int(12)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("9223372036854775808", "9223372036854775808".into()),
            ("1.50", Value::Float(1.5)),
            ("1e3", Value::Float(1000.0)),
            ("true", Value::Bool(true)),
        ];
        for (text, value) in cases {
            assert_eq!(inferred(text), value, "{text}");
        }
        for text in [
            "", "007", "+1", "1.", ".5", " 1", "1 ", "1\n", "TRUE", "NaN", "1e999", "0x1", "1_000", "-", "-0",
        ] {
            assert_eq!(inferred(text), Value::string(text), "{text}");
        }
    }
}
