//! Measuring: how long things take, and the median of several runs.

use anyhow::Context;
use std::time::{Duration, Instant};

/// The times of many equal operations.
#[derive(Debug, Default)]
pub struct Times {
    nanos: Vec<u64>,
    total: Duration,
}

impl Times {
    /// Adds one operation's time.
    pub fn add(&mut self, time: Duration) {
        self.nanos.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.total += time;
    }

    /// Returns the number of operations.
    pub fn count(&self) -> usize {
        self.nanos.len()
    }

    /// Returns the number of operations per second.
    pub fn rate(&self) -> f64 {
        self.nanos.len() as f64 / self.total.as_secs_f64()
    }

    /// Returns the time within which this share of the operations ended, in microseconds.
    pub fn percentile_us(&mut self, share: f64) -> f64 {
        self.nanos.sort_unstable();
        let at = (self.nanos.len() as f64 * share) as usize;
        self.nanos.get(at.min(self.nanos.len().saturating_sub(1))).map_or(0.0, |nanos| *nanos as f64 / 1e3)
    }
}

/// Returns how long `work` takes.
///
/// # Errors
/// Returns the errors of `work`.
pub fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration)> {
    let began = Instant::now();
    let value = work()?;
    Ok((value, began.elapsed()))
}

/// Returns the median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Returns this process's anonymous resident memory.
///
/// # Errors
/// Returns an error if the system does not say it.
pub fn anonymous_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.context("the system does not say it")?.parse::<f64>()? / 1024.0)
}

/// Returns the processor time that this process has taken until now, its user's and the system's, in hundredths of a
/// second.
///
/// # Errors
/// Returns an error if the system does not say it.
pub fn processor_time() -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name before them may contain blanks and parentheses.
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| -> anyhow::Result<u64> {
        Ok(after_name.split_whitespace().nth(at).context("the system does not say it")?.parse()?)
    };
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}
