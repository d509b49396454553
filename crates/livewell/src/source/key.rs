//! The keys of what a source remembers: its notes by their own keys, and beside them what is kept for it.

use livewell_store::keyspace::{Key, Space};

/// What is kept for a source begins with this; its own notes do not.
pub(crate) const OWN: u8 = 0;

/// The key of a note of source number `source`. The empty one is that of its position.
pub(crate) fn note_key(source: u32, key: &[u8]) -> Vec<u8> {
    Key::new(Space::Upstream).number(source).rest(key)
}

/// The key of the settings that its elements were made by.
pub(crate) fn definition_key(source: u32) -> Vec<u8> {
    note_key(source, &[OWN, b'd'])
}

/// The key of a reset that waits for the component's next run; other components than sources have it, too.
pub(crate) fn reset_key(component: u32) -> Vec<u8> {
    note_key(component, &[OWN, b'r'])
}
