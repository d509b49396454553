//! Deletes in the background what no head refers to any more.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::run::supervise::panicked;
use livewell_store::sweep;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// How many keys of garbage are deleted at once.
const SWEEP_KEYS_MAX: usize = 2_000;
/// How long the sweeper rests when there is nothing left to delete, or it cannot.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Deletes garbage in the background until everything stops.
pub(crate) fn sweeper(shared: &Arc<Shared>, component: &Component) {
    let mut shown = None;
    while !shared.is_stopping(component) {
        let keep = |prefix: &[u8]| under_construction(shared, prefix);
        let swept = catch_unwind(AssertUnwindSafe(|| sweep::sweep(&*shared.store, SWEEP_KEYS_MAX, &keep)));
        let is_done = match swept {
            Ok(Ok(is_more)) => {
                shown = None;
                !is_more
            }
            Ok(Err(error)) => {
                let error = Error::from(error);
                if !error.is_transient() {
                    log_once(&mut shown, &error);
                }
                true
            }
            Err(panic) => {
                log_once(&mut shown, &panicked(&component.id, &*panic));
                true
            }
        };
        if is_done {
            component.bell.wait(SWEEP_EVERY);
        }
    }
}

/// Logs an error of the sweeper unless it is the one that was logged last.
fn log_once(shown: &mut Option<&'static str>, error: &Error) {
    if shown.replace(error.code) != Some(error.code) {
        tracing::warn!(code = error.code, "deleting what is no longer needed: {error}; trying again");
    }
}

/// Returns whether the prefix is a generation that its query is building right now.
fn under_construction(shared: &Shared, prefix: &[u8]) -> bool {
    let number =
        |at: usize| prefix.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let (Some(feed), Some(generation)) = (number(1), number(5)) else { return false };
    let Ok(snapshot) = shared.store.snapshot() else { return true };
    match livewell_store::Head::read(&*snapshot, feed) {
        Ok(Some(head)) => head.building.is_some() && head.last_generation == generation,
        Ok(None) => false,
        Err(_) => true,
    }
}
