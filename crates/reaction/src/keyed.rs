//! Combines several results for a table with a key: for each key, the row that was there and the row that is to be
//! there.

use crate::{Outgoing, ReactionError};
use livewell_model::diff::Columns;
use livewell_model::json::{Data, RowShape};
use livewell_model::{Diff, SmolStr};
use std::collections::BTreeMap;

/// What becomes of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The row that is there now.
    pub before: Option<Columns>,
    /// The row that is to be there afterwards.
    pub row: Option<(u64, Columns)>,
}

/// The net changes of results, by key.
pub type Changes = BTreeMap<String, Change>;

/// How a target identifies rows, and its name.
pub struct Keyed<'a> {
    /// The key of a row; rows that the target cannot tell apart have the same one.
    pub key_of: &'a dyn Fn(&Columns) -> String,
    /// All columns.
    pub names: &'a [SmolStr],
    /// The target in words.
    pub target: &'a str,
}

impl Keyed<'_> {
    /// Adds a result to the changes.
    ///
    /// # Errors
    /// Returns [`ReactionError::SameKey`] if two live rows have one key.
    pub fn add(&self, changes: &mut Changes, outgoing: &Outgoing<'_>) -> Result<(), ReactionError> {
        // Removed rows make room first: rows may exchange their keys.
        for diff in &outgoing.result.diffs {
            if let Diff::Delete { data: gone, .. } | Diff::Update { before: gone, .. } = diff {
                let there = Change { before: Some(gone.clone()), row: None };
                changes.entry((self.key_of)(gone)).or_insert(there).row = None;
            }
        }
        for diff in &outgoing.result.diffs {
            if let Diff::Add { row_signature, data } | Diff::Update { row_signature, after: data, .. } = diff
            {
                let key = (self.key_of)(data);
                let change = changes.entry(key.clone()).or_insert(Change { before: None, row: None });
                if let Some(other) = &change.row {
                    return Err(self.same_key(key, other, (*row_signature, data)));
                }
                change.row = Some((*row_signature, data.clone()));
            }
        }
        changes.retain(|_, change| change.before.is_some() || change.row.is_some());
        Ok(())
    }

    /// Returns the error about two rows with one key.
    pub fn same_key(&self, key: String, first: &(u64, Columns), second: (u64, &Columns)) -> ReactionError {
        let first = self.in_words(first.0, &first.1);
        let second = self.in_words(second.0, second.1);
        ReactionError::SameKey { target: self.target.to_owned(), key, first, second }
    }

    /// Returns a row in JSON.
    pub fn in_words(&self, row_signature: u64, columns: &Columns) -> String {
        let shape = RowShape { row_signature, data: Data { names: self.names, columns } };
        serde_json::to_string(&shape).expect("a row always has a JSON form")
    }
}
