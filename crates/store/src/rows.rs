//! Rows that a commit writes without having read them.
//!
//! A feed's head counts its rows and sums their hashes, so each change has to know what it replaces. The store
//! finds that on its way to the place where it writes; looked up beforehand, each row would be searched twice.

use crate::keyspace::snapshot_key;
use crate::{Head, IndexError};
use std::ops::Range;

/// Rows of one feed to be written, by ascending signature, and the head that counts them.
#[derive(Debug, Clone, Default)]
pub struct RowWrites {
    head: Head,
    /// Where in `bytes` each row's data lies; a row without any is deleted.
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
        // Reversed and sorted stably, so that the later of two comes first and is the one that stays.
        places.reverse();
        places.sort_by_key(|(signature, _)| *signature);
        places.dedup_by_key(|(signature, _)| *signature);
        Self { head, places, bytes }
    }

    /// How many rows are written or deleted.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no row is.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each row's signature with its data, or without any where it is deleted; ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        self.places
            .iter()
            .map(|(signature, place)| (*signature, place.clone().map(|place| &self.bytes[place])))
    }

    /// Writes each row of `feed` with `write`, and gives the head after them.
    ///
    /// `write` puts the data under the key, or deletes what is there, and gives what stood there before to the
    /// counter.
    ///
    /// # Errors
    /// As `write`.
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
