//! Building together: queries over the same upstreams share one pass over the base, and each element is shown to those
//! that it concerns.
//!
//! A query asks for its build and waits. Whoever finds that too few passes run leads one in its turn, for all that wait
//! by then; so the first query begins at once, and those that come meanwhile go together. One whose steps take long
//! leaves the pass, and is built alone, so that it does not hold up the rest.

mod build;
mod pass;

pub(super) use build::{Build, Ending};

use super::pipeline::Pipeline;
use crate::component::lock::lock;
use livewell_store::head::Building;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// How many builds go together at most.
const TOGETHER_MAX: usize = 1_000;

/// The builds that wait, by the feeds that they read.
pub(crate) struct Builds {
    by_feeds: Mutex<BTreeMap<Vec<u32>, Waiting>>,
    /// How many passes over the same feeds run at once.
    passes_max: usize,
}

#[derive(Default)]
struct Waiting {
    builds: VecDeque<Arc<Build>>,
    passes: usize,
}

impl Default for Builds {
    fn default() -> Self {
        let passes_max = std::thread::available_parallelism().map_or(2, usize::from);
        Self { by_feeds: Mutex::default(), passes_max }
    }
}

impl Builds {
    /// Asks for a build; it is made once somebody [leads](Builds::lead).
    pub(super) fn ask(&self, pipeline: &Arc<Pipeline>, why: Building, is_alone: bool) -> Arc<Build> {
        let build = Arc::new(Build::new(pipeline, why, is_alone));
        let mut by_feeds = lock(&self.by_feeds);
        by_feeds.entry(build.feeds().to_vec()).or_default().builds.push_back(build.clone());
        build
    }

    /// Takes back what was asked for, unless it has begun.
    pub(super) fn withdraw(&self, build: &Arc<Build>) -> bool {
        let mut by_feeds = lock(&self.by_feeds);
        let Some(waiting) = by_feeds.get_mut(build.feeds()) else { return false };
        let before = waiting.builds.len();
        waiting.builds.retain(|other| !Arc::ptr_eq(other, build));
        waiting.builds.len() < before
    }

    /// Makes builds over these feeds together, unless as many passes run as may. Returns after one pass, and has the next
    /// one led by a query that waits for it.
    pub(super) fn lead(&self, feeds: &[u32]) {
        let Some(pass) = self.begin(feeds) else { return };
        pass::run(&pass.builds);
    }

    fn begin(&self, feeds: &[u32]) -> Option<Pass<'_>> {
        let mut by_feeds = lock(&self.by_feeds);
        let waiting = by_feeds.get_mut(feeds)?;
        if waiting.passes >= self.passes_max || waiting.builds.is_empty() {
            return None;
        }
        waiting.passes += 1;
        let together = waiting.builds.iter().take(TOGETHER_MAX).take_while(|build| !build.is_alone);
        let count = together.count().max(1);
        let builds = waiting.builds.drain(..count).collect();
        Some(Pass { all: self, feeds: feeds.to_vec(), builds })
    }
}

/// A pass that runs; at its end, another one may begin.
struct Pass<'b> {
    all: &'b Builds,
    feeds: Vec<u32>,
    builds: Vec<Arc<Build>>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Those that it has left open, since it panicked, ask again.
        self.builds.iter().for_each(|build| build.settle(Ending::Unready));
        let mut by_feeds = lock(&self.all.by_feeds);
        let Some(waiting) = by_feeds.get_mut(&self.feeds) else { return };
        waiting.passes -= 1;
        match waiting.builds.front() {
            Some(next) => next.pipeline.component.bell.ring(),
            None if waiting.passes == 0 => drop(by_feeds.remove(&self.feeds)),
            None => {}
        }
    }
}
