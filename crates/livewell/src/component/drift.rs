//! Time while the clock is behind: it never goes back for a component, and does not stop either.
//!
//! A clock that is set back is behind the newest time that a source has logged and a query has seen. Until it has
//! caught up, their time continues from that newest time by what has elapsed on a clock that is never set. The effects
//! are logged as ticks, so a replay sees the same.

use crate::clock::Clock;
use livewell_model::Timestamp;
use std::time::Duration;

/// A clock that is behind by less than this is not worth a line in the log.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The newest time that a component has seen, and how far the clock is behind it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Drift {
    newest: Timestamp,
    /// When it became the newest, by [`Clock::elapsed`].
    since: Duration,
    /// Whether the clock was behind it at any moment.
    was_behind: bool,
    /// How far the clock was behind it at the last check.
    behind: Duration,
}

impl Drift {
    /// Records the newest time that was seen.
    pub(crate) fn see(&mut self, newest: Timestamp, clock: &dyn Clock) {
        if self.newest != newest {
            *self = Self { newest, since: clock.elapsed(), was_behind: false, ..*self };
        }
    }

    /// Adopts the moment since which the newest time is known, from one who knows it better.
    pub(crate) fn adopt(&mut self, since: Duration) {
        self.since = self.since.min(since);
    }

    /// Returns since when the newest time is that, by [`Clock::elapsed`].
    pub(crate) fn since(&self) -> Duration {
        self.since
    }

    /// Returns whether the clock was behind the newest time at a check since that is the newest.
    pub(crate) fn was_behind(&self) -> bool {
        self.was_behind
    }

    /// Returns the newest time that was seen.
    pub(crate) fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Returns the present time: that of the clock, or, while the clock is behind, the newest time plus what has
    /// elapsed since.
    pub(crate) fn now(&mut self, clock: &dyn Clock) -> Timestamp {
        let wall = clock.now();
        self.behind = Duration::from_nanos(self.newest.0.saturating_sub(wall.0).max(0).unsigned_abs());
        self.was_behind |= !self.behind.is_zero();
        if !self.was_behind {
            return wall;
        }
        let passed = clock.elapsed().saturating_sub(self.since).as_nanos();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        wall.max(Timestamp(self.newest.0.saturating_add(passed)))
    }
}

/// How a source's own time drifts from the clock.
#[derive(Debug, Default)]
pub(crate) struct SourceDrift {
    drift: Drift,
    /// Whether the source follows the clock at all.
    by_clock: bool,
    /// Whether it was logged that the clock is behind.
    is_logged: bool,
}

impl SourceDrift {
    /// Sets whether the source's time follows the clock while nothing comes.
    pub(crate) fn goes_by_clock(&mut self, by_clock: bool) {
        self.by_clock = by_clock;
    }

    /// Records the newest time in the source's log.
    pub(crate) fn see(&mut self, newest: Timestamp, clock: &dyn Clock) {
        self.drift.see(newest, clock);
    }

    /// Returns the present time of source `id`, whose newest logged time is `newest`, if that is later than the
    /// clock's.
    pub(crate) fn time_ahead(&mut self, id: &str, newest: Timestamp, clock: &dyn Clock) -> Option<Timestamp> {
        if !self.by_clock {
            return None;
        }
        self.drift.see(newest, clock);
        let now = self.drift.now(clock);
        let behind = self.drift.behind;
        if behind > TOLERANCE && !self.is_logged {
            tracing::warn!(
                source = %id, code = "LW0307",
                "the clock of this machine is {} s behind the newest time in `{id}`: it was set back, or a change \
                 carried a time ahead of it. Functions of time continue by what elapses until the clock has caught up",
                behind.as_secs()
            );
        }
        self.is_logged = behind > TOLERANCE;
        (!behind.is_zero()).then_some(now)
    }

    /// Returns how the source's own time is related to the clock's.
    pub(crate) fn drift(&self) -> Drift {
        self.drift
    }

    /// Returns how far the clock was behind the newest time in the source's log at the last check.
    pub(crate) fn clock_behind(&self) -> Duration {
        self.drift.behind
    }
}
