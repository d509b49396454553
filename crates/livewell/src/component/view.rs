//! What a component shows of itself.

use super::built::Built;
use super::rate::Rate;
use super::stall::Stall;
use super::state::{ComponentKind, State};
use super::tally::{Counted, Tally};
use crate::Error;
use crate::clock::{Clock, SystemClock};
use crate::error::Disk;
use livewell_model::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A disk that fails again within this time is not logged again.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// What a component shows of itself.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) state: State,
    /// Why it waits for the outside world or is in error, and since when.
    pub(crate) error: Option<(String, Timestamp)>,
    /// Set while it waits for a disk.
    pub(crate) stall: Option<Stall>,
    /// When that was last logged.
    logged: Option<Instant>,
    /// The id of another component in error that it waits for before it can begin; only components that wait for this
    /// one see it as in error.
    pub(crate) blocked_by: Option<String>,
    /// When it last made progress; only liveness depends on it.
    pub(crate) progress: Instant,
    /// How many entries it has committed since the start.
    entries: u64,
    rate: Rate,
    /// How far its build is, while one is in progress.
    pub(crate) built: Option<Built>,
    /// The tally in which it is counted, from when it is added until it is removed.
    pub(crate) tally: Option<Arc<Tally>>,
}

impl View {
    /// Creates the view of a component that has not begun.
    pub(crate) fn new() -> Self {
        let progress = Instant::now();
        Self {
            state: State::Starting,
            error: None,
            stall: None,
            logged: None,
            blocked_by: None,
            progress,
            entries: 0,
            rate: Rate::new(progress),
            built: None,
            tally: None,
        }
    }

    /// Returns what counts of it.
    pub(crate) fn counted(&self, kind: ComponentKind) -> Counted {
        Counted { kind, state: self.state, is_stalled: self.stall.is_some() }
    }

    /// Shows a state, unless it waits for a disk; an error stays until it starts again.
    pub(crate) fn set(&mut self, state: State) {
        if !self.may_show(state) {
            return;
        }
        if self.state == State::CaughtUp && state != State::CaughtUp {
            // It made no progress because there was nothing to do.
            self.progress = Instant::now();
        }
        if self.state != State::Error || state == State::Starting {
            self.state = state;
            self.error = None;
            self.blocked_by = None;
        }
    }

    /// Notes a commit with this many entries.
    pub(crate) fn advance(&mut self, entries: u64) {
        self.progress = Instant::now();
        self.entries += entries;
        self.rate.add(entries, self.progress);
    }

    /// Returns how many entries it has committed since the start, and how many in a second over the last minute.
    pub(crate) fn committed(&mut self) -> (u64, f64) {
        (self.entries, self.rate.per_second(Instant::now()))
    }

    /// Shows that it has failed.
    pub(crate) fn fail(&mut self, error: &Error) {
        self.state = State::Error;
        self.blocked_by = None;
        self.stall = None;
        self.show_error(error);
        self.progress = Instant::now();
    }

    /// Shows the reason; the time is that of the first of several reasons in a row.
    pub(crate) fn show_error(&mut self, error: &Error) {
        let since = self.error.take().map_or_else(|| SystemClock.now(), |(_, since)| since);
        self.error = Some((error.to_string(), since));
    }

    /// Returns whether `state` may be shown: a component that waits for a disk shows that until it succeeded or gave
    /// up, even if everything stops meanwhile.
    fn may_show(&mut self, state: State) -> bool {
        if matches!(state, State::CaughtUp | State::Paused) {
            self.stall = None;
        }
        self.stall.is_none()
    }

    /// Shows that it waits for a disk, and why. Returns how long to wait before the next attempt, and whether that is worth
    /// a line in the log.
    pub(crate) fn stall(&mut self, disk: Disk, error: &Error) -> (Duration, bool) {
        let now = Instant::now();
        let is_news = self.stall.is_none() && self.logged.is_none_or(|logged| now - logged > LOG_EVERY);
        if is_news {
            self.logged = Some(now);
        }
        self.state = State::Waiting;
        self.blocked_by = None;
        self.show_error(error);
        let stall = self.stall.get_or_insert_with(|| Stall::begin(disk, now));
        stall.disk = disk;
        (stall.next_wait(), is_news)
    }

    /// Shows that it no longer waits for a disk; returns how long it has waited.
    pub(crate) fn resume(&mut self) -> Option<Duration> {
        let stall = self.stall.take()?;
        self.state = State::Running;
        self.error = None;
        Some(stall.since.elapsed())
    }
}
