//! The bounds of a query's outbox.

use serde::{Deserialize, Deserializer, Serialize};
use std::num::NonZeroUsize;
use std::time::Duration;

/// What a query does when its outbox is full and somebody still has to read the oldest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// Waits for it, as long as it makes progress.
    #[default]
    Wait,
    /// Lets the oldest entry go.
    Evict,
}

/// The bounds of a query's outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// How many results it holds at most.
    #[serde(deserialize_with = "not_zero")]
    pub capacity: u64,
    /// How many bytes it holds at most, give or take one step.
    #[serde(skip)]
    pub bytes_max: u64,
    /// What happens at the limit.
    pub when_full: WhenFull,
    /// How long a reaction may stand still before it is no longer waited for.
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
