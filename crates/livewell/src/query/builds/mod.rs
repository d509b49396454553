//! Building together: queries over the same upstreams share one pass over the base, and each element is shown to those
//! that it concerns.
//!
//! A query asks for its build and waits. A builder, a thread that lasts while there is something to build, makes a pass
//! for all that wait by then; so the first query begins at once, and those that come meanwhile go together. About as
//! many passes run as there are cores. One that takes long does not count, and a build whose steps take long leaves its
//! pass and is made alone, so that it does not hold up the rest.

mod build;
mod pass;

pub(super) use build::{Build, Ending};

use super::pipeline::Pipeline;
use crate::component::lock::lock;
use livewell_store::Moment;
use livewell_store::head::Building;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How many builds go together at most.
const TOGETHER_MAX: usize = 1_000;
/// Builds that begin at more places than this go together, at the last of these: one pass for each would take too long.
const PLACES_MAX: usize = 8;
/// A pass that takes longer does not count.
const LONG: Duration = Duration::from_secs(2);
/// How many builders there may be beyond those that count.
const MORE_MAX: usize = 32;

/// The builds that wait, and the builders.
pub(crate) struct Builds {
    state: Mutex<State>,
    /// How many passes run at once.
    passes_max: usize,
}

#[derive(Default)]
struct State {
    /// The longest first.
    waiting: VecDeque<Arc<Build>>,
    /// Since when each builder has been at its pass.
    passes: HashMap<usize, Instant>,
    /// The number of the last builder.
    last: usize,
}

impl Default for Builds {
    fn default() -> Self {
        let passes_max = std::thread::available_parallelism().map_or(2, usize::from);
        Self { state: Mutex::default(), passes_max }
    }
}

impl Builds {
    /// Asks for a build.
    pub(super) fn ask(
        self: &Arc<Self>,
        pipeline: &Arc<Pipeline>,
        why: (Building, Option<Moment>),
        is_alone: bool,
    ) -> Arc<Build> {
        let build = Arc::new(Build::new(pipeline, why, is_alone));
        self.lock().waiting.push_back(build.clone());
        self.look(pipeline);
        build
    }

    /// Starts one more builder, if something waits and too few passes run that do not take long.
    pub(super) fn look(self: &Arc<Self>, pipeline: &Pipeline) {
        let mut state = self.lock();
        let counting = state.passes.values().filter(|since| since.elapsed() < LONG).count();
        let is_wanted = !state.waiting.is_empty()
            && counting < self.passes_max
            && state.passes.len() < self.passes_max + MORE_MAX;
        if !is_wanted {
            return;
        }
        state.last += 1;
        let builder = Builder { all: self.clone(), number: state.last };
        match std::thread::Builder::new().name("builder".into()).spawn(move || builder.run()) {
            Ok(thread) => {
                let number = state.last;
                state.passes.insert(number, Instant::now());
                drop(state);
                pipeline.shared.keep_thread(thread);
            }
            // Who waits looks again.
            Err(error) => {
                tracing::warn!(query = %pipeline.component.id, code = "LW0502", "no thread to build its rows: {error}");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Returns whether builds over these feeds begin at more places than passes should be made for.
    fn is_scattered(&self, feeds: &[u32]) -> bool {
        let builds = self.waiting.iter().filter(|build| !build.is_alone && build.feeds() == feeds);
        let places: BTreeSet<_> = builds.filter_map(|build| build.at).map(|at| at.position).collect();
        places.len() > PLACES_MAX
    }

    /// Takes the builds that go together with the first, of those that were not taken back.
    fn take(&mut self) -> Vec<Arc<Build>> {
        let Some(first) = std::iter::from_fn(|| self.waiting.pop_front()).find(|build| build.begin()) else {
            return Vec::new();
        };
        let mut together = vec![first];
        if !together[0].is_alone {
            let is_scattered = self.is_scattered(together[0].feeds());
            let mut left = VecDeque::with_capacity(self.waiting.len());
            for build in self.waiting.drain(..) {
                let first = &together[0];
                let is_near =
                    build.at == first.at || is_scattered && build.at.is_some() && first.at.is_some();
                let fits = together.len() < TOGETHER_MAX
                    && !build.is_alone
                    && build.feeds() == first.feeds()
                    && is_near;
                match fits {
                    true if build.begin() => together.push(build),
                    true => {}
                    false => left.push_back(build),
                }
            }
            self.waiting = left;
        }
        together
    }
}

/// A builder.
struct Builder {
    all: Arc<Builds>,
    number: usize,
}

impl Builder {
    /// Makes passes as long as something waits.
    fn run(self) {
        loop {
            let builds = {
                let mut state = self.all.lock();
                let builds = state.take();
                if builds.is_empty() {
                    state.passes.remove(&self.number);
                    return;
                }
                state.passes.insert(self.number, Instant::now());
                builds
            };
            let together = Together(builds);
            pass::run(&together.0);
        }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.all.lock().passes.remove(&self.number);
    }
}

/// Builds of one pass; those that it leaves open, since it has panicked, ask again.
struct Together(Vec<Arc<Build>>);

impl Drop for Together {
    fn drop(&mut self) {
        self.0.iter().for_each(|build| build.settle(Ending::Unready));
    }
}
