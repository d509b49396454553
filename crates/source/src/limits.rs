//! Limits on the input of a source.

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
    /// How many pieces of input may be parked; the source waits before one more.
    pub parked_max: u64,
    /// How many bytes of input, with reasons, may be parked; the source waits before more, but parks one piece of any
    /// length.
    pub parked_bytes: u64,
}

/// How many pieces of input may be parked by default.
pub(crate) const PARKED_MAX: u64 = 100_000;
/// How many bytes of input may be parked by default.
pub(crate) const PARKED_BYTES: u64 = 256 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            id_bytes_max: 64 << 10,
            line_bytes_max: 16 << 20,
            changes_max: 100_000,
            parked_max: PARKED_MAX,
            parked_bytes: PARKED_BYTES,
        }
    }
}
