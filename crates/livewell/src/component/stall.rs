//! A component's wait for a disk: since when, and how long until the next attempt.

use crate::error::Disk;
use std::time::{Duration, Instant};

/// How long a component waits before it retries: at first, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// How long a component waits for a disk before [`crate::Livewell::idle`] no longer counts on it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A component's wait for a disk.
#[derive(Debug)]
pub(crate) struct Stall {
    pub(crate) disk: Disk,
    pub(crate) since: Instant,
    /// How long it waits before the next attempt.
    wait: Duration,
}

impl Stall {
    pub(crate) fn begin(disk: Disk, now: Instant) -> Self {
        Self { disk, since: now, wait: RETRY_FIRST }
    }

    /// Returns how long to wait before the next attempt: twice as long each time.
    pub(crate) fn next_wait(&mut self) -> Duration {
        let wait = self.wait;
        self.wait = (wait * 2).min(RETRY_MAX);
        wait
    }

    /// Returns whether it has lasted for so long that callers should not wait for its end.
    pub(crate) fn is_long(&self) -> bool {
        self.since.elapsed() >= PATIENCE
    }
}
