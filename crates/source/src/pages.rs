//! Iterates over what is stored, in order and page by page, while what lies behind the current place may change.

use crate::SourceError;
use crate::source::{Side, Stored};
use livewell_model::Element;
use std::vec::IntoIter;

/// How much is read at once.
const PAGE: usize = 1_000;

/// The elements of one side whose ids begin alike, in the order of their ids.
pub(crate) struct Elements {
    side: Side,
    prefix: String,
    page: IntoIter<Element>,
    after: Option<String>,
}

impl Elements {
    pub fn of(side: Side, prefix: impl Into<String>) -> Self {
        Self { side, prefix: prefix.into(), page: Vec::new().into_iter(), after: None }
    }

    pub fn next(&mut self, stored: &dyn Stored) -> Result<Option<Element>, SourceError> {
        if self.page.len() == 0 {
            let page = stored.elements(self.side, &self.prefix, self.after.as_deref(), PAGE)?;
            if let Some(last) = page.last() {
                self.after = Some(last.id().id.to_string());
            }
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}
