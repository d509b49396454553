//! The watcher: wakes tasks whose deadlines have passed, and has another worker work where a turn takes long.

use super::pool::Workers;
use super::queue::Queue;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long a turn may take before another worker works in its place.
const LONG: Duration = Duration::from_millis(20);

impl Workers {
    pub(super) fn watch(self: &Arc<Self>) {
        let mut queue = self.lock();
        while !queue.is_over() {
            let now = Instant::now();
            while let Some(cell) = queue.deadlines.passed(now) {
                if cell.ring() {
                    self.push(&mut queue, cell);
                }
            }
            if std::mem::take(&mut queue.is_watched) {
                queue.set_long_aside(now);
                // Watched again if that does not help.
                self.call_another(&mut queue);
            }
            let look = queue.is_watched.then(|| now + LONG);
            queue.next_look = queue.deadlines.first().into_iter().chain(look).min();
            queue = match queue.next_look {
                None => self.watch.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let time = at.saturating_duration_since(now);
                    self.watch.wait_timeout(queue, time).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Queue {
    /// No longer counts the workers whose turns take long.
    fn set_long_aside(&mut self, now: Instant) {
        let before = self.turns.len();
        self.turns.retain(|_, since| now.saturating_duration_since(*since) < LONG);
        self.computing -= before - self.turns.len();
    }
}
