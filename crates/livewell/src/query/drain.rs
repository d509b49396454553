//! Follows what a query was to the place where it changes.
//!
//! Before new rows take the place of old ones, the old ones are stepped to exactly there. So where a definition ends,
//! and how many results it has, does not depend on how far its thread was when the change came.

use super::due::{Due, Former};
use super::pipeline::{Outcome, Pipeline, Submitted};
use super::state::QueryState;
use crate::Error;
use crate::feed::stuck::{Reach, reach};
use crate::query::hash::of_query;
use livewell_query::Engine;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::EpochRecord;
use livewell_store::{Head, Overlay, Snapshot};
use std::sync::Arc;

/// What is left to do before a build.
pub(super) struct Drain {
    /// The query as it was.
    pipeline: Arc<Pipeline>,
    /// The last position that it takes in.
    through: u64,
}

/// The outcome of a turn.
pub(super) enum Drained {
    /// Something was taken in.
    Stepped(Submitted),
    /// The outbox has no room, or an upstream is not there yet.
    Waits,
    /// The old rows are as far as they get.
    Done,
}

impl Drain {
    /// The query as it was, up to the change; `None` if there is nothing to follow.
    pub(super) fn of_former(
        pipeline: &Pipeline,
        snapshot: &Arc<dyn Snapshot>,
        due: &Due,
    ) -> Result<Option<Self>, Error> {
        let Some(former) = &due.former else { return Ok(None) };
        let former = pipeline.former(snapshot, former)?.map(Arc::new);
        Ok(former.map(|pipeline| Self { pipeline, through: due.at.position }))
    }

    /// Takes in what comes next of what comes before the change.
    pub(super) fn turn(&self) -> Result<Drained, Error> {
        let Self { pipeline, through } = self;
        // Asked first: what an upstream puts out until it is there is then in the log that is read.
        let is_there = self.is_there()?;
        match pipeline.run(*through) {
            Ok(Outcome::Stepped(submitted)) => Ok(Drained::Stepped(submitted)),
            Ok(Outcome::Full) => Ok(Drained::Waits),
            Ok(Outcome::CaughtUp) if !is_there => Ok(Drained::Waits),
            Ok(Outcome::CaughtUp | Outcome::Broken { .. }) => Ok(Drained::Done),
            Err(error) if error.passes_by_itself() || error.is_cancelled() => Err(error),
            Err(error) => {
                let (query, code) = (&pipeline.component.id, error.code);
                tracing::info!(query = %query, code, "the former rows end before this: {error}");
                Ok(Drained::Done)
            }
        }
    }

    /// Returns whether nothing more comes before the change.
    fn is_there(&self) -> Result<bool, Error> {
        let Pipeline { shared, upstreams, .. } = &*self.pipeline;
        Ok(reach(shared, &shared.store.snapshot()?, upstreams, self.through)? != Reach::Coming)
    }

    /// Returns whether the old rows come from this feed.
    pub(super) fn reads(&self, feed: u32) -> bool {
        self.pipeline.upstreams.iter().any(|one| one.number == feed)
    }
}

impl Pipeline {
    /// Returns the pipeline of a former definition. Returns `None` if this version of Livewell steps it otherwise than
    /// the one that made the rows, or what it reads is gone: the rows then end where they are.
    fn former(&self, snapshot: &Arc<dyn Snapshot>, former: &Former) -> Result<Option<Self>, Error> {
        let head = self.head(snapshot)?;
        let record = EpochRecord::read(&**snapshot, self.component.number, head.epoch)?.unwrap_or_default();
        let Some(mut settings) = former.query() else { return Ok(None) };
        let engine = Engine::compile_with(&settings.cypher, &settings.params, &settings.engine_settings());
        let Ok(engine) = engine else { return Ok(None) };
        for upstream in &former.upstreams {
            let is_followed =
                Checkpoint::read(&**snapshot, self.component.number, upstream.number)?.is_some();
            if !is_followed || Head::read(&**snapshot, upstream.number)?.is_none() {
                return Ok(None);
            }
        }
        let made = (of_query(&settings, &former.upstreams), Self::fingerprint_of(&engine));
        if made != (record.config_hash, record.fingerprint) {
            return Ok(None);
        }
        settings.outbox = self.settings.outbox.clone();
        Ok(Some(Self {
            shared: self.shared.clone(),
            component: self.component.clone(),
            settings,
            engine,
            config_hash: record.config_hash,
            upstreams: former.upstreams.clone(),
            attached: None,
        }))
    }

    /// Records that the former rows are as far as they get. Returns `None` if there are none, or that is recorded.
    pub(super) fn end_former(&self) -> Result<Option<Submitted>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let (number, head) = (self.component.number, self.head(&snapshot)?);
        let due = Due::read(&*snapshot, number)?.filter(|due| due.former.is_some());
        let Some(due) = due.filter(|_| head.building.is_some()) else { return Ok(None) };
        let mut overlay = Overlay::new(snapshot.clone());
        overlay.put(Due::key(number), Due { former: None, ..due }.encode());
        self.submit(&snapshot, QueryState::new(overlay, number, head.generation, head)).map(Some)
    }
}
