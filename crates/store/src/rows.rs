//! Rows that a commit writes without having read them.
//!
//! A feed's head counts its rows and sums their hashes, so each change must know what it replaces. The store finds
//! that when it looks up the place to write to; a lookup beforehand would search each row twice.

use crate::keyspace::snapshot_key;
use crate::{Head, IndexError};
use std::ops::Range;

/// Rows of one feed to be written, by ascending signature, and the head that counts them.
#[derive(Debug, Clone, Default)]
pub struct RowWrites {
    head: Head,
    /// Where each row's data lies in `bytes`; a row without data is deleted.
    places: Vec<(u64, Option<Range<usize>>)>,
    bytes: Vec<u8>,
}

impl RowWrites {
    /// Writes to the generation that `head` names; of two writes of one row the later wins.
    pub fn new<'a>(head: Head, rows: impl IntoIterator<Item = (u64, Option<&'a [u8]>)>) -> Self {
        let (mut places, mut bytes) = (Vec::new(), Vec::new());
        for (signature, data) in rows {
            let from = bytes.len();
            places.push((signature, data.map(|data| from..from + data.len())));
            bytes.extend_from_slice(data.unwrap_or_default());
        }
        // Reversed and sorted stably, so that the later of two comes first and is kept.
        places.reverse();
        places.sort_by_key(|(signature, _)| *signature);
        places.dedup_by_key(|(signature, _)| *signature);
        Self { head, places, bytes }
    }

    /// Returns how many rows are written or deleted.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns each row's signature with its data, or without data if it is deleted; ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        self.places
            .iter()
            .map(|(signature, place)| (*signature, place.clone().map(|place| &self.bytes[place])))
    }

    /// Writes each row of `feed` with `write`, and returns the head after them.
    ///
    /// `write` puts the data under the key, or deletes what is there, and passes the value before to the counter.
    ///
    /// # Errors
    /// Returns the errors of `write`.
    pub fn apply(
        &self,
        feed: u32,
        mut write: impl FnMut(&[u8], Option<&[u8]>, &mut dyn FnMut(Option<&[u8]>)) -> Result<(), IndexError>,
    ) -> Result<Head, IndexError> {
        let mut head = self.head.clone();
        let mut key = snapshot_key(feed, head.generation, &[0; 8]);
        let prefix = key.len() - 8;
        for (signature, data) in self.iter() {
            let signature = signature.to_be_bytes();
            key[prefix..].copy_from_slice(&signature);
            write(&key, data, &mut |before| head.count(&signature, before, data))?;
        }
        Ok(head)
    }
}
