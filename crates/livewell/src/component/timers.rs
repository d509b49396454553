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
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

/// When the first timer of each query is due.
#[derive(Debug, Default)]
pub(crate) struct Timers(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    /// By the query's number.
    timers: HashMap<u32, Timer>,
    /// The timers of the queries that follow a feed, by the feed's number.
    by_feed: HashMap<u32, Due>,
}

/// A query's first timer.
#[derive(Debug, Clone, Default)]
struct Timer {
    due: Timestamp,
    /// How the query's time, by which the timer is due, relates to the clock's.
    drift: Drift,
    /// The feeds that the query follows.
    follows: Vec<u32>,
}

/// The timers of the queries that follow one feed.
#[derive(Debug, Default)]
struct Due {
    /// When each is due, with the query's number.
    order: BTreeSet<(Timestamp, u32)>,
    /// The queries whose time is not the clock's, since that was behind it.
    ahead: BTreeSet<u32>,
    /// No query's time is newer; it may be that of an earlier timer.
    newest: Timestamp,
    /// Since when times were the newest, as the source knows them. A timer that is not looked at now may be once the
    /// source has logged another time.
    known: BTreeMap<Timestamp, Duration>,
}

impl Due {
    /// Notes since when a time has been the newest that the source has logged. `timers`: those of all feeds.
    fn know(&mut self, logged: &Drift, timers: &HashMap<u32, Timer>) {
        let since = self.known.entry(logged.newest()).or_insert(logged.since());
        *since = logged.since().min(*since);
        if self.known.len() > 2 * self.order.len() + 16 {
            let used = self.order.iter().filter_map(|(_, query)| timers.get(query));
            let used: BTreeSet<Timestamp> = used.map(|timer| timer.drift.newest()).collect();
            self.known.retain(|newest, _| used.contains(newest) || *newest == logged.newest());
        }
    }
}

impl Timers {
    /// Records when the first timer of a query is due, with the query's own time. Returns whether that is new.
    pub(crate) fn set(
        &self,
        query: u32,
        follows: &[u32],
        first: Option<(Timestamp, Timestamp)>,
        clock: &dyn Clock,
    ) -> bool {
        let mut pending = lock(&self.0);
        let before = pending.take(query);
        let Some((due, newest)) = first else {
            pending.drop_empty(follows);
            return false;
        };
        let is_new = before.as_ref().is_none_or(|before| before.due != due);
        let mut drift = before.unwrap_or_default().drift;
        drift.see(newest, clock);
        pending.put(query, Timer { due, drift, follows: follows.to_vec() });
        is_new
    }

    /// Returns the first timer of the queries that follow `feed`, as `(due, now)`: when it is due, and the present time
    /// on the same clock. `logged` is how the time of the feed relates to the clock's.
    pub(crate) fn first(
        &self,
        feed: u32,
        logged: Drift,
        clock: &dyn Clock,
    ) -> Option<(Timestamp, Timestamp)> {
        let pending = &mut *lock(&self.0);
        let due_here = pending.by_feed.get_mut(&feed)?;
        due_here.know(&logged, &pending.timers);
        // The time of most queries is that of the clock: of them the one whose timer is due first comes first.
        let looked_at: Vec<u32> = if due_here.newest > clock.now() {
            due_here.order.iter().map(|(_, query)| *query).collect()
        } else {
            let first = due_here.order.first().map(|(_, query)| query);
            first.into_iter().chain(&due_here.ahead).copied().collect()
        };
        let left = |(due, now): (Timestamp, Timestamp)| due.0.saturating_sub(now.0);
        let mut first = None;
        for query in looked_at {
            let Some(timer) = pending.timers.get_mut(&query) else { continue };
            // The source knows since when that is the newest time; the query only knows when it got there.
            if let Some(since) = due_here.known.get(&timer.drift.newest()) {
                timer.drift.adopt(*since);
            }
            let found = (timer.due, timer.drift.now(clock));
            if first.is_none_or(|first| left(found) < left(first)) {
                first = Some(found);
            }
            if timer.drift.was_behind() {
                due_here.ahead.insert(query);
            }
        }
        first
    }
}

impl Pending {
    fn put(&mut self, query: u32, timer: Timer) {
        for feed in &timer.follows {
            let due = self.by_feed.entry(*feed).or_default();
            due.order.insert((timer.due, query));
            due.newest = due.newest.max(timer.drift.newest());
            if timer.drift.was_behind() {
                due.ahead.insert(query);
            }
        }
        self.timers.insert(query, timer);
    }

    fn take(&mut self, query: u32) -> Option<Timer> {
        let timer = self.timers.remove(&query)?;
        for feed in &timer.follows {
            if let Some(due) = self.by_feed.get_mut(feed) {
                due.order.remove(&(timer.due, query));
                due.ahead.remove(&query);
            }
        }
        Some(timer)
    }

    /// Drops what is kept of feeds that no timer is of any more.
    fn drop_empty(&mut self, feeds: &[u32]) {
        for feed in feeds {
            if self.by_feed.get(feed).is_some_and(|due| due.order.is_empty()) {
                self.by_feed.remove(feed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that is set and that elapses by hand.
    #[derive(Default)]
    struct Hand {
        now: Mutex<i64>,
        elapsed: Mutex<u64>,
    }

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp(*lock(&self.now))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_nanos(*lock(&self.elapsed))
        }
    }

    /// What a walk over all timers of the feed finds.
    fn by_walking(
        timers: &mut [(u32, Timestamp, Drift)],
        known: &mut HashMap<Timestamp, Duration>,
        logged: Drift,
        clock: &Hand,
    ) -> Option<i64> {
        if timers.is_empty() {
            known.clear();
            return None;
        }
        let since = known.entry(logged.newest()).or_insert(logged.since());
        *since = logged.since().min(*since);
        let left = |(_, due, drift): &mut (u32, Timestamp, Drift)| {
            if let Some(since) = known.get(&drift.newest()) {
                drift.adopt(*since);
            }
            due.0.saturating_sub(drift.now(clock).0)
        };
        timers.iter_mut().map(left).min()
    }

    proptest::proptest! {
        #[test]
        fn the_first_timer_is_the_one_that_a_walk_over_all_finds_also_while_the_clock_is_behind(
            steps in proptest::collection::vec((0u8..5, 0u32..6, 0i64..100), 1..80)
        ) {
            let (timers, clock, mut logged) = (Timers::default(), Hand::default(), Drift::default());
            let mut walked: Vec<(u32, Timestamp, Drift)> = Vec::new();
            let mut known = HashMap::new();
            for (what, query, amount) in steps {
                match what {
                    0 => *lock(&clock.now) = amount,
                    1 => *lock(&clock.elapsed) += u64::try_from(amount).unwrap() / 4,
                    2 => {
                        timers.set(query, &[7, 8], None, &clock);
                        walked.retain(|(of, ..)| *of != query);
                    }
                    // So few that none is forgotten.
                    3 => logged.see(Timestamp(amount % 12 * 8), &clock),
                    _ => {
                        let (due, newest) = (Timestamp(amount), Timestamp(amount * 7 % 100 / 4 * 4));
                        timers.set(query, &[7, 8], Some((due, newest)), &clock);
                        let before = walked.iter().position(|(of, ..)| *of == query);
                        let mut drift = before.map_or_else(Drift::default, |at| walked.remove(at).2);
                        drift.see(newest, &clock);
                        walked.push((query, due, drift));
                    }
                }
                let found = timers.first(7, logged, &clock).map(|(due, now)| due.0.saturating_sub(now.0));
                proptest::prop_assert_eq!(found, by_walking(&mut walked, &mut known, logged, &clock));
            }
        }
    }
}
