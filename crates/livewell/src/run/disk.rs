//! Waits for a disk: a component that cannot write shows why, and retries until it can.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::error::Disk;
use livewell_store::{IndexError, WriteSet};
use std::time::{Duration, Instant};

/// Shows that the component waits for a disk, and why; returns how long until the next attempt.
pub(crate) fn stall(shared: &Shared, component: &Component, disk: Disk, error: &Error) -> Duration {
    let is_news = !component.is_stalled();
    let time = component.stall(disk, error);
    if is_news {
        shared.bells.ring(component.number);
    }
    time
}

/// Waits for this time, and calls `refuse` whenever the component's bell rings; only a stop ends it early.
pub(crate) fn wait_out(shared: &Shared, component: &Component, time: Duration, refuse: &mut dyn FnMut()) {
    let until = Instant::now() + time;
    while !shared.is_stopping(component)
        && let Some(left) = until.checked_duration_since(Instant::now())
    {
        refuse();
        component.bell.wait(left);
    }
}

/// Returns whether the component may report that it has nothing to do: one that waits for a disk first makes a tiny
/// write, to see whether the store takes it.
pub(crate) fn is_over(shared: &Shared, component: &Component) -> bool {
    if !component.is_stalled_by_store() {
        return true;
    }
    match probe(shared, component) {
        Ok(()) => component.progressed(0),
        Err(error) => drop(component.stall(Disk::Store, &error)),
    }
    !component.is_stalled()
}

/// Makes a tiny write, to see whether the store takes commits.
pub(crate) fn probe(shared: &Shared, component: &Component) -> Result<(), Error> {
    shared.store.check_room()?;
    let set = WriteSet::over(&*shared.store.snapshot()?, component.number)?;
    match shared.group.commit(set) {
        // Another commit succeeded.
        Err(IndexError::Fenced(_)) => Ok(()),
        other => Ok(other?),
    }
}
