//! What a component tells its observer about batches of work.

use super::Component;
use super::measures::{Cause, Outcome};
use crate::observe::Work;
use livewell_store::Resume;
use std::time::Instant;

impl Component {
    /// Tells the observer of a batch of a source, which nobody can have read.
    pub(crate) fn takes_in(&self, entries: u64, began: Instant, position: u64) {
        if entries > 0 {
            self.observer.takes_in(self.observed(), began, position);
        }
    }

    /// Tells the observer of a batch of work, which is durable.
    pub(crate) fn worked(&self, work: &Work) {
        if work.entries > 0 {
            self.observer.worked(self.observed(), work);
        }
    }

    /// Tells the observer that it cannot simply continue to read what it follows, and what it does.
    pub(crate) fn recovers(&self, resume: &Resume, outcome: Outcome) {
        if let Some(cause) = Cause::of(resume) {
            self.observer.recovered(self.observed(), cause, outcome);
        }
    }
}
