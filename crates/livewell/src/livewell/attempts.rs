//! What a reaction has tried lately and will try next, and the request to try at once.

use super::Livewell;
use crate::Error;
use crate::component::Component;
use crate::component::state::State;
use crate::read::upcoming::{self, Upcoming};
use livewell_reaction::attempts::Made;
use std::sync::atomic::Ordering;

impl Livewell {
    /// Returns the last `limit` attempts of a reaction to deliver, or only those that its target has not taken. They
    /// are kept in memory, [at most so many](livewell_reaction::attempts::ATTEMPTS_MAX), and are gone with the process.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction.
    pub fn attempts(&self, id: &str, limit: usize, only_failed: bool) -> Result<Made, Error> {
        Ok(self.shared.reaction(id)?.attempts.made(limit, only_failed))
    }

    /// Ends the pause before the next attempt of a reaction; the attempt counts as any other does. A reaction that
    /// runs and does not wait goes on as it does.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction; [`crate::ErrorKind::Stopped`] if it
    /// does not run, so that nothing would be sent.
    pub fn send_now(&self, id: &str) -> Result<(), Error> {
        let component = self.shared.reaction(id)?;
        if component.attempts.hurry() {
            component.bell.ring();
            return Ok(());
        }
        check_runs(&component)
    }

    /// Returns what a reaction is about to deliver, and the last `limit` results of its queries, at one position.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction, or an error if the store cannot be read.
    pub fn upcoming(&self, id: &str, limit: usize) -> Result<Upcoming, Error> {
        let component = self.shared.reaction(id)?;
        let queries = {
            let roster = self.shared.roster();
            component
                .follows
                .iter()
                .filter_map(|number| roster.numbered(*number).cloned())
                .collect::<Vec<_>>()
        };
        upcoming::read(&self.shared.store.snapshot()?, &component, &queries, limit)
    }
}

/// Refuses what only the thread of a reaction does, unless that works or waits before it tries again.
pub(super) fn check_runs(component: &Component) -> Result<(), Error> {
    let has_ended = component.stopping.load(Ordering::Acquire) || component.ended.load(Ordering::Acquire);
    let is_at_work = match component.state() {
        State::Paused | State::Stopped => false,
        // It may be in error because its target is away for long, and try again by itself.
        State::Error => component.attempts.is_waiting(),
        _ => true,
    };
    if is_at_work && !has_ended {
        return Ok(());
    }
    let id = &component.id;
    let what = if component.state() == State::Error { "in error" } else { "stopped" };
    let message =
        format!("`{id}` is {what}, and sends nothing until somebody starts it: `livewell start {id}`");
    Err(Error::stopped("LW0840", message))
}
