//! How far a source is outside, as it reports itself.

use super::Component;
use super::lock::lock;
use livewell_source::source::Report;

impl Component {
    /// Returns the progress of a source outside, as it reports itself.
    pub(crate) fn report(&self) -> Option<Report> {
        lock(&self.report).last()
    }

    pub(crate) fn set_report(&self, report: Report) {
        lock(&self.report).replace(report);
    }

    /// Returns how many bytes of files a source reads in a second, over the last minute; `None` for other sources.
    pub(crate) fn bytes_per_second(&self) -> Option<f64> {
        lock(&self.report).bytes_per_second()
    }
}
