//! Supervision: one thread a component, which steps it as long as there is something to do, waits for its
//! bell when there is not, and stops it visibly when it cannot go on.

use crate::Error;
use crate::pipeline::{Outcome, Pipeline};
use crate::settings::Recovery;
use crate::shared::{Component, Shared, State};
use crate::stall;
use livewell_store::Resume;
use livewell_store::head::Building;
use livewell_store::sweep;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long an idle component waits before it looks by itself; rings come earlier.
const LOOK: Duration = Duration::from_millis(500);
/// How long one that is held up waits before it looks again.
const HELD_UP: Duration = Duration::from_millis(50);
/// How many keys of garbage go at once.
const SWEEP_KEYS_MAX: usize = 2_000;
/// How long the sweeper rests when there is nothing left to delete, or it cannot.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// What a component does on its thread.
pub(crate) trait Work: Send {
    /// Runs until everything stops. Called again if the component is reset after a panic.
    fn run(&mut self);

    /// Refuses what callers wait for, while the component does nothing because of `error`.
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
        own.ended.store(true, Ordering::Release);
    };
    match std::thread::Builder::new().name(name).spawn(run) {
        Ok(thread) => shared.keep_thread(thread),
        Err(error) => {
            component.fail(&Error::stopped("LW0502", format!("no thread for `{}`: {error}", component.id)));
        }
    }
}

/// Runs the component to its end. A panic is an error of this component alone: a reset runs it again.
fn run(shared: &Shared, component: &Component, mut work: Box<dyn Work>) {
    // What a panic leaves half done lives in memory only, and each run begins from the store.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| work.run())) {
        let error = panicked(&component.id, &*panic);
        failed_while(shared, component, &error, &mut |error| work.refuse(error));
        if shared.is_stopping(component) {
            stopped(shared, component);
            return;
        }
    }
}

/// The error of a component that panicked.
fn panicked(id: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let message = format!(
        "`{id}` panicked: {text}. This is a fault in Livewell: please report it. Nothing is lost; reset or restart \
         `{id}` to try again from the store"
    );
    Error::stopped("LW0541", message)
}

/// Runs a query until everything stops; one that was refused at its start is in error until it is reset.
pub(crate) fn query(pipeline: &Pipeline, refusal: &mut Option<Error>) {
    let component = &pipeline.component;
    component.set(State::Running);
    if let Some(error) = refusal.take() {
        failed(&pipeline.shared, component, &error);
    }
    while !pipeline.shared.is_stopping(component) {
        match step(pipeline) {
            Ok(Outcome::Advanced) => component.set(State::Running),
            Ok(Outcome::CaughtUp) => {
                if component.state() != State::CaughtUp
                    && let Err(error) = pipeline.drop_drained()
                {
                    tracing::warn!(query = %component.id, "old epochs stay for now: {error}");
                }
                caught_up(&pipeline.shared, component);
                component.bell.wait(LOOK);
            }
            Ok(Outcome::Full) => {
                component.set(State::Waiting);
                component.bell.wait(HELD_UP);
            }
            Ok(Outcome::Unready) => unready(&pipeline.shared, component),
            Ok(Outcome::Broken { upstream, resume }) => recover(pipeline, upstream, &resume),
            Err(error) => failed(&pipeline.shared, component, &error),
        }
    }
    pipeline.shared.timers.set(&pipeline.shared, component, None);
    stopped(&pipeline.shared, component);
}

fn step(pipeline: &Pipeline) -> Result<Outcome, Error> {
    pipeline.shared.damages.check(&pipeline.component)?;
    let snapshot = pipeline.shared.store.snapshot()?;
    let due = pipeline.head(&snapshot)?.building;
    if due.is_some() || pipeline.component.reset.load(Ordering::Acquire) {
        pipeline.component.set(State::Running);
    }
    let reset = pipeline.component.reset.swap(false, Ordering::AcqRel).then_some(Building::Rebuilt);
    drop(snapshot);
    if let Some(why) = due.or(reset) {
        let built = pipeline.rebuild(why);
        let is_to_come = built.as_ref().map_or_else(Error::passes_by_itself, |built| !built);
        // One that was asked for and has not begun must not be forgotten.
        pipeline.component.reset.fetch_or(is_to_come && reset.is_some(), Ordering::AcqRel);
        if !built? {
            return Ok(Outcome::Unready);
        }
    }
    if due.or(reset).is_some() {
        pipeline.component.recovered();
    }
    pipeline.run()
}

/// Waits for the upstreams; says so where one of them is in error and may never come.
fn unready(shared: &Shared, component: &Component) {
    match shared.in_error(&component.follows) {
        Some(other) => component.blocked_by(&other),
        None => {
            component.recovered();
            component.set(State::Waiting);
        }
    }
    component.bell.wait(HELD_UP);
}

fn recover(pipeline: &Pipeline, upstream: usize, resume: &Resume) {
    let upstream = &pipeline.upstreams[upstream].id;
    let component = &pipeline.component;
    let allowed =
        matches!(resume, Resume::Changed { .. }) || pipeline.settings.recovery == Recovery::AutoReset;
    if !allowed {
        failed(&pipeline.shared, component, &broken(&component.id, upstream, resume, "auto_reset"));
        return;
    }
    tracing::warn!(query = %component.id, upstream, ?resume, "rebuilding from the upstream's snapshot");
    match pipeline.rebuild(Building::Rebuilt) {
        Ok(true) => component.recovered(),
        Ok(false) => unready(&pipeline.shared, component),
        Err(error) => failed(&pipeline.shared, component, &error),
    }
}

/// Why a consumer cannot simply go on, and what to do about it.
pub(crate) fn broken(id: &str, upstream: &str, resume: &Resume, policy: &str) -> Error {
    let what = match resume {
        Resume::Gap { low } => {
            format!(
                "`{upstream}` no longer holds what comes next for `{id}`; the oldest result it holds is {low}"
            )
        }
        Resume::Ahead => format!("`{id}` has seen more of `{upstream}` than is there: it was rolled back"),
        Resume::OtherEpoch => {
            format!(
                "`{upstream}` has another history than the one `{id}` followed: it was wiped, or restored from a backup"
            )
        }
        Resume::Changed { .. } | Resume::Follow => format!("`{upstream}` has changed under `{id}`"),
    };
    let code = match resume {
        Resume::Gap { .. } => "LW0530",
        Resume::Ahead => "LW0531",
        _ => "LW0532",
    };
    let way_out = if policy == "auto_skip_gap" {
        format!(
            "`livewell reset {id}` continues with the next result and leaves out all before it; with `recovery: {policy}` \
             it continues by itself with the oldest result that is there"
        )
    } else {
        format!(
            "`livewell reset {id}` continues from what is true now, and `recovery: {policy}` does so by itself"
        )
    };
    Error::stopped(code, format!("{what}; {way_out}"))
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
    if error.is_cancelled() {
        // It was asked for. The loop sees what is asked for next.
        return;
    }
    if let Some(disk) = error.disk() {
        stall::wait_out(shared, component, disk, error, refuse);
        return;
    }
    if error.is_transient() {
        tracing::warn!(component = %component.id, "{error}; starting again from the store");
        component.bell.wait(HELD_UP);
        return;
    }
    component.fail(error);
    shared.bells.ring(component.number);
    while !shared.is_stopping(component) && !component.reset.load(Ordering::Acquire) {
        refuse(error);
        component.bell.wait(LOOK);
    }
    if component.reset.load(Ordering::Acquire) {
        shared.damages.forget(component);
        component.set(State::Starting);
        component.set(State::Running);
    }
}

/// Shows that nothing is left to do, unless the component still waits for a disk.
pub(crate) fn caught_up(shared: &Shared, component: &Component) {
    if stall::is_over(shared, component) && component.state() != State::CaughtUp {
        component.set(State::CaughtUp);
        shared.bells.ring(component.number);
    }
}

pub(crate) fn stopped(shared: &Shared, component: &Component) {
    component.set(State::Stopped);
    shared.bells.ring(component.number);
}

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

/// Whether the prefix is a generation that its query is building right now.
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
