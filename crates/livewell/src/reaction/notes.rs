//! Notes of attempts, for reactions that do not note them themselves: one for each delivery.

use crate::component::Component;
use crate::component::shared::Shared;
use livewell_model::Timestamp;
use livewell_reaction::attempts::{Attempt, Outcome, Place, What};
use livewell_reaction::{DeadLetter, Delivered, Outgoing, ReactionError};
use std::sync::Arc;
use std::time::Instant;

/// Notes what a reaction tries.
pub(crate) struct Notes {
    shared: Arc<Shared>,
    component: Arc<Component>,
    /// Whether the reaction notes its deliveries itself.
    by_itself: bool,
    /// How many attempts have failed one after the other.
    failed: u32,
}

/// When an attempt began.
pub(super) struct Begun(Timestamp, Instant);

impl Notes {
    pub(crate) fn new(shared: &Arc<Shared>, component: &Arc<Component>, by_itself: bool) -> Self {
        Self { shared: shared.clone(), component: component.clone(), by_itself, failed: 0 }
    }

    pub(super) fn begin(&self) -> Begun {
        Begun(self.shared.clock.now(), Instant::now())
    }

    /// Notes that the reaction could not start.
    pub(super) fn not_started(&mut self, begun: &Begun, error: &ReactionError) {
        let attempt = self.attempt(begun, What::Start, Some(error));
        self.component.attempts.push(attempt);
    }

    /// Notes a delivery that was tried, or a snapshot.
    pub(super) fn tried<T>(
        &mut self,
        begun: &Begun,
        tried: &Result<T, ReactionError>,
        what: impl FnOnce(Option<&T>) -> Option<What>,
    ) {
        if let Some(what) = what(tried.as_ref().ok()).filter(|_| !self.by_itself) {
            let attempt = self.attempt(begun, what, tried.as_ref().err());
            self.component.attempts.push(attempt);
        }
    }

    /// Notes that the row of a dead letter was put into the target, or the letter that it became again.
    pub(super) fn put_again(
        &mut self,
        begun: &Begun,
        letter: &DeadLetter,
        put: Result<Option<&DeadLetter>, &ReactionError>,
    ) {
        let attempt = self.attempt(begun, What::Letter(letter.key.clone()), put.err());
        self.component.attempts.push(match put {
            Ok(Some(again)) => attempt.ended(Outcome::SetAside, &again.reason),
            _ => attempt,
        });
    }

    fn attempt(&mut self, begun: &Begun, what: What, error: Option<&ReactionError>) -> Attempt {
        let number = self.failed.saturating_add(1);
        self.failed = if error.is_some() { number } else { 0 };
        let Begun(at, clock) = begun;
        let attempt = Attempt::taken(*at, clock.elapsed(), what, number, "");
        match error {
            Some(error) => attempt.failed(error),
            None => attempt,
        }
    }
}

/// Returns what a delivery of these results is, of which so many are done: all of them, if it failed.
pub(super) fn results(given: &[Outgoing<'_>], done: Option<&Delivered>) -> Option<What> {
    // One that ends within its first result is one of that.
    let count = done.map_or(given.len(), |done| done.results.max(1));
    let tried = given.get(..count)?;
    let Outgoing { query_id, epoch, result, .. } = *tried.last()?;
    let last = Place { query_id: query_id.into(), epoch, sequence: result.sequence };
    let diffs = tried.iter().map(|one| one.result.diffs.len()).sum();
    Some(What::Results { last, results: tried.len(), diffs })
}
