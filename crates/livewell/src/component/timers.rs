//! Timers: when the queries' functions of time change by the clock alone, and the ticks that make them change.
//!
//! A query's timers are in its state and fire with the time of what it takes in. While nothing comes, a source that
//! follows the wall clock logs a tick, a transaction without changes, once a timer of one of its queries is due. So
//! time is in the log like everything else, and a replay sees the same. A clock that was set back does not delay timers
//! ([`Drift`]).

use super::drift::Drift;
use super::lock::lock;
use crate::clock::Clock;
use livewell_model::Timestamp;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// When the first timer of each query is due, by the query's number.
#[derive(Debug, Default)]
pub(crate) struct Timers(Mutex<BTreeMap<u32, Timer>>);

/// A query's first timer.
#[derive(Debug, Clone, Copy, Default)]
struct Timer {
    due: Timestamp,
    /// How the query's time, by which the timer is due, relates to the clock's.
    drift: Drift,
}

impl Timers {
    /// Records when the first timer of a query is due, with the query's own time. Returns whether that is new.
    pub(crate) fn set(&self, query: u32, first: Option<(Timestamp, Timestamp)>, clock: &dyn Clock) -> bool {
        let mut timers = lock(&self.0);
        let Some((due, newest)) = first else {
            timers.remove(&query);
            return false;
        };
        let is_new = timers.get(&query).is_none_or(|timer| timer.due != due);
        let timer = timers.entry(query).or_default();
        timer.due = due;
        timer.drift.see(newest, clock);
        is_new
    }

    /// Returns the first timer of these queries, as `(due, now)`: when it is due, and the present time on the same
    /// clock. `logged` is how the time of the source that they follow relates to the clock's.
    pub(crate) fn first(
        &self,
        queries: &[u32],
        logged: Drift,
        clock: &dyn Clock,
    ) -> Option<(Timestamp, Timestamp)> {
        let mut timers = lock(&self.0);
        let mut first = None;
        for query in queries {
            if let Some(timer) = timers.get_mut(query) {
                // The source knows since when that is the newest time; the query only knows when it got there.
                timer.drift.adopt(&logged);
                let found = (timer.due, timer.drift.now(clock));
                let left = |(due, now): (Timestamp, Timestamp)| due.0.saturating_sub(now.0);
                first =
                    Some(first.map_or(found, |first| if left(found) < left(first) { found } else { first }));
            }
        }
        first
    }
}
