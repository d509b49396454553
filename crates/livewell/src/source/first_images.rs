//! What the elements that a large transaction touches were before it.

use livewell_model::Timestamp;
use livewell_store::Overlay;
use livewell_store::keyspace::{Key, Space};

/// The transaction in the making.
pub(super) struct FirstImages {
    pub(super) timestamp: Timestamp,
    /// What each touched element was, as it was stored; no bytes: it was not there.
    pub(super) before: Overlay,
}

/// How the key of an element begins among those set aside.
pub(super) fn place() -> Key {
    Key::new(Space::Snapshot)
}
