//! Formats a value for one cell of a table.

use livewell_model::Value;
use std::io;

/// Returns a value in one cell: a string as it is, anything else as its JSON; null is empty.
pub(super) fn cell(value: &Value) -> io::Result<String> {
    Ok(match value {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        other => of_json(serde_json::to_value(other)?),
    })
}

/// Returns a value that is not null, in its JSON, in one cell. NaN, the infinities and bytes are strings in JSON.
pub fn of_json(json: serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    }
}
