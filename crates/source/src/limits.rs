//! How much a source takes in at once.

use serde::{Deserialize, Serialize};

/// Limits on what comes in; beyond them input is refused with a message that names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The longest id, in bytes.
    pub id_bytes_max: usize,
    /// The longest line (in a table: row), in bytes.
    pub line_bytes_max: usize,
    /// The most changes in one transaction.
    pub changes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { id_bytes_max: 64 << 10, line_bytes_max: 16 << 20, changes_max: 100_000 }
    }
}
