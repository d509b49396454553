//! Measures of work while it is done: durations counted in buckets, by two atomic additions each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets but the last, which has none. From a write into memory to a disk that hangs.
const BOUNDS: [Duration; 18] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Durations, counted in buckets as they come, by any number of threads.
#[derive(Debug, Default)]
pub struct Durations {
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Durations {
    /// Counts a duration.
    pub fn record(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < duration);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Returns what was counted so far.
    pub fn histogram(&self) -> Histogram {
        let seconds = self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9;
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        Histogram { seconds, buckets: bounds.zip(counts).collect() }
    }
}

/// How many durations were in each bucket at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The sum of all durations, in seconds.
    pub seconds: f64,
    /// The upper bound of each bucket in seconds, with how many durations were in it and in none before it. The last
    /// bound is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    /// Returns how many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

/// The commits of a group since it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Commits {
    /// How long the successful ones took, each of many write sets.
    pub durations: Histogram,
    /// How many write sets were part of them.
    pub sets: u64,
    /// How many bytes of keys and values they wrote.
    pub bytes: u64,
    /// How many commits the store has refused as a whole.
    pub failures: u64,
}

/// How much room a store takes, and what holds it. What a backend cannot know is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// How many bytes the entries take.
    pub data_bytes: Option<u64>,
    /// How many bytes of the file are in use, with those that were freed and will be used again.
    pub file_bytes: Option<u64>,
    /// The size in bytes at which the store is full, whatever the disk has.
    pub limit_bytes: Option<u64>,
    /// How many bytes of the disk are available to the store.
    pub available_bytes: Option<u64>,
    /// The size in bytes of that disk.
    pub disk_bytes: Option<u64>,
    /// How many snapshots are open.
    pub snapshots: Option<u64>,
    /// The age of the oldest open snapshot; what was deleted since it was taken still takes room.
    pub oldest_snapshot: Option<Duration>,
    /// How long writing a commit to the file and flushing it took.
    pub flushes: Option<Histogram>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let durations = Durations::default();
        for micros in [0, 100, 101, 250, 60_000_000, 60_000_001] {
            durations.record(Duration::from_micros(micros));
        }
        durations.record(Duration::MAX);
        let histogram = durations.histogram();
        let filled: Vec<(f64, u64)> =
            histogram.buckets.iter().copied().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.0001, 2), (0.00025, 2), (60.0, 1), (f64::INFINITY, 2)]);
        assert_eq!(histogram.count(), 7);
    }

    #[test]
    fn the_sum_is_in_seconds() {
        let durations = Durations::default();
        durations.record(Duration::from_millis(1_500));
        durations.record(Duration::from_millis(500));
        assert_eq!(durations.histogram().seconds, 2.0);
    }
}
