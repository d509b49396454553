//! The targets of reactions on the handle: what they hold, and whether that is what it should be.

use super::Livewell;
use crate::component::lock::lock;
use crate::error::with_id;
use crate::feed::follow;
use crate::reaction::compare::{self, LiveAt};
use crate::reaction::detail::Detail;
use crate::read::verify::Progress;
use crate::{Error, ErrorKind};
use livewell_query::Meter;
use livewell_reaction::target::{Compared, Held, Kept, Stored, Target};
use livewell_reaction::{Reached, ReactionError};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Livewell {
    /// Counts the rows of a reaction's target and reads its checkpoint, whether the reaction runs or not. Ends soon after
    /// `is_cancelled` returns true.
    ///
    /// # Errors
    /// Returns [`ErrorKind::NotFound`] if there is no such reaction, [`ErrorKind::Invalid`] (LW0418) if it keeps nothing
    /// that can be compared, [`ErrorKind::Unavailable`] if the target is out of reach.
    pub fn target(&self, reaction: &str, is_cancelled: impl Fn() -> bool) -> Result<Held, Error> {
        self.with_target(reaction, &is_cancelled, |target, kept, _| target.look(kept))
    }

    /// Compares the rows of a reaction's target with the live results of its checkpoint.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::target`]; LW0417 if the target moved while it was read.
    pub fn compare(&self, reaction: &str) -> Result<Compared, Error> {
        self.compare_within(reaction, usize::MAX, || false, &|_| ())
    }

    /// Like [`Livewell::compare`], but holds at most `bytes_max` bytes in memory, ends soon after `is_cancelled` returns
    /// true, and calls `on_progress` from time to time.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::compare`]; LW0543 if it is cancelled or would hold more.
    pub fn compare_within(
        &self,
        reaction: &str,
        bytes_max: usize,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
        on_progress: &dyn Fn(Progress),
    ) -> Result<Compared, Error> {
        let (shared, is_cancelled) = (self.shared.clone(), Arc::new(is_cancelled));
        let is_over = is_cancelled.clone();
        let is_over = move || shared.stopping.load(Ordering::Acquire) || is_over();
        let meter = Meter::cancelled_by(bytes_max, is_over);
        self.with_target(reaction, &*is_cancelled, |target, kept, query| {
            let store = &*self.shared.store;
            target.compare(kept, &mut LiveAt::new(store, query, meter, on_progress))
        })
    }

    fn with_target<T>(
        &self,
        reaction: &str,
        is_over: &dyn Fn() -> bool,
        work: impl FnOnce(&dyn Target, &Kept<'_>, follow::Upstream) -> Result<T, ReactionError>,
    ) -> Result<T, Error> {
        let component = self.shared.reaction(reaction)?;
        let query = {
            let roster = self.shared.roster();
            let query = component.follows.first().and_then(|number| roster.numbered(*number));
            query.map(|query| (query.id.clone(), query.number))
        };
        let target = lock(&self.targets).get(reaction).cloned();
        let Some(((id, number), target)) = query.zip(target) else { return Err(not_comparable(reaction)) };
        let query = follow::Upstream { label: String::new(), id: id.clone(), number, is_query: true };
        let stored = || -> Result<Stored, ReactionError> {
            let read = || -> Result<Stored, Error> {
                let snapshot = self.shared.store.snapshot()?;
                let checkpoint = follow::checkpoint(&*snapshot, component.number, &query)?;
                let (epoch, sequence, position) =
                    (checkpoint.epoch, checkpoint.sequence, checkpoint.position);
                let reached = Reached { query_id: id.as_str().into(), epoch, sequence, position };
                Ok(Stored { reached, detail: Detail::read(&checkpoint.detail).of_kind })
            };
            read().map_err(|error| compare::of_store(&id, error))
        };
        let store = format!("{:032x}", self.shared.store.id().0);
        let kept = Kept { store: &store, reaction, query_id: &id, stored: &stored, is_over };
        work(&*target, &kept, query.clone()).map_err(|error| of_target(reaction, error))
    }
}

fn not_comparable(reaction: &str) -> Error {
    let message = format!(
        "`{reaction}` keeps no copy of the live results that could be compared with them; reactions of kind `redis` do, \
         and `postgres` and `file` with `mode: table`"
    );
    Error::invalid("LW0418", message)
}

/// Returns the error of a look at a target.
fn of_target(reaction: &str, error: ReactionError) -> Error {
    let error = match error {
        ReactionError::Snapshot { query_id, cause } => match cause.downcast::<Error>() {
            Ok(error) => return given_up(reaction, *error),
            Err(cause) => ReactionError::Snapshot { query_id, cause },
        },
        error => error,
    };
    let (kind, message) = match &error {
        // The reaction itself is retried, and this is not.
        ReactionError::Away { target, cause, .. } => {
            (ErrorKind::Unavailable, format!("{target}: {cause}; try again once it can be reached"))
        }
        ReactionError::Unsettled { .. } | ReactionError::Io { .. } => {
            (ErrorKind::Unavailable, error.to_string())
        }
        _ => (ErrorKind::Stopped, with_id(&error.to_string(), reaction)),
    };
    Error { kind, code: error.code(), message, source: Some(error.into()) }
}

/// Returns the error of a comparison that ended early.
fn given_up(reaction: &str, error: Error) -> Error {
    if error.is_over_budget() {
        let message = format!(
            "comparing the target of `{reaction}` takes more memory than `server.limits.verify_bytes` allows; allow more \
             there"
        );
        return Error::stopped("LW0543", message);
    }
    if error.is_cancelled() {
        let message = format!("comparing the target of `{reaction}` was cancelled before its end");
        return Error::new(ErrorKind::Unavailable, "LW0543", message);
    }
    error
}
