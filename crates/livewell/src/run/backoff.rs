//! Back-off while something outside cannot be reached, and since when: a source's upstream, a reaction's target.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long to wait between attempts, and how long that is not an error yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pauses {
    /// The first pause; each is twice as long as the one before.
    first: Duration,
    /// The longest pause.
    max: Duration,
    /// How long it may last before it is an error for people to look at.
    away_max: Duration,
}

/// Those of a source.
pub(crate) const UPSTREAM: Pauses = Pauses {
    first: Duration::from_millis(100),
    max: Duration::from_secs(10),
    away_max: Duration::from_secs(30),
};

/// Those of a reaction.
pub(crate) const TARGET: Pauses = Pauses {
    first: Duration::from_millis(250),
    max: Duration::from_secs(30),
    away_max: Duration::from_secs(60),
};

/// What cuts a pause short, beside the end of the component and the request to try at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing else: a reset that was asked for is made after it.
    TheEnd,
    /// A reset.
    AReset,
}

/// Whether the other side is away, since when, and how long to wait before the next attempt.
#[derive(Debug)]
pub(crate) struct Backoff {
    pauses: Pauses,
    next: Duration,
    since: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(pauses: Pauses) -> Self {
        Self { pauses, next: pauses.first, since: None }
    }

    /// Notes that the other side is there.
    pub(crate) fn end(&mut self) {
        self.since = None;
        self.next = self.pauses.first;
    }

    /// Notes that the other side is there, though what was asked of it is still to be tried again.
    pub(crate) fn has_answered(&mut self) {
        self.since = None;
    }

    /// Whether the other side is away.
    pub(crate) fn is_away(&self) -> bool {
        self.since.is_some()
    }

    /// Shows that the other side is away, and why: waiting at first, in error once that takes long. Each is logged once.
    pub(crate) fn show_away(&mut self, shared: &Shared, component: &Component, error: &Error) {
        let is_new = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        let is_long = since.elapsed() >= self.pauses.away_max;
        match (is_long, component.state() == State::Error) {
            (true, false) => {
                component.fail(error);
                shared.bells.ring(component.number);
            }
            (false, _) if is_new => component.held_up(error),
            _ => component.show_held_up(error),
        }
    }

    /// Waits twice as long each time, or as long as the other side has asked for.
    pub(crate) fn pause(
        &mut self,
        shared: &Shared,
        component: &Component,
        asked: Option<Duration>,
        until: Until,
    ) {
        component.retries.fetch_add(1, Ordering::Relaxed);
        let pause = asked.unwrap_or(self.next);
        let end = Instant::now() + pause;
        component.attempts.wait(shared.clock.now(), pause);
        self.next = (self.next * 2).min(self.pauses.max);
        let is_cut_short = || {
            let is_reset = until == Until::AReset && component.reset.load(Ordering::Acquire);
            shared.is_stopping(component) || is_reset || component.attempts.is_hurried()
        };
        while !is_cut_short()
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            component.bell.wait(left);
        }
        component.attempts.go_on();
    }
}
