//! The bounds of a query's outbox.

use serde::{Deserialize, Deserializer, Serialize};
use std::num::NonZeroUsize;
use std::time::Duration;

/// What a query does if its outbox is full and a follower still has to read the oldest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// Waits for the follower, as long as it makes progress.
    #[default]
    Wait,
    /// Evicts the oldest entry.
    Evict,
}

/// The bounds of a query's outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// The largest number of results that it holds.
    #[serde(deserialize_with = "not_zero")]
    pub capacity: u64,
    /// The largest number of bytes that it holds, give or take one step.
    #[serde(skip)]
    pub bytes_max: u64,
    /// What happens at the limit.
    pub when_full: WhenFull,
    /// How long the query waits for a reaction that makes no progress.
    #[serde(with = "crate::period")]
    pub max_wait: Duration,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            capacity: 100_000,
            bytes_max: 1 << 30,
            when_full: WhenFull::Wait,
            max_wait: Duration::from_secs(60),
        }
    }
}

fn not_zero<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    Ok(NonZeroUsize::deserialize(input)?.get() as u64)
}
