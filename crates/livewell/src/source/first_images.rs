//! The elements that a large transaction touches, as they were before it.

use livewell_model::Timestamp;
use livewell_store::Overlay;
use livewell_store::keyspace::{Key, Space};

/// The unfinished transaction.
pub(super) struct FirstImages {
    pub(super) timestamp: Timestamp,
    /// Each touched element in its old stored form; no bytes if it did not exist.
    pub(super) before: Overlay,
}

/// Returns the prefix of the keys of first images.
pub(super) fn place() -> Key {
    Key::new(Space::Snapshot)
}
