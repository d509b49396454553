//! Values as text that is searched.

use livewell_model::Value;
use std::borrow::Cow;

/// Returns a text as it is, and any other value as JSON.
pub(crate) fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => serde_json::to_string(other).expect("every value is JSON").into(),
    }
}

/// Returns whether the text of a value has another one in it, which is in lower case.
pub(crate) fn has(value: &Value, text: &str) -> bool {
    shown(value).to_lowercase().contains(text)
}
