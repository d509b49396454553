//! Iterates over listed keys of rows, in order and page by page, while what lies behind the current place may change.

use super::notes;
use crate::SourceError;
use crate::source::Stored;
use std::vec::IntoIter;

/// How much is read at once.
const PAGE: usize = 1_000;

/// The keys of rows that are listed as notes with one prefix, ascending.
pub(super) struct Keys {
    prefix: Vec<u8>,
    page: IntoIter<(Vec<u8>, Vec<u8>)>,
    after: Option<Vec<u8>>,
}

impl Keys {
    pub fn of(prefix: Vec<u8>) -> Self {
        Self { prefix, page: Vec::new().into_iter(), after: None }
    }

    pub fn next(&mut self, stored: &dyn Stored) -> Result<Option<String>, SourceError> {
        if self.page.len() == 0 {
            let page = stored.notes(&self.prefix, self.after.as_deref(), PAGE)?;
            if let Some((last, _)) = page.last() {
                self.after = Some(last.clone());
            }
            self.page = page.into_iter();
        }
        self.page.next().map(|(key, _)| notes::text_in(&key[self.prefix.len()..])).transpose()
    }
}
