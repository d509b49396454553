//! What a caller chooses of a store in a directory.

use serde::{Deserialize, Serialize};

/// What a commit survives once it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut: each commit is flushed to the disk.
    #[default]
    Sync,
    /// A killed process, not a power cut: after an unclean reboot the store is refused.
    Os,
}

/// The settings of an [`EmbeddedStore`](crate::EmbeddedStore).
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// What a commit survives.
    pub durability: Durability,
    /// The largest size of the data file in bytes; address space, not disk space. Rounded up to whole MiB.
    pub map_size_bytes: u64,
    /// The largest number of snapshots alive at once.
    pub readers_max: u32,
    /// Whether to create the store if there is none.
    pub create: bool,
    /// The machine's boot id, instead of asking the system. For tests.
    pub boot_id: Option<String>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Sync,
            map_size_bytes: 64 << 30,
            readers_max: 1024,
            create: true,
            boot_id: None,
        }
    }
}
