//! How much input a source may park.

use livewell_source::Limits;

/// How much input a source may park.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parking {
    pub(crate) pieces: u64,
    pub(crate) bytes: u64,
}

impl Default for Parking {
    fn default() -> Self {
        let Limits { parked_max, parked_bytes, .. } = Limits::default();
        Self { pieces: parked_max, bytes: parked_bytes }
    }
}

impl Parking {
    /// Returns whether one more piece of `needed` bytes may be parked. If nothing is parked, a piece of any length may
    /// be, since nobody could make room for it.
    pub(crate) fn has_room(self, (pieces, bytes): (u64, u64), needed: u64) -> bool {
        pieces == 0 || (pieces < self.pieces && bytes.saturating_add(needed) <= self.bytes)
    }
}
