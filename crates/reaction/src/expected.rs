//! What a target that is read row by row should hold: a hash of the key and of the content of each live result.

use crate::ReactionError;
use crate::target::Live;
use livewell_model::diff::Columns;
use xxhash_rust::xxh3::xxh3_128;

/// The rows that should be there, by the hashes of their keys.
pub(crate) struct Expected {
    /// Ascending by key.
    rows: Vec<Row>,
}

struct Row {
    key: u128,
    content: u128,
    signature: u64,
    is_found: bool,
}

/// What was expected of a row that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// This row.
    Same,
    /// Another content: that of the row with this signature.
    Changed(u64),
    /// Nothing more: a row with this key was found before.
    Again,
    /// No row with this key.
    None,
}

impl Expected {
    /// Reads all live results; `row` returns the key and the content that a row has in the target.
    ///
    /// # Errors
    /// Returns the errors of [`Live`].
    pub fn read(
        live: &mut dyn Live,
        row: impl Fn(u64, &Columns) -> (Vec<u8>, String),
    ) -> Result<Self, ReactionError> {
        let mut rows = Vec::new();
        while let Some((signature, columns)) = live.next()? {
            let (key, content) = row(signature, &columns);
            live.hold(size_of::<Row>())?;
            let (key, content) = (xxh3_128(&key), xxh3_128(content.as_bytes()));
            rows.push(Row { key, content, signature, is_found: false });
        }
        rows.sort_unstable_by_key(|row| row.key);
        Ok(Self { rows })
    }

    /// Returns how many rows should be there.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Compares a row that was found.
    pub fn find(&mut self, key: &[u8], content: &[u8]) -> Match {
        let key = xxh3_128(key);
        let Ok(at) = self.rows.binary_search_by_key(&key, |row| row.key) else { return Match::None };
        let row = &mut self.rows[at];
        if std::mem::replace(&mut row.is_found, true) {
            return Match::Again;
        }
        if row.content == xxh3_128(content) { Match::Same } else { Match::Changed(row.signature) }
    }

    /// Returns the signatures of the rows that were not found.
    pub fn missing(&self) -> impl Iterator<Item = u64> + '_ {
        self.rows.iter().filter(|row| !row.is_found).map(|row| row.signature)
    }
}
