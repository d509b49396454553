//! The pace of a source: a limit on changes a second.

use crate::component::Component;
use crate::component::shared::Shared;
use std::time::{Duration, Instant};

/// Keeps to a number of changes a second.
pub(super) struct Pace {
    rate: Option<f64>,
    began: Instant,
    changes: f64,
}

impl Pace {
    pub(super) fn new(rate: Option<f64>) -> Self {
        Self { rate, began: Instant::now(), changes: 0.0 }
    }

    /// Returns small batch sizes if there is a pace, so that it is even.
    pub(super) fn transactions_max(&self, most: usize) -> usize {
        self.rate.map_or(most, |rate| ((rate / 20.0) as usize).clamp(1, most))
    }

    pub(super) fn keep(&mut self, changes: usize, shared: &Shared, component: &Component) {
        let Some(rate) = self.rate else { return };
        self.changes += changes as f64;
        let due = Duration::try_from_secs_f64(self.changes / rate).unwrap_or(Duration::MAX);
        while let Some(wait) = due.checked_sub(self.began.elapsed())
            && !shared.is_stopping(component)
            && !wait.is_zero()
        {
            component.bell.wait(wait.min(Duration::from_millis(200)));
        }
    }
}
