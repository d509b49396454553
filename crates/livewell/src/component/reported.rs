//! What a source has last reported of its progress outside, and how fast it comes on there.

use super::rate::Rate;
use livewell_source::source::Report;
use std::time::Instant;

/// The last report of a source.
#[derive(Debug, Default)]
pub(super) struct Reported {
    report: Option<Report>,
    /// The bytes that were read since the first report that told.
    bytes: Option<Rate>,
}

impl Reported {
    /// Returns the report.
    pub(super) fn last(&self) -> Option<Report> {
        self.report.clone()
    }

    /// Replaces the report by a newer one.
    pub(super) fn replace(&mut self, report: Report) {
        let read = |report: &Report| Some(report.total_bytes?.saturating_sub(report.behind_bytes?));
        let now = Instant::now();
        if let Some(done) = read(&report) {
            let before = self.report.as_ref().and_then(read).unwrap_or(done);
            self.bytes.get_or_insert_with(|| Rate::new(now)).add(done.saturating_sub(before), now);
        }
        self.report = Some(report);
    }

    /// Returns how many bytes it reads in a second, over the last minute; `None` if it has never told.
    pub(super) fn bytes_per_second(&mut self) -> Option<f64> {
        self.bytes.as_mut().map(|bytes| bytes.per_second(Instant::now()))
    }
}
