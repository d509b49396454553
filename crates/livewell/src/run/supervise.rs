//! Supervision: one thread for each source and reaction, which steps it as long as there is something to do, otherwise
//! waits for its bell, and stops it visibly when it cannot continue. Queries are [tasks](super::task).

use super::disk;
use crate::Error;
use crate::component::Component;
use crate::component::log::log;
use crate::component::shared::Shared;
use crate::component::state::State;
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long an idle component waits before it checks by itself; a ring wakes it earlier.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// How long a waiting component waits before it checks again.
pub(crate) const HELD_UP: Duration = Duration::from_millis(50);

/// What a component does on its thread.
pub(crate) trait Work: Send {
    /// Runs until everything stops. Called again if the component is reset after a panic.
    fn run(&mut self);

    /// Refuses the requests of waiting callers while the component does nothing because of `error`.
    fn refuse(&mut self, _error: &Error) {}
}

impl<F: FnMut() + Send> Work for F {
    fn run(&mut self) {
        self();
    }
}

/// Starts the component's thread.
pub(crate) fn spawn(shared: &Arc<Shared>, component: &Arc<Component>, work: Box<dyn Work>) {
    for feed in component.follows.iter().chain([&component.number]) {
        shared.bells.listen(*feed, &component.bell);
    }
    let name = component.id.chars().take(15).collect();
    let (own, all) = (component.clone(), shared.clone());
    let run = move || {
        run(&all, &own, work);
        own.follows.iter().for_each(|feed| all.bells.unlisten(*feed, &own.bell));
        own.ended.store(true, Ordering::Release);
    };
    match std::thread::Builder::new().name(name).spawn(run) {
        Ok(thread) => shared.keep_thread(thread),
        Err(error) => no_thread(component, &error),
    }
}

/// Shows that there is no thread for a component; a start tries again.
pub(crate) fn no_thread(component: &Component, error: &io::Error) {
    component.fail(&Error::stopped("LW0502", format!("no thread for `{}`: {error}", component.id)));
    component.ended.store(true, Ordering::Release);
}

/// Runs the component to its end. A panic is an error of this component alone: a reset runs it again.
fn run(shared: &Shared, component: &Component, mut work: Box<dyn Work>) {
    // What a panic leaves half done is only in memory, and each run begins from the store.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| work.run())) {
        let error = panicked(&component.id, &*panic);
        failed_while(shared, component, &error, &mut |error| work.refuse(error));
        if shared.is_stopping(component) {
            stopped(shared, component);
            return;
        }
    }
}

/// Returns the error of a component that panicked.
pub(crate) fn panicked(id: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let message = format!(
        "`{id}` panicked: {text}. This is a fault in Livewell: please report it. Nothing is lost; reset or restart \
         `{id}` to try again from the store"
    );
    Error::stopped("LW0541", message)
}

/// Handles a failure by its kind: waits for a disk, starts again from the store, or stops until a person resets the
/// component.
pub(crate) fn failed(shared: &Shared, component: &Component, error: &Error) {
    failed_while(shared, component, error, &mut |_| {});
}

/// Like [`failed`], and refuses callers that wait for the component while it does nothing.
pub(crate) fn failed_while(
    shared: &Shared,
    component: &Component,
    error: &Error,
    refuse: &mut dyn FnMut(&Error),
) {
    match show_failure(shared, component, error) {
        After::Nothing => {}
        After::Ring(time) => component.bell.wait(time),
        After::Time(time) => disk::wait_out(shared, component, time, &mut || refuse(error)),
        After::Reset => {
            while !shared.is_stopping(component) && !begin_reset(shared, component) {
                refuse(error);
                component.bell.wait(LOOK);
            }
        }
    }
}

/// What a component waits for after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It goes on at once, with what was requested meanwhile.
    Nothing,
    /// A ring of its bell, or the end of this time; it starts again from the store.
    Ring(Duration),
    /// The end of this time; only a stop ends it early. It waits for a disk.
    Time(Duration),
    /// A reset, which a person asks for.
    Reset,
}

/// Shows a failure, and returns what to wait for.
pub(crate) fn show_failure(shared: &Shared, component: &Component, error: &Error) -> After {
    if error.is_cancelled() {
        return After::Nothing;
    }
    if let Some(disk) = error.disk() {
        return After::Time(disk::stall(shared, component, disk, error));
    }
    if error.is_transient() {
        component.retries.fetch_add(1, Ordering::Relaxed);
        log!(warn, component, code = error.code, "{error}; starting again from the store");
        return After::Ring(HELD_UP);
    }
    component.fail(error);
    shared.bells.ring(component.number);
    After::Reset
}

/// Takes a component out of its error if a reset was asked for; returns whether that is so.
pub(crate) fn begin_reset(shared: &Shared, component: &Component) -> bool {
    let is_asked = component.reset.load(Ordering::Acquire);
    if is_asked {
        shared.damages.forget(component.number);
        component.set(State::Starting);
        component.set(State::Running);
    }
    is_asked
}

/// Shows that nothing is left to do, unless the component still waits for a disk.
pub(crate) fn caught_up(shared: &Shared, component: &Component) {
    if disk::is_over(shared, component) && component.state() != State::CaughtUp {
        component.set(State::CaughtUp);
        shared.bells.ring(component.number);
    }
}

pub(crate) fn stopped(shared: &Shared, component: &Component) {
    component.set(State::Stopped);
    shared.bells.ring(component.number);
}
