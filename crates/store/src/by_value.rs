//! The index of a query's rows by value: which rows each value has of a query that is run for each value of its
//! parameters.
//!
//! An entry lies under the key of a value and the signature of a row, and holds nothing. It is written in the same write
//! set as the row, so that the two are always of one commit.

use crate::damage::Damage;
use crate::keyspace::{Key, Prefix, Space};
use crate::{Direction, IndexError, LiveSnapshot};

/// A longer key of a value is not stored itself, but its hash.
const LENGTH_MAX: usize = 254;
/// In the place of a length: a hash follows.
const HASHED: u8 = 255;

/// Returns the bytes that all entries of a generation's index begin with.
pub fn prefix(feed: u32, generation: u32) -> Prefix {
    Prefix::new(Key::new(Space::ByValue).number(feed).number(generation))
}

/// Returns the bytes that the entries of one value begin with, behind [`prefix`]. They end where the key of the value
/// ends, whatever bytes it has.
pub fn of_value(key: &[u8]) -> Vec<u8> {
    match u8::try_from(key.len()) {
        Ok(length) if key.len() <= LENGTH_MAX => [&[length], key].concat(),
        _ => [&[HASHED], blake3::hash(key).as_bytes().as_slice()].concat(),
    }
}

/// Returns the key of an entry, behind [`prefix`].
pub fn entry(key: &[u8], row_signature: u64) -> Vec<u8> {
    let mut bytes = of_value(key);
    bytes.extend_from_slice(&row_signature.to_be_bytes());
    bytes
}

impl LiveSnapshot {
    /// Streams the signatures of a value's rows, ascending, from strictly after `after` on.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, also from the iterator.
    pub fn signatures_of<'a>(
        &'a self,
        key: &[u8],
        after: Option<u64>,
    ) -> Result<impl Iterator<Item = Result<u64, IndexError>> + use<'a>, IndexError> {
        let prefix = prefix(self.0.number, self.0.head.generation).of(&of_value(key)).into_vec();
        let after = after.map(|after| [prefix.as_slice(), &after.to_be_bytes()].concat());
        let entries = self.0.snapshot().scan_after(&prefix, after.as_deref())?;
        let skip = prefix.len();
        Ok(entries.map(move |entry| {
            let signature = entry?.0[skip..].try_into().map(u64::from_be_bytes);
            signature.map_err(|_| IndexError::corrupted("an entry of an index by value ends in a signature"))
        }))
    }

    /// Streams a value's rows by ascending signature, from strictly after `after` on.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, also from the iterator, and [`Damage::Other`] if a row is not
    /// there.
    pub fn rows_of<'a>(
        &'a self,
        key: &[u8],
        after: Option<u64>,
    ) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), IndexError>> + use<'a>, IndexError> {
        Ok(self.signatures_of(key, after)?.map(|signature| {
            let signature = signature?;
            let row = self.0.entry(&signature.to_be_bytes())?;
            Ok((signature, row.ok_or_else(|| self.not_indexed())?))
        }))
    }

    /// Checks that a row is indexed under the key of its value.
    ///
    /// # Errors
    /// Returns [`Damage::Other`] if it is not, or an error if the store cannot be read.
    pub(crate) fn check_indexed(&self, key: &[u8], row_signature: u64) -> Result<(), IndexError> {
        let prefix = prefix(self.0.number, self.0.head.generation);
        let found = self.0.snapshot().get(&prefix.of(&entry(key, row_signature)))?;
        found.map(drop).ok_or_else(|| self.not_indexed())
    }

    /// Checks that the index has as many entries as there are rows; none if the rows are not indexed.
    ///
    /// # Errors
    /// Returns [`Damage::Count`] if it has not, or an error if the store cannot be read.
    pub(crate) fn check_index_count(&self, is_indexed: bool) -> Result<(), IndexError> {
        let prefix = prefix(self.0.number, self.0.head.generation);
        let (mut found, counted) = (0, if is_indexed { self.row_count() } else { 0 });
        self.0.snapshot().visit(&prefix.of(&[]), Direction::Forward, &mut |_, _| {
            found += 1;
            true
        })?;
        if found == counted {
            return Ok(());
        }
        let feed = crate::catalog::named(&**self.0.snapshot(), self.0.number);
        Err(Damage::Count { feed, what: "rows by value", found, counted }.into())
    }

    fn not_indexed(&self) -> IndexError {
        let feed = crate::catalog::named(&**self.0.snapshot(), self.0.number);
        Damage::Other { feed, what: "rows by value" }.into()
    }
}
