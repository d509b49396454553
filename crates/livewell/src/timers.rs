//! Timers: when the queries' functions of time will change by the clock alone, and the ticks that let them.
//!
//! A query's timers lie in its state and fire with the time of what it takes in. While nothing comes, a source whose
//! clock is the wall's logs a tick, a transaction without changes, once a timer of one of its queries is due. So time
//! is in the log like everything else, and a replay sees what was seen. A clock that was set back does not hold timers up
//! ([`Drift`]).

use crate::Error;
use crate::drift::Drift;
use crate::intake::Intake;
use crate::shared::{Component, Shared, lock};
use livewell_model::Timestamp;
use livewell_store::Head;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// How long a source waits at most before it looks again.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// When the first timer of each query is due, by the query's number.
#[derive(Debug, Default)]
pub(crate) struct Timers(Mutex<BTreeMap<u32, Timer>>);

/// A query's first timer.
#[derive(Debug, Clone, Copy, Default)]
struct Timer {
    due: Timestamp,
    /// How the query's time, by which the timer is due, is related to the clock's.
    drift: Drift,
}

impl Timers {
    /// Says when the first timer of a query is due, with the query's own time, and tells the sources it follows.
    pub(crate) fn set(&self, shared: &Shared, query: &Component, first: Option<(Timestamp, Timestamp)>) {
        let Some((due, newest)) = first else {
            lock(&self.0).remove(&query.number);
            return;
        };
        let mut timers = lock(&self.0);
        let is_new = timers.get(&query.number).is_none_or(|timer| timer.due != due);
        let timer = timers.entry(query.number).or_default();
        timer.due = due;
        timer.drift.see(newest, &*shared.clock);
        drop(timers);
        if is_new {
            let components = shared.components();
            let followed = components.values().filter(|other| query.follows.contains(&other.number));
            followed.for_each(|source| source.bell.ring());
        }
    }

    /// The first timer of the queries that follow a source, as `(due, now)`: what time it is by the same reckoning.
    fn first(&self, shared: &Shared, source: &Component) -> Option<(Timestamp, Timestamp)> {
        let (followers, logged) = (shared.followers(source.number), source.drift());
        let mut timers = lock(&self.0);
        let mut first = None;
        for query in &followers {
            if let Some(timer) = timers.get_mut(&query.number) {
                // The source knows since when that is the newest time; the query only when it got there.
                timer.drift.adopt(&logged);
                let found = (timer.due, timer.drift.now(&*shared.clock));
                let left = |(due, now): (Timestamp, Timestamp)| due.0.saturating_sub(now.0);
                first =
                    Some(first.map_or(found, |first| if left(found) < left(first) { found } else { first }));
            }
        }
        first
    }
}

/// Logs a tick where a timer is due. Returns how long the source may rest.
pub(crate) fn tick(shared: &Shared, source: &Component) -> Result<Duration, Error> {
    let Some((due, now)) = shared.timers.first(shared, source) else { return Ok(LOOK) };
    if due > now {
        let nanos = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
        return Ok(LOOK.min(Duration::from_nanos(nanos)));
    }
    let snapshot = shared.store.snapshot()?;
    let logged = Head::read(&*snapshot, source.number)?.unwrap_or_default().timestamp;
    if logged < due {
        source.time_ahead(logged, &*shared.clock);
        let mut intake = Intake::begin(shared, source)?;
        if !intake.is_full() {
            intake.tick(now);
        }
        intake.commit()?;
    }
    Ok(LOOK)
}
