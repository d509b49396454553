//! Timers: when the queries' functions of time will change by the clock alone, and the ticks that let them.
//!
//! A query's timers lie in its state and fire with the time of what it takes in. While nothing comes, a source whose
//! clock is the wall's logs a tick, a transaction without changes, once a timer of one of its queries is due. So time
//! is in the log like everything else, and a replay sees what was seen.

use crate::Error;
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
pub(crate) struct Timers(Mutex<BTreeMap<u32, Timestamp>>);

impl Timers {
    /// Says when the first timer of a query is due, and tells the sources it follows.
    pub(crate) fn set(&self, shared: &Shared, query: &Component, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => lock(&self.0).insert(query.number, due),
            None => lock(&self.0).remove(&query.number),
        };
        if due.is_some() && due != before {
            let components = shared.components();
            let followed = components.values().filter(|other| query.follows.contains(&other.number));
            followed.for_each(|source| source.bell.ring());
        }
    }

    /// When the first timer of the queries that follow a feed is due.
    fn first(&self, shared: &Shared, feed: u32) -> Option<Timestamp> {
        let followers = shared.followers(feed);
        let timers = lock(&self.0);
        followers.iter().filter_map(|query| timers.get(&query.number).copied()).min()
    }
}

/// Logs a tick where a timer is due by the wall's clock. Gives how long the source may rest.
pub(crate) fn tick(shared: &Shared, source: &Component) -> Result<Duration, Error> {
    let Some(due) = shared.timers.first(shared, source.number) else { return Ok(LOOK) };
    let now = shared.clock.now();
    if due > now {
        let nanos = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
        return Ok(LOOK.min(Duration::from_nanos(nanos)));
    }
    let snapshot = shared.store.snapshot()?;
    let logged = Head::read(&*snapshot, source.number)?.unwrap_or_default().timestamp;
    if logged < due {
        let mut intake = Intake::begin(shared, source)?;
        if !intake.is_full() {
            intake.tick(now);
        }
        intake.commit()?;
    }
    Ok(LOOK)
}
