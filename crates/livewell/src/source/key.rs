//! The keys of what is stored for a source: its notes under their own keys, and what the runner keeps beside them.

use livewell_store::keyspace::{Key, Space};

/// The first byte of keys that the runner uses; the source's own notes do not begin with it.
pub(crate) const OWN: u8 = 0;

/// Returns the key of a note of source number `source`. The empty key is that of its position.
pub(crate) fn note_key(source: u32, key: &[u8]) -> Vec<u8> {
    Key::new(Space::Upstream).number(source).rest(key)
}

/// Returns the key of the settings that made its elements.
pub(crate) fn definition_key(source: u32) -> Vec<u8> {
    note_key(source, &[OWN, b'd'])
}

/// Returns the key of what is known of the index of elements that expire.
pub(crate) fn expiry_key(source: u32) -> Vec<u8> {
    note_key(source, &[OWN, b'e'])
}

/// Returns the key of a reset that waits for the component's next run. Queries and reactions have it, too.
pub(crate) fn reset_key(component: u32) -> Vec<u8> {
    note_key(component, &[OWN, b'r'])
}
