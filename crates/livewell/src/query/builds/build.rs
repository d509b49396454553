//! A build that was asked for, and what has become of it.

use crate::Error;
use crate::component::lock::lock;
use crate::query::pipeline::Pipeline;
use livewell_store::Moment;
use livewell_store::head::Building;
use std::sync::{Arc, Mutex};

/// A query's build, as it was asked for.
pub(in crate::query) struct Build {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) why: Building,
    /// Where the rows begin; `None`: where the upstreams are.
    pub(super) at: Option<Moment>,
    /// Whether it has a pass of its own.
    pub(super) is_alone: bool,
    ending: Mutex<Open>,
}

/// How far a build is.
enum Open {
    /// It waits for a pass.
    Waits,
    /// A pass makes it.
    Begun,
    /// Something has become of it, which was taken or not.
    No(Option<Ending>),
}

/// What has become of a build.
pub(in crate::query) enum Ending {
    /// The query has its new rows.
    Built,
    /// An upstream has to make progress first, or has begun another history meanwhile: the caller asks again.
    Unready,
    /// It takes so long that the caller asks for a pass of its own.
    Long,
    Failed(Error),
}

impl Build {
    pub(super) fn new(
        pipeline: &Arc<Pipeline>,
        (why, at): (Building, Option<Moment>),
        is_alone: bool,
    ) -> Self {
        Self { pipeline: pipeline.clone(), why, at, is_alone, ending: Mutex::new(Open::Waits) }
    }

    pub(super) fn feeds(&self) -> &[u32] {
        &self.pipeline.component.follows
    }

    /// Returns why the rows are built, and where they begin.
    pub(in crate::query) fn why(&self) -> (Building, Option<Moment>) {
        (self.why, self.at)
    }

    /// Takes what has become of it; `None` if that is open.
    pub(in crate::query) fn ending(&self) -> Option<Ending> {
        match &mut *lock(&self.ending) {
            Open::Waits | Open::Begun => None,
            Open::No(ending) => ending.take(),
        }
    }

    /// Takes back what was asked for, unless it has begun. Returns whether that was so.
    pub(in crate::query) fn withdraw(&self) -> bool {
        let mut known = lock(&self.ending);
        let waits = matches!(*known, Open::Waits);
        if waits {
            *known = Open::No(None);
        }
        waits
    }

    /// Begins it, unless it was taken back.
    pub(super) fn begin(&self) -> bool {
        let mut known = lock(&self.ending);
        let waits = matches!(*known, Open::Waits);
        if waits {
            *known = Open::Begun;
        }
        waits
    }

    /// Tells what has become of it, unless that is told.
    pub(super) fn settle(&self, ending: Ending) {
        let mut known = lock(&self.ending);
        if !matches!(*known, Open::No(_)) {
            *known = Open::No(Some(ending));
            drop(known);
            self.pipeline.component.show_built(None);
            self.pipeline.component.bell.ring();
        }
    }
}
