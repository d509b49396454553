//! Recognises the placeholders that change data capture writes for values that a change does not carry.
//!
//! PostgreSQL does not send long values that did not change, and Debezium puts a placeholder in their place: a text,
//! its bytes in base64 or hexadecimal digits, or a list or map of it, depending on the type of the column.

use super::object::Json;
use serde_json::Value;

/// The alphabet of base64.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The forms of a placeholder.
#[derive(Debug, Clone)]
pub(super) struct Unavailable {
    texts: Vec<String>,
    /// Each of its bytes as an integer, as lists of integers hold it.
    bytes: Vec<i64>,
    /// The first of them.
    first: String,
    /// What the JSON of every form has in it.
    marks: Vec<String>,
}

/// What a piece of JSON says about the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The value itself.
    All,
    /// That it did not change.
    Nothing,
    /// Parts of it, in a map; the others did not change.
    Parts,
}

impl Unavailable {
    /// Creates the forms of this placeholder; none of an empty one.
    pub fn new(placeholder: &str) -> Option<Self> {
        if placeholder.is_empty() {
            return None;
        }
        let bytes = placeholder.as_bytes();
        let padded = base64(bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let texts = vec![
            placeholder.to_owned(),
            padded.trim_end_matches('=').to_owned(),
            padded,
            hex.to_uppercase(),
            hex,
        ];
        let quoted = Value::from(placeholder).to_string();
        let mut marks: Vec<String> = texts[1..].to_vec();
        marks.push(quoted[1..quoted.len() - 1].to_owned());
        let first = bytes[0].to_string();
        Some(Self { first, bytes: bytes.iter().map(|byte| i64::from(*byte)).collect(), texts, marks })
    }

    /// Returns what a piece of JSON says.
    pub fn said(&self, json: Json<'_>) -> Said {
        let raw = json.raw.get();
        // For nearly every value a search in the text is enough.
        let has_mark = || self.marks.iter().any(|mark| raw.contains(mark.as_str())) || raw.contains("\\u");
        let may_be = match raw.as_bytes().first() {
            Some(b'"' | b'{') => has_mark(),
            // A list may have the bytes of the placeholder.
            Some(b'[') => has_mark() || raw.contains(&self.first),
            _ => false,
        };
        match may_be.then(|| serde_json::from_str::<Value>(raw)) {
            Some(Ok(value)) => self.said_by(&value),
            _ => Said::All,
        }
    }

    fn said_by(&self, value: &Value) -> Said {
        match value {
            Value::String(text) if self.is_placeholder(text) => Said::Nothing,
            Value::Array(items) => {
                let is_spelled = items.len() == self.bytes.len()
                    && items.iter().zip(&self.bytes).all(|(item, byte)| item.as_i64() == Some(*byte));
                // A list is sent as a whole or not at all.
                let is_missing = |item| self.said_by(item) != Said::All;
                if is_spelled || items.iter().any(is_missing) { Said::Nothing } else { Said::All }
            }
            Value::Object(entries) => {
                let is_placeholder = |(name, value): (&String, &Value)| {
                    self.is_placeholder(name) && self.said_by(value) == Said::Nothing
                };
                match entries.values().any(|value| self.said_by(value) != Said::All) {
                    false => Said::All,
                    true if entries.iter().all(is_placeholder) => Said::Nothing,
                    true => Said::Parts,
                }
            }
            _ => Said::All,
        }
    }

    /// Returns whether a text is the placeholder, or the JSON of an `hstore` that is.
    fn is_placeholder(&self, text: &str) -> bool {
        self.texts.iter().any(|form| form == text)
            || text.starts_with('{')
                && serde_json::from_str(text).is_ok_and(|map: Value| {
                    let entries = map.as_object().into_iter().flatten();
                    let mut forms =
                        entries.map(|(name, value)| *name == self.texts[0] && *value == self.texts[0]);
                    forms.next() == Some(true) && forms.next().is_none()
                })
    }
}

fn base64(bytes: &[u8]) -> String {
    let group = |chunk: &[u8]| {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = move |at: usize| BASE64[(bits >> (18 - 6 * at) & 63) as usize] as char;
        let length = chunk.len() + 1;
        (0..4).map(move |at| if at < length { digit(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    fn said(text: &str) -> Said {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        Unavailable::new("__debezium_unavailable_value").unwrap().said(Json {
            text,
            raw,
            exact: &super::super::exact::NONE,
        })
    }

    #[test]
    fn the_placeholder_is_known_in_every_form_and_taken_for_nothing_else() {
        let spelled = serde_json::to_string(b"__debezium_unavailable_value").unwrap();
        for text in [
            r#""__debezium_unavailable_value""#,
            r#""\u005f_debezium_unavailable_value""#,
            r#"["__debezium_unavailable_value"]"#,
            r#"[["a", "__debezium_unavailable_value"]]"#,
            r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#,
            r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ""#,
            r#""5f5f646562657a69756d5f756e617661696c61626c655f76616c7565""#,
            r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#,
            r#""{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}""#,
            &spelled,
            &spelled.replace(',', ", "),
        ] {
            assert_eq!(said(text), Said::Nothing, "{text}");
        }
        for text in [
            r#""see __debezium_unavailable_value""#,
            r#""__debezium_unavailable_value ""#,
            r#"{"__debezium_unavailable_value": 1}"#,
            "[95, 95, 100]",
            "95",
            "[]",
            "{}",
            "null",
        ] {
            assert_eq!(said(text), Said::All, "{text}");
        }
        assert_eq!(said(r#"{"a": 1, "b": "__debezium_unavailable_value"}"#), Said::Parts);
        assert!(Unavailable::new("").is_none());
    }
}
