//! Logs the progress of a copy: a line every ten seconds.

use livewell_source::source::Report;
use std::time::{Duration, Instant};

/// How often the progress of a copy is logged.
const EVERY: Duration = Duration::from_secs(10);

/// When the progress of the copy was last logged, or when it began.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<Instant>);

impl Progress {
    /// Logs the progress of a source's copy, if that is due.
    pub(crate) fn log(&mut self, source: &str, report: &Report) {
        let Some(copy) = report.copy.as_ref().filter(|_| self.is_due(report, Instant::now())) else { return };
        let rows_per_second = copy.rate.round() as u64;
        let tables = copy.tables.join(", ");
        tracing::info!(
            source,
            tables,
            rows = copy.rows,
            rows_expected = copy.rows_expected,
            rows_per_second,
            "copying"
        );
    }

    fn is_due(&mut self, report: &Report, now: Instant) -> bool {
        if report.copy.is_none() {
            self.0 = None;
            return false;
        }
        let is_due = now.duration_since(*self.0.get_or_insert(now)) >= EVERY;
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_source::source::CopyReport;

    #[test]
    fn a_copy_says_how_far_it_is_every_ten_seconds_and_a_short_one_never() {
        let copying = Report { copy: Some(CopyReport::default()), ..Report::default() };
        let (mut progress, began) = (Progress::default(), Instant::now());
        let mut due_at =
            |report: &Report, seconds| progress.is_due(report, began + Duration::from_secs(seconds));
        let said: Vec<u64> = (0..35).filter(|seconds| due_at(&copying, *seconds)).collect();
        assert_eq!(said, [10, 20, 30]);
        assert!(!due_at(&Report::default(), 39));
        assert!(!due_at(&copying, 41), "the next copy has just begun");
        assert!(due_at(&copying, 51));
    }
}
