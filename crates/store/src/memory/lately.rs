//! Where this thread has found keys lately.
//!
//! A step reads what it is going to replace, and every commit replaces the version of its feed. The way down to such a key
//! is kept, so that it need not be searched again. It is only a hint: the tree may have changed since, or may be another
//! one, so the key at its end is compared.

use super::sorted::CAPACITY;
use std::cell::Cell;

/// The bits of an index in a node.
const INDEX_BITS: u32 = CAPACITY.ilog2();
/// How many ways are remembered.
const WAYS: usize = 64;

/// The way from the root of a tree to an entry: an index in each node, the last one in the lowest bits, behind a bit that
/// says where the first one begins. Of a tree that is too deep for it, it leads nowhere.
#[derive(Clone, Copy)]
pub(super) struct Way(u64);

impl Way {
    /// The way that has not left the root.
    pub fn new() -> Self {
        Self(1)
    }

    /// Goes on from the item at `at`.
    #[must_use]
    pub fn down(self, at: usize) -> Self {
        Self(self.0 << INDEX_BITS | at as u64)
    }

    /// Returns the index in each node, from the root on.
    pub fn indexes(self) -> impl Iterator<Item = usize> {
        let levels = self.0.checked_ilog2().map_or(0, |bits| bits / INDEX_BITS);
        (0..levels).rev().map(move |level| (self.0 >> (level * INDEX_BITS)) as usize % CAPACITY)
    }
}

thread_local! {
    /// The end of each key, which almost always tells it apart, and the way to it.
    static LATELY: [Cell<(u64, Way)>; WAYS] = const { [const { Cell::new((0, Way(0))) }; WAYS] };
}

/// Remembers that a key was found.
pub(super) fn note(key: &[u8], way: Way) {
    let end = end_of(key);
    LATELY.with(|lately| lately[place(end)].set((end, way)));
}

/// Returns the way to where a key was found.
pub(super) fn way_to(key: &[u8]) -> Option<Way> {
    let end = end_of(key);
    let (of, way) = LATELY.with(|lately| lately[place(end)].get());
    (of == end).then_some(way)
}

/// Returns the last bytes of a key as a number.
fn end_of(key: &[u8]) -> u64 {
    match key.last_chunk() {
        Some(end) => u64::from_be_bytes(*end),
        None => key.iter().fold(1, |number, byte| number << 8 | u64::from(*byte)),
    }
}

fn place(end: u64) -> usize {
    (end.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % WAYS
}
