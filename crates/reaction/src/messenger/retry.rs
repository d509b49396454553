//! When a message that was refused is sent again, and when it is given up.

use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How often a refused message is sent again, and after which pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// How often it is sent again before it becomes a dead letter.
    pub count: u32,
    /// The pause before the first repetition; each further one is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Default for Retries {
    /// Returns 16 repetitions after pauses of one second up to ten minutes: a target may be unavailable for more than
    /// an hour.
    fn default() -> Self {
        Self { count: 16, first: Duration::from_secs(1), max: Duration::from_secs(600) }
    }
}

impl Retries {
    /// Returns the pause after attempt `count`, from 1: doubled each time, and up to a quarter longer, so that many
    /// senders do not retry at the same time. The pause of a message is the same wherever it is sent from.
    pub(super) fn pause(&self, key: &str, count: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << (count - 1).min(30));
        let pause = doubled.min(self.max);
        let jitter = xxh3_64_with_seed(key.as_bytes(), count.into()) % 1000;
        pause + pause / 4 * u32::try_from(jitter).unwrap_or(0) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_with_a_quarter_of_jitter() {
        let retries = Retries::default();
        let mut before = Duration::ZERO;
        for count in 1..=16 {
            let pause = retries.pause("a:1:1:0", count);
            let base = Duration::from_secs((1 << (count - 1)).min(600));
            assert!((base..=base + base / 4).contains(&pause), "{count}: {pause:?}");
            before += base;
        }
        assert!(before > Duration::from_secs(3600), "a target may be away for an hour");
        let others: std::collections::BTreeSet<_> =
            (0..20).map(|at| retries.pause(&format!("a:1:{at}:0"), 5)).collect();
        assert!(others.len() > 15, "messages do not come back at once");
    }
}
