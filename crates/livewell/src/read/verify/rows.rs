//! The live rows of a query, as bytes, and how they differ from those that an evaluation gives.

use crate::Error;
use livewell_model::Row;
use livewell_model::row::{key_hash, signature_text};
use livewell_query::{Meter, StepError};
use livewell_store::LiveSnapshot;

/// How many differences are reported.
pub(super) const DIFFERENCES_MAX: usize = 10;

/// The live rows of a query, each to be found by its key.
pub(super) struct LiveRows {
    /// For each row eight bytes of its signature, then the row as it is stored.
    bytes: Vec<u8>,
    /// The hash of each row's key and the place of its bytes, ascending.
    places: Vec<Place>,
    /// Whether the evaluation has given the row in each place.
    is_given: Vec<bool>,
    differences: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    hash: u64,
    at: usize,
    end: usize,
}

impl LiveRows {
    /// Reads all rows.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or a row is damaged, and those of [`Meter::hold`].
    pub(super) fn read(live: &LiveSnapshot, meter: &Meter) -> Result<Self, Error> {
        let mut rows =
            Self { bytes: Vec::new(), places: Vec::new(), is_given: Vec::new(), differences: Vec::new() };
        for entry in live.rows()? {
            let (signature, stored) = entry?;
            let (hash, at) = (key_hash(&Row::decode(&stored)?.key), rows.bytes.len());
            rows.bytes.extend_from_slice(&signature.to_be_bytes());
            rows.bytes.extend_from_slice(&stored);
            rows.places.push(Place { hash, at, end: rows.bytes.len() });
            let held = size_of::<u64>() + stored.len() + size_of::<Place>() + size_of::<bool>();
            meter.hold(held).map_err(StepError::from)?;
        }
        rows.places.sort_unstable();
        rows.is_given = vec![false; rows.places.len()];
        Ok(rows)
    }

    /// Compares a row of the evaluation with the live row of its key.
    pub(super) fn compare(&mut self, right: &Row) {
        let hash = key_hash(&right.key);
        let first = self.places.partition_point(|place| place.hash < hash);
        let same_hash = self.places[first..].iter().take_while(|place| place.hash == hash).count();
        for number in first..first + same_hash {
            let (signature, row) = self.row(number);
            if row.key != right.key || self.is_given[number] {
                continue;
            }
            self.is_given[number] = true;
            // The bytes by which a row is ordered are not part of its content.
            if right.columns != row.columns {
                let columns = (&row.columns, &right.columns);
                self.add(|| {
                    format!("row {signature} holds {:?}, and should hold {:?}", columns.0, columns.1)
                });
            }
            return;
        }
        self.add(|| format!("a row is missing: {:?}", right.columns));
    }

    /// Returns the first differences, in words, once the evaluation has given all rows.
    pub(super) fn differences(mut self) -> Vec<String> {
        for number in 0..self.places.len() {
            if self.differences.len() >= DIFFERENCES_MAX {
                break;
            }
            if !self.is_given[number] {
                let (signature, row) = self.row(number);
                self.add(|| format!("row {signature} holds {:?}, and should not be there", row.columns));
            }
        }
        self.differences
    }

    fn add(&mut self, difference: impl FnOnce() -> String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference());
        }
    }

    fn row(&self, number: usize) -> (String, Row) {
        let Place { at, end, .. } = self.places[number];
        let (signature, stored) = self.bytes[at..end].split_at(size_of::<u64>());
        let signature = u64::from_be_bytes(signature.try_into().expect("eight bytes were split off"));
        (signature_text(signature), Row::decode(stored).expect("it was decoded when it was read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::Value;

    fn row(key: &[u8], value: i64) -> Row {
        Row { key: key.to_vec(), columns: vec![Value::Int(value)].into(), order: Vec::new() }
    }

    /// Rows with these keys and values. Of these hashes, whatever hash the keys have.
    fn live(rows: &[(&[u8], i64)]) -> LiveRows {
        let mut live = LiveRows { bytes: vec![], places: vec![], is_given: vec![], differences: vec![] };
        for (signature, (key, value)) in (1u64..).zip(rows) {
            let at = live.bytes.len();
            live.bytes.extend_from_slice(&signature.to_be_bytes());
            live.bytes.extend_from_slice(&row(key, *value).encode());
            live.places.push(Place { hash: key_hash(key), at, end: live.bytes.len() });
        }
        live.places.sort_unstable();
        live.is_given = vec![false; rows.len()];
        live
    }

    #[test]
    fn a_wrong_a_missing_and_a_needless_row_are_named_and_others_are_not() {
        let mut rows = live(&[(b"right", 1), (b"wrong", 2), (b"needless", 3)]);
        for right in [row(b"right", 1), row(b"wrong", 20), row(b"missing", 4)] {
            rows.compare(&right);
        }
        let differences = rows.differences();
        assert_eq!(differences.len(), 3, "{differences:?}");
        assert!(differences[0].contains("row 0000000000000002 holds [Int(2)], and should hold [Int(20)]"));
        assert_eq!(differences[1], "a row is missing: [Int(4)]");
        assert!(differences[2].contains("holds [Int(3)], and should not be there"), "{differences:?}");
    }

    #[test]
    fn a_row_that_is_given_twice_is_there_once() {
        let mut rows = live(&[(b"one", 1)]);
        rows.compare(&row(b"one", 1));
        rows.compare(&row(b"one", 1));
        assert_eq!(rows.differences(), ["a row is missing: [Int(1)]"]);
    }
}
