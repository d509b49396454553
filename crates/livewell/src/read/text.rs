//! Values as text that is searched.

use crate::Error;
use crate::read::results::{ReadRow, Results};
use livewell_model::Value;
use livewell_query::StepError;
use std::borrow::Cow;

/// After how many rows a search asks whether somebody still waits for it.
const LOOK_ROWS: u64 = 1_024;

impl Results {
    /// Returns the rows of which a value contains a text, in upper or lower case, as [`Results::rows`] streams them. A value
    /// that is not a text is searched as JSON. `is_over` is asked now and then: nobody may wait any more for what is found.
    ///
    /// # Errors
    /// Returns the errors of [`Results::rows`], also from the iterator, and there [`crate::ErrorKind::Unavailable`] once it
    /// is over.
    pub fn search<'a>(
        &'a self,
        text: &str,
        is_over: impl Fn() -> bool + 'a,
    ) -> Result<Box<dyn Iterator<Item = ReadRow> + 'a>, Error> {
        let (wanted, mut looked) = (text.to_lowercase(), 0_u64);
        let looked_at = move |row: ReadRow| {
            looked += 1;
            if looked.is_multiple_of(LOOK_ROWS) && is_over() { Err(StepError::Cancelled.into()) } else { row }
        };
        let is_found = move |row: &ReadRow| {
            row.as_ref().map_or(true, |(_, columns)| columns.iter().any(|value| has(value, &wanted)))
        };
        Ok(Box::new(self.rows()?.map(looked_at).filter(is_found)))
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
