//! Counts and sums of ids, which say where to look for ids that only one side has.

use std::collections::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// How many buckets there are.
const BUCKETS: u64 = 1 << 16;

/// The ids of one side: how many are in each bucket, and the sum of their hashes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Buckets(HashMap<u64, (u64, u64)>);

impl Buckets {
    /// Adds an id.
    pub fn add(&mut self, id: &str) {
        let hash = xxh3_64(id.as_bytes());
        let (count, sum) = self.0.entry(hash % BUCKETS).or_default();
        *count += 1;
        *sum = sum.wrapping_add(hash);
    }

    /// Returns the buckets of this side that are others there.
    pub fn unlike(&self, other: &Self) -> HashSet<u64> {
        self.0
            .iter()
            .filter(|(bucket, ids)| other.0.get(bucket) != Some(ids))
            .map(|(bucket, _)| *bucket)
            .collect()
    }
}

/// Returns the bucket of an id.
pub(super) fn bucket(id: &str) -> u64 {
    xxh3_64(id.as_bytes()) % BUCKETS
}
