//! Waiting for a disk: a component that cannot write shows why, and tries again by itself until it can.

use crate::Error;
use crate::shared::{Component, Shared, State, View, lock};
use livewell_store::{IndexError, WriteSet, compare};
use std::time::{Duration, Instant};

/// How long a component waits before it tries again: at first, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// How long a component waits for a disk before [`crate::Livewell::idle`] no longer counts on it.
const PATIENCE: Duration = Duration::from_secs(2);
/// A disk that fails again within this time is not logged again.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Which disk a component waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// That of the store.
    Store,
    /// That of files outside: those that a reaction writes, a source reads or needs for a while.
    Other,
}

/// That a component waits for a disk.
#[derive(Debug)]
pub(crate) struct Stall {
    disk: Disk,
    since: Instant,
    /// How long it waits before the next attempt.
    wait: Duration,
}

impl View {
    /// Whether `state` may be shown: one that waits for a disk shows that until it got through or gave up, also if
    /// everything ends meanwhile.
    pub(crate) fn may_show(&mut self, state: State) -> bool {
        if matches!(state, State::CaughtUp | State::Paused) {
            self.stall = None;
        }
        self.stall.is_none()
    }

    /// Shows that what it waited for a disk with has gone through.
    pub(crate) fn resume(&mut self, id: &str) {
        if let Some(stall) = self.stall.take() {
            tracing::info!(component = %id, waited = ?stall.since.elapsed(), "the disk takes writes again; resumed");
            self.state = State::Running;
            self.error = None;
        }
    }
}

impl Component {
    /// Shows that it waits for a disk, and why. Returns how long to wait before the next attempt.
    pub(crate) fn stall(&self, disk: Disk, error: &Error) -> Duration {
        let mut view = lock(&self.view);
        let now = Instant::now();
        if view.stall.is_none() && view.logged.is_none_or(|logged| now - logged > LOG_EVERY) {
            tracing::warn!(component = %self.id, code = error.code, "{error}; waiting, and trying again");
            view.logged = Some(now);
        }
        view.state = State::Waiting;
        view.blocked_by = None;
        view.tell(error);
        let stall = view.stall.get_or_insert(Stall { disk, since: now, wait: RETRY_FIRST });
        stall.disk = disk;
        let wait = stall.wait;
        stall.wait = (wait * 2).min(RETRY_MAX);
        wait
    }

    /// Whether it waits for a disk.
    pub(crate) fn is_stalled(&self) -> bool {
        lock(&self.view).stall.is_some()
    }

    /// Whether it waits for the disk of the store.
    pub(crate) fn is_stalled_by_store(&self) -> bool {
        lock(&self.view).stall.as_ref().is_some_and(|stall| stall.disk == Disk::Store)
    }

    /// Whether it has waited for a disk so long that nobody should count on it.
    pub(crate) fn is_stalled_for_long(&self) -> bool {
        lock(&self.view).stall.as_ref().is_some_and(|stall| stall.since.elapsed() >= PATIENCE)
    }
}

/// Shows that the component waits for a disk, then waits, and calls `refuse` whenever somebody rings; only the end cuts
/// that short.
pub(crate) fn wait_out(
    shared: &Shared,
    component: &Component,
    disk: Disk,
    error: &Error,
    refuse: &mut dyn FnMut(&Error),
) {
    let is_news = !component.is_stalled();
    let until = Instant::now() + component.stall(disk, error);
    if is_news {
        shared.bells.ring(component.number);
    }
    while !shared.is_stopping(component)
        && let Some(left) = until.checked_duration_since(Instant::now())
    {
        refuse(error);
        component.bell.wait(left);
    }
}

/// Whether the component is free to say that it has nothing to do: one that waits for a disk first writes next to
/// nothing, to see whether the store takes it.
pub(crate) fn is_over(shared: &Shared, component: &Component) -> bool {
    if !component.is_stalled_by_store() {
        return true;
    }
    match probe(shared, component) {
        Ok(()) => component.progressed(),
        Err(error) => drop(component.stall(Disk::Store, &error)),
    }
    !component.is_stalled()
}

/// Writes next to nothing, to see whether the store takes commits.
pub(crate) fn probe(shared: &Shared, component: &Component) -> Result<(), Error> {
    shared.store.check_room()?;
    let expected = compare::read_version(&*shared.store.snapshot()?, component.number)?;
    let set = WriteSet { feed: component.number, expected, next: expected.after(), ..WriteSet::default() };
    match shared.group.commit(set) {
        // Somebody else's commit went through.
        Err(IndexError::Fenced(_)) => Ok(()),
        other => Ok(other?),
    }
}
