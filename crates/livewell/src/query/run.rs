//! Runs a query: steps it while there is something to do, and rebuilds it when that is due.

use super::pipeline::{Outcome, Pipeline};
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::run::recovery::{self, Decision, Keeps, broken};
use crate::run::supervise::{HELD_UP, LOOK, failed, stopped};
use livewell_store::Resume;
use livewell_store::head::Building;
use std::sync::atomic::Ordering;

/// Runs a query until everything stops; a query that was refused at its start is in error until it is reset.
pub(crate) fn run(pipeline: &Pipeline, refusal: &mut Option<Error>) {
    let component = &pipeline.component;
    component.set(State::Running);
    if let Some(error) = refusal.take() {
        failed(&pipeline.shared, component, &error);
    }
    // One that lost its seat has to catch up alone before it takes another.
    let mut may_sit = true;
    while !pipeline.shared.is_stopping(component) {
        match step(pipeline, &mut may_sit) {
            Ok(Outcome::Advanced) => component.set(State::Running),
            Ok(Outcome::CaughtUp) => {
                pipeline.rest();
                if std::mem::replace(&mut may_sit, true) {
                    component.bell.wait(LOOK);
                }
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
    pipeline.shared.set_timer(component, None);
    stopped(&pipeline.shared, component);
}

fn step(pipeline: &Pipeline, may_sit: &mut bool) -> Result<Outcome, Error> {
    pipeline.shared.damages.check(pipeline.component.number)?;
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
        // A requested reset that has not begun must not be lost.
        pipeline.component.reset.fetch_or(is_to_come && reset.is_some(), Ordering::AcqRel);
        if !built? {
            return Ok(Outcome::Unready);
        }
    }
    if due.or(reset).is_some() {
        pipeline.component.recovered();
    }
    if *may_sit {
        *may_sit = false;
        if pipeline.work_seated()? {
            return Ok(Outcome::Advanced);
        }
        *may_sit = true;
    }
    pipeline.run()
}

/// Waits for the upstreams, and shows it if one of them is in error and may never be ready.
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
    if recovery::of_state(resume, pipeline.settings.recovery) == Decision::Stop {
        failed(&pipeline.shared, component, &broken(&component.id, upstream, resume, Keeps::State));
        return;
    }
    tracing::warn!(query = %component.id, upstream, ?resume, "rebuilding from the upstream's snapshot");
    match pipeline.rebuild(Building::Rebuilt) {
        Ok(true) => component.recovered(),
        Ok(false) => unready(&pipeline.shared, component),
        Err(error) => failed(&pipeline.shared, component, &error),
    }
}
