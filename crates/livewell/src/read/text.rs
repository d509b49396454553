//! Values as text that is searched.

use crate::Error;
use crate::read::results::{ReadRow, Results};
use livewell_model::Value;
use std::borrow::Cow;

impl Results {
    /// Returns the rows of which a value contains a text, in upper or lower case, as [`Results::rows`] streams them. A value
    /// that is not a text is searched as JSON.
    ///
    /// # Errors
    /// Returns the errors of [`Results::rows`], also from the iterator.
    pub fn search(&self, text: &str) -> Result<Box<dyn Iterator<Item = ReadRow> + '_>, Error> {
        let wanted = text.to_lowercase();
        let is_found = move |row: &ReadRow| {
            row.as_ref().map_or(true, |(_, columns)| columns.iter().any(|value| has(value, &wanted)))
        };
        Ok(Box::new(self.rows()?.filter(is_found)))
    }
}

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
