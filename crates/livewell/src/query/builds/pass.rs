//! One pass over a base, for several builds.

use super::build::{Build, Ending};
use crate::Error;
use crate::component::built::Built;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::query::base::{Base, Piece};
use crate::query::fill::Filling;
use crate::query::pipeline::Submitted;
use crate::router::Index;
use crate::run::supervise::panicked;
use livewell_model::{AppliedChange, Element, Timestamp};
use livewell_query::{Interest, Meter, StepError};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// After so long a time of its own, if that is half of all, a build leaves the pass.
const LONG: Duration = Duration::from_secs(2);
/// How many parts of a base are taken in together at most, if an expression has no value without all of them.
const PARTS_TOGETHER_MAX: usize = 16;
/// After so many elements, the commits of those that have stepped over them are waited for.
const SUBMITTED_MAX: usize = 50_000;

/// Makes these builds, which are over the same upstreams, and settles each.
pub(super) fn run(builds: &[Arc<Build>]) {
    let Some(shared) = builds.first().map(|build| build.pipeline.shared.clone()) else { return };
    let mut pass = Pass::new(shared, builds);
    let made = pass.make();
    for member in std::mem::take(&mut pass.members).into_values() {
        member.build.settle(match &made {
            Err(error) if !error.is_transient() => Ending::Failed(error.to_all()),
            _ => Ending::Unready,
        });
    }
}

/// A pass.
struct Pass {
    shared: Arc<Shared>,
    /// The builds that are not settled.
    members: BTreeMap<usize, Member>,
    /// Whom an element concerns; without it, each takes in all.
    index: Option<Index>,
    /// How long the steps of all took.
    took: Duration,
}

struct Member {
    build: Arc<Build>,
    filling: Filling,
    /// What it has still to step over.
    part: Vec<(Element, Timestamp)>,
    took: Duration,
}

impl Member {
    fn interest(&self) -> Option<&Interest> {
        self.build.pipeline.attached.as_ref().map(|attached| attached.interest())
    }
}

impl Pass {
    fn new(shared: Arc<Shared>, builds: &[Arc<Build>]) -> Self {
        let member = |build: &Arc<Build>| Member {
            build: build.clone(),
            filling: Filling::default(),
            part: Vec::new(),
            took: Duration::ZERO,
        };
        let members: BTreeMap<_, _> = builds.iter().map(member).enumerate().collect();
        let mut index = (members.len() >= shared.limits.routed_from.max(2)).then(Index::default);
        if let Some(index) = &mut index {
            members.iter().for_each(|(number, member)| drop(index.enter(*number, member.interest())));
        }
        Self { shared, members, index, took: Duration::ZERO }
    }

    /// Makes the builds; those that are left are not ready.
    fn make(&mut self) -> Result<(), Error> {
        let shared = self.shared.clone();
        let Some(mut base) = self.begin()? else { return Ok(()) };
        let mut built = Built::begin(base.elements);
        self.show(built);
        let meter = Meter::cancelled_by(usize::MAX, move || shared.stopping.load(Ordering::Acquire));
        let size = self.shared.limits.rebuild_elements_max.max(1);
        while !self.members.is_empty() {
            match base.piece(&*self.shared.store, size, &meter)? {
                Piece::Elements(elements) => {
                    built.add(elements.len());
                    self.deal(elements);
                    self.step(size);
                    self.show(built);
                }
                Piece::End => self.end(&base),
                Piece::Lost(upstream) => {
                    tracing::info!(upstream, "the upstream begins again, and so do the builds over it");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Takes the base, and notes in each query that it is built. Returns `None` if an upstream is not ready.
    fn begin(&mut self) -> Result<Option<Base>, Error> {
        let shared = self.shared.clone();
        let Some(first) = self.members.values().next() else { return Ok(None) };
        let pipeline = first.build.pipeline.clone();
        // All have one, or none has: the rows of those before the last begin later than they could.
        let at = self.members.values().filter_map(|member| member.build.at).max();
        // No source takes in or trims anything until the base is held.
        let turn = shared.positions.take();
        let snapshot = shared.store.snapshot()?;
        let Some(base) = pipeline.base(&snapshot, at)? else {
            drop(turn);
            self.pass_by();
            return Ok(None);
        };
        self.each(|member| {
            let Build { pipeline, why, .. } = &*member.build;
            tracing::info!(query = %pipeline.component.id, why = why.name(), "building the rows");
            pipeline.component.set(State::Running);
            let (generation, submitted) = pipeline.begin_build(&base, *why)?;
            member.filling = Filling::new(generation, base.timestamp);
            Ok(Some(submitted))
        });
        shared.forget_looks(&pipeline.component.follows);
        drop(turn);
        Ok(Some(base))
    }

    /// Moves the checkpoints of those that wait past what the base will have, so that no upstream waits for them.
    fn pass_by(&mut self) {
        self.each(|Member { build, .. }| match build.at {
            Some(at) => build.pipeline.pass_by(at, |_| false),
            None => Ok(None),
        });
    }

    /// Shows in each query how far its build is.
    fn show(&self, built: Built) {
        self.members.values().for_each(|member| member.build.pipeline.component.show_built(Some(built)));
    }

    /// Deals elements out to those that they concern.
    fn deal(&mut self, elements: Vec<(Element, Timestamp)>) {
        let Self { members, index, .. } = self;
        let Some(index) = index else {
            members.values_mut().for_each(|member| member.part.extend(elements.iter().cloned()));
            return;
        };
        let mut found = Vec::new();
        for (element, changed) in elements {
            let insert = AppliedChange { before: None, after: Some(element) };
            index.candidates(&insert, &mut found);
            found.sort_unstable();
            found.dedup();
            for number in found.drain(..) {
                let Some(member) = members.get_mut(&number) else { continue };
                if member.interest().is_none_or(|interest| interest.is_touched_by(&insert)) {
                    member.part.extend(insert.after.clone().map(|element| (element, changed)));
                }
            }
        }
    }

    /// Steps over what was dealt out. An expression may have no value over a part of a base, and one over all of it: then
    /// the part waits for more, up to a limit.
    fn step(&mut self, size: usize) {
        self.each(|member| {
            let Member { build, filling, part, .. } = member;
            if part.is_empty() {
                return Ok(None);
            }
            match build.pipeline.fill(filling, part) {
                Ok(submitted) => {
                    part.clear();
                    Ok(Some(submitted))
                }
                Err(error) if error.is_of_a_value() && part.len() < size * PARTS_TOGETHER_MAX => Ok(None),
                Err(error) => Err(error),
            }
        });
        self.leave_long_ones();
    }

    /// Steps over the rest, switches each query to its new rows, and settles its build.
    fn end(&mut self, base: &Base) {
        self.each(|Member { build, filling, part, .. }| {
            if part.is_empty() && filling.has_begun() {
                return Ok(None);
            }
            build.pipeline.fill(filling, part).map(Some)
        });
        self.each(|Member { build, filling, .. }| {
            build.pipeline.switch(base, filling.generation, filling.rows(), build.why).map(Some)
        });
        for Member { build, .. } in std::mem::take(&mut self.members).into_values() {
            self.shared.bells.ring(build.pipeline.component.number);
            build.settle(Ending::Built);
        }
    }

    /// Has those leave that take most of the time.
    fn leave_long_ones(&mut self) {
        let is_long = |member: &Member| member.took > LONG && member.took > self.took / 2;
        let long: Vec<usize> = match self.members.len() {
            0 | 1 => Vec::new(),
            _ => {
                self.members.iter().filter(|(_, member)| is_long(member)).map(|(number, _)| *number).collect()
            }
        };
        for number in long {
            tracing::info!("one of {} builds takes most of the time, and goes on alone", self.members.len());
            self.settle(number, Ending::Long);
        }
    }

    fn settle(&mut self, number: usize, ending: Ending) {
        if let Some(member) = self.members.remove(&number) {
            member.build.settle(ending);
        }
    }

    /// Calls each, and waits for the commits that they submit. Whose call or commit fails is settled with the error; who
    /// is to stop or to begin again leaves.
    fn each(&mut self, call: impl Fn(&mut Member) -> Result<Option<Submitted>, Error>) {
        let (mut submitted, mut elements) = (Vec::new(), 0);
        let numbers: Vec<usize> = self.members.keys().copied().collect();
        for number in numbers {
            let Some(member) = self.members.get_mut(&number) else { continue };
            elements += member.part.len();
            let begun = Instant::now();
            let called = caught(&member.build.clone(), || {
                if self.shared.is_interrupted(&member.build.pipeline.component) {
                    return Err(StepError::Cancelled.into());
                }
                call(member)
            });
            member.took += begun.elapsed();
            self.took += begun.elapsed();
            match called {
                Ok(commit) => submitted.extend(commit.map(|commit| (number, commit))),
                Err(error) => self.settle(number, Ending::Failed(error)),
            }
            if elements >= SUBMITTED_MAX {
                self.wait(&mut submitted);
                elements = 0;
            }
        }
        self.wait(&mut submitted);
    }

    fn wait(&mut self, submitted: &mut Vec<(usize, Submitted)>) {
        for (number, submitted) in submitted.drain(..) {
            let Some(member) = self.members.get(&number) else { continue };
            let build = member.build.clone();
            if let Err(error) = caught(&build, || build.pipeline.wait(submitted)) {
                self.settle(number, Ending::Failed(error));
            }
        }
    }
}

/// Calls; a panic is an error of this build alone.
fn caught<T>(build: &Build, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|panic| Err(panicked(&build.pipeline.component.id, &*panic)))
}
