//! Measuring: how long things take, and what the middle of several runs is.

use std::time::{Duration, Instant};

/// The times of many equal operations.
#[derive(Debug, Default)]
pub struct Times {
    nanos: Vec<u64>,
    total: Duration,
}

impl Times {
    /// Takes one operation's time.
    pub fn add(&mut self, time: Duration) {
        self.nanos.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.total += time;
    }

    /// How many operations.
    pub fn count(&self) -> usize {
        self.nanos.len()
    }

    /// How many operations a second.
    pub fn rate(&self) -> f64 {
        self.nanos.len() as f64 / self.total.as_secs_f64()
    }

    /// The time that this share of the operations stays under, in microseconds.
    pub fn percentile_us(&mut self, share: f64) -> f64 {
        self.nanos.sort_unstable();
        let at = (self.nanos.len() as f64 * share) as usize;
        self.nanos.get(at.min(self.nanos.len().saturating_sub(1))).map_or(0.0, |nanos| *nanos as f64 / 1e3)
    }
}

/// How long `work` takes.
///
/// # Errors
/// As `work`.
pub fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let began = Instant::now();
    let value = work()?;
    Ok((value, began.elapsed()))
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
