//! What sources were made of when somebody last asked.

use livewell::schema::Schema;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Of how many sources the last answer is kept.
const KEPT_MAX: usize = 64;

/// The last answer about each source, which is right until the source changes.
#[derive(Debug, Default)]
pub struct Schemas(Mutex<BTreeMap<String, Arc<Schema>>>);

impl Schemas {
    /// Returns the last answer about a source.
    pub(super) fn last(&self, source: &str) -> Option<Arc<Schema>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned()
    }

    /// Keeps an answer; if there are too many, instead of another.
    pub(super) fn keep(&self, source: &str, read: &Arc<Schema>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX && !kept.contains_key(source) {
            kept.pop_first();
        }
        kept.insert(source.to_owned(), read.clone());
    }
}
