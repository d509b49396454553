//! Back-off and status while an upstream server is unreachable.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use std::time::{Duration, Instant};

const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// How long a server may be out of reach before that is an error for people to look at.
const AWAY_MAX: Duration = Duration::from_secs(30);

/// How long things have been going wrong.
pub(crate) struct Trouble {
    wait: Duration,
    since: Option<Instant>,
}

impl Trouble {
    pub(crate) fn none() -> Self {
        Self { wait: RETRY_FIRST, since: None }
    }

    /// Shows that the server is out of reach, waiting at first and in error once that takes long; then pauses.
    pub(crate) fn wait_out(&mut self, shared: &Shared, component: &Component, error: &Error) {
        let is_new = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() < AWAY_MAX {
            if is_new {
                component.held_up(error);
            }
        } else if component.state() != State::Error {
            component.fail(error);
            shared.bells.ring(component.number);
        }
        self.pause(shared, component);
    }

    /// Waits twice as long each time; the end cuts it short.
    pub(crate) fn pause(&mut self, shared: &Shared, component: &Component) {
        let until = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(RETRY_MAX);
        while !shared.is_stopping(component)
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            component.bell.wait(left);
        }
    }
}
