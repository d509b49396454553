//! What other components see of a component: its state, its bell and its errors; and what all components of a running
//! Livewell share.

pub(crate) mod arrivals;
pub(crate) mod bell;
mod building;
pub(crate) mod built;
pub(crate) mod damages;
pub(crate) mod definition;
pub(crate) mod drift;
pub(crate) mod holds;
pub(crate) mod lately;
pub(crate) mod leftovers;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod look;
pub(crate) mod marks;
pub(crate) mod measures;
mod observing;
pub(crate) mod order;
pub(crate) mod parking;
mod rate;
mod reported;
mod reporting;
mod resetting;
pub(crate) mod roster;
pub(crate) mod set_aside;
pub(crate) mod shared;
pub(crate) mod stall;
pub(crate) mod state;
pub(crate) mod tally;
pub(crate) mod timers;
pub(crate) mod unknown;
pub(crate) mod view;

use crate::Error;
use crate::clock::Clock;
use crate::error::Disk;
use crate::observe::{Nobody, Observed, Observer};
use bell::Bell;
use drift::SourceDrift;
use lately::Lately;
use livewell_model::Timestamp;
use livewell_query::plan::Passed;
use livewell_reaction::attempts::Attempts;
use livewell_source::expire::Expire;
use livewell_source::unwind::Unwind;
use livewell_store::Durations;
use lock::lock;
use log::log;
use look::LastLook;
use parking::Parking;
use reported::Reported;
use set_aside::{Order, Orders};
use stall::Stall;
use state::{ComponentKind, State};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};
use tally::Tally;
use view::View;

/// The bounds of a feed's log, beyond which it waits or evicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogMax {
    /// The largest number of entries; 0 without a log.
    pub(crate) entries: u64,
    /// The largest number of bytes; 0 without a log.
    pub(crate) bytes: u64,
}

impl LogMax {
    /// Returns which share of the bounds so much of a log takes, from 0 to 1, the larger of both; `None` without a log.
    pub(crate) fn share(self, entries: u64, bytes: u64) -> Option<f64> {
        let share = |taken: u64, max: u64| (taken as f64 / max as f64).min(1.0);
        let is_log = self.entries > 0 && self.bytes > 0;
        is_log.then(|| share(entries, self.entries).max(share(bytes, self.bytes)))
    }
}

/// One source, query or reaction, as the others see it.
pub(crate) struct Component {
    pub(crate) id: String,
    pub(crate) number: u32,
    pub(crate) kind: ComponentKind,
    /// The feeds it follows.
    pub(crate) follows: Vec<u32>,
    /// For a query that is changed: the feeds that its former definition still has to read.
    pub(crate) former: Vec<u32>,
    /// For a source: the lists whose items become nodes of their own.
    pub(crate) unwind: Vec<Unwind>,
    /// For a source: how long elements that do not change are kept; `None` if for ever.
    pub(crate) expire: Option<Expire>,
    /// For a source: how much input it may set aside.
    pub(crate) parking: Parking,
    /// The observer that is told what it does.
    pub(crate) observer: Arc<dyn Observer>,
    /// Rung when there may be something to do for it.
    pub(crate) bell: Arc<Bell>,
    /// Set when it alone is to stop.
    pub(crate) stopping: AtomicBool,
    /// Set when its state is to be rebuilt.
    pub(crate) reset: AtomicBool,
    /// For a source whose tables can be copied one by one: the tables to copy, if not all.
    reset_tables: Mutex<Vec<String>>,
    /// The progress of a source outside, as it reports itself.
    report: Mutex<Reported>,
    /// How many comparisons wait for the position of a source.
    pub(crate) watchers: AtomicU64,
    /// Orders about what it has set aside.
    orders: Mutex<Vec<Order>>,
    /// How many changes had no effect: deletes of unknown ids, repeated inserts.
    pub(crate) without_effect: AtomicU64,
    /// How many elements have expired.
    pub(crate) expired: AtomicU64,
    /// How often it has failed.
    pub(crate) failures: AtomicU64,
    /// How often it has tried again by itself, after a failure of something outside it.
    pub(crate) retries: AtomicU64,
    /// For a feed: the bounds of its log.
    pub(crate) log_max: LogMax,
    /// For a reaction: from when a transaction came to when its effect was there.
    pub(crate) effects: Option<Durations>,
    /// For a reaction: its last attempts, also those before it was stopped and started again.
    pub(crate) attempts: Arc<Attempts>,
    /// Set once its thread has ended.
    pub(crate) ended: AtomicBool,
    /// For a feed: how far its followers had read at the last look.
    pub(crate) last_look: LastLook,
    /// For a source: its latest transactions.
    pub(crate) lately: Lately,
    /// For a query that runs: how many rows its operators have put out.
    pub(crate) passed: OnceLock<Passed>,
    /// For a source: how its time relates to the clock's.
    drift: Mutex<SourceDrift>,
    view: Mutex<View>,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Component {
    pub(crate) fn new(id: &str, number: u32, kind: ComponentKind, follows: Vec<u32>) -> Self {
        Self {
            id: id.to_owned(),
            number,
            kind,
            follows,
            former: Vec::new(),
            unwind: Vec::new(),
            expire: None,
            parking: Parking::default(),
            observer: Arc::new(Nobody),
            bell: Arc::default(),
            stopping: AtomicBool::new(false),
            reset: AtomicBool::new(false),
            reset_tables: Mutex::default(),
            report: Mutex::default(),
            watchers: AtomicU64::new(0),
            orders: Mutex::default(),
            without_effect: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            log_max: LogMax::default(),
            effects: (kind == ComponentKind::Reaction).then(Durations::default),
            attempts: Arc::default(),
            ended: AtomicBool::new(false),
            last_look: LastLook::default(),
            lately: Lately::default(),
            passed: OnceLock::new(),
            drift: Mutex::default(),
            view: Mutex::new(View::new()),
        }
    }

    /// Changes what the component shows, and tells the observer if its state changes.
    fn show<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let (before, after, done) = {
            let mut view = lock(&self.view);
            let before = view.counted(self.kind);
            let done = change(&mut view);
            let after = view.counted(self.kind);
            if let Some(tally) = view.tally.as_ref().filter(|_| before != after) {
                tally.leave(before);
                tally.enter(after);
            }
            (before.state, after.state, done)
        };
        if before != after {
            self.observer.shows(self.observed(), after);
        }
        done
    }

    /// Counts it in a tally from now on, or in none.
    pub(crate) fn count_in(&self, tally: Option<&Arc<Tally>>) {
        let mut view = lock(&self.view);
        let counted = view.counted(self.kind);
        if let Some(before) = std::mem::replace(&mut view.tally, tally.cloned()) {
            before.leave(counted);
        }
        if let Some(tally) = tally {
            tally.enter(counted);
        }
    }

    fn observed(&self) -> Observed<'_> {
        Observed { id: &self.id, kind: self.kind }
    }

    pub(crate) fn state(&self) -> State {
        lock(&self.view).state
    }

    /// Returns why it waits for the world outside or is in error, and since when.
    pub(crate) fn error(&self) -> Option<(String, Timestamp)> {
        lock(&self.view).error.clone()
    }

    pub(crate) fn set(&self, state: State) {
        self.show(|view| view.set(state));
    }

    /// Shows that it waits for the outside world, and why, until the next [`Component::set`].
    pub(crate) fn held_up(&self, error: &Error) {
        log!(warn, self, code = error.code, "{error}");
        self.show_held_up(error);
    }

    /// Like [`Component::held_up`], without a line in the log.
    pub(crate) fn show_held_up(&self, error: &Error) {
        self.show(|view| {
            if view.state != State::Error {
                view.state = State::Waiting;
            }
            view.show_error(error);
        });
        self.observer.failed(self.observed(), error);
    }

    pub(crate) fn fail(&self, error: &Error) {
        log!(error, self, code = error.code, "{error}");
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.show(|view| view.fail(error));
        self.observer.failed(self.observed(), error);
    }

    /// Shows that it was stopped, even if it had failed before.
    pub(crate) fn show_stopped(&self) {
        self.show(|view| {
            view.state = State::Stopped;
            view.error = None;
            view.stall = None;
            view.blocked_by = None;
        });
    }

    /// Records that it cannot begin before another component, which is in error, until [`Component::recovered`].
    pub(crate) fn blocked_by(&self, other: &str) {
        if self.state() == State::Error {
            return;
        }
        let error = Error::waits_for(&self.id, other);
        log!(error, self, code = error.code, "{error}");
        self.show(|view| {
            view.fail(&error);
            view.blocked_by = Some(other.to_owned());
        });
    }

    /// Returns the id of the component in error that it waits for before it can begin.
    pub(crate) fn is_blocked_by(&self) -> Option<String> {
        lock(&self.view).blocked_by.clone()
    }

    /// Clears an error that has passed by itself.
    pub(crate) fn recovered(&self) {
        if self.state() == State::Error {
            self.set(State::Starting);
        }
    }

    /// Queues an order for its thread about what it has set aside.
    pub(crate) fn order(&self, order: Order) {
        lock(&self.orders).push(order);
        self.bell.ring();
    }

    /// Returns the orders that were not carried out yet.
    pub(crate) fn orders(&self) -> Orders {
        lock(&self.orders).as_slice().into()
    }

    /// Returns whether there is an order that was not carried out yet.
    pub(crate) fn is_ordered(&self) -> bool {
        !lock(&self.orders).is_empty()
    }

    /// Carries out the orders one after the other, as long as `carry_out` returns true. An order that fails stays.
    pub(crate) fn carry_out(
        &self,
        mut carry_out: impl FnMut(&Order) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        loop {
            let first = lock(&self.orders).first().cloned();
            let Some(order) = first else { return Ok(()) };
            if !carry_out(&order)? {
                return Ok(());
            }
            lock(&self.orders).remove(0);
        }
    }

    /// Records progress: a commit with this many entries is durable.
    pub(crate) fn progressed(&self, entries: u64) {
        let stalled = self.show(|view| {
            view.advance(entries);
            view.resume()
        });
        if let Some(waited) = stalled {
            log!(info, self, waited_seconds = waited.as_secs_f64(), "the disk takes writes again; resumed");
        }
        self.observer.committed(self.observed(), entries);
    }

    /// Returns how many entries it has committed since the start, and how many in a second over the last minute.
    pub(crate) fn committed(&self) -> (u64, f64) {
        lock(&self.view).committed()
    }

    /// Returns since when it has made no progress, or has been in error.
    pub(crate) fn last_progress(&self) -> Instant {
        lock(&self.view).progress
    }

    /// Shows that it waits for a disk, and why; returns how long to wait before the next attempt.
    pub(crate) fn stall(&self, disk: Disk, error: &Error) -> Duration {
        self.retries.fetch_add(1, Ordering::Relaxed);
        let (wait, is_news) = self.show(|view| view.stall(disk, error));
        if is_news {
            log!(warn, self, code = error.code, "{error}; waiting, and trying again");
            self.observer.failed(self.observed(), error);
        }
        wait
    }

    /// Returns whether it waits for a disk.
    pub(crate) fn is_stalled(&self) -> bool {
        lock(&self.view).stall.is_some()
    }

    /// Returns whether it waits for the disk of the store.
    pub(crate) fn is_stalled_by_store(&self) -> bool {
        lock(&self.view).stall.as_ref().is_some_and(|stall| stall.disk == Disk::Store)
    }

    /// Returns whether it has waited for a disk for so long that callers should not wait for it.
    pub(crate) fn is_stalled_for_long(&self) -> bool {
        lock(&self.view).stall.as_ref().is_some_and(Stall::is_long)
    }

    /// Returns how a source's own time relates to the clock's.
    pub(crate) fn drift(&self) -> MutexGuard<'_, SourceDrift> {
        lock(&self.drift)
    }

    /// Returns the present time of this source, whose newest logged time is `newest`, if that is later than the
    /// clock's.
    pub(crate) fn time_ahead(&self, newest: Timestamp, clock: &dyn Clock) -> Option<Timestamp> {
        self.drift().time_ahead(&self.id, newest, clock)
    }
}
