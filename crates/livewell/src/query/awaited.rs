//! The base that a query waits for, and what it does meanwhile.

use super::base::Base;
use super::due::Due;
use super::pipeline::{Pipeline, Submitted};
use super::state::QueryState;
use crate::Error;
use crate::feed::follow::open;
use crate::feed::stuck::{Reach, reach};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::{Building, EpochRecord};
use livewell_store::{Head, Moment, Overlay, Snapshot};
use std::sync::Arc;

impl Pipeline {
    /// Takes the base of a build, at a moment if one is given. If upstreams come no further by themselves, the base is
    /// where they are.
    pub(super) fn base(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        at: Option<Moment>,
    ) -> Result<Option<Base>, Error> {
        let (marks, upstreams) = (&self.shared.marks, &self.upstreams);
        if let Some(at) = at {
            let base = Base::take_at(snapshot, marks, self.component.number, upstreams, at)?;
            if base.is_some() {
                return Ok(base);
            }
            let position = self.begin_at(snapshot, at)?.position;
            if reach(&self.shared, snapshot, upstreams, position)? != Reach::Stuck {
                return Ok(None);
            }
        }
        Base::take(snapshot, marks, upstreams)
    }

    /// Returns where a base begins that is to be at this moment: there, or where the last epoch of the upstreams does.
    fn begin_at(&self, snapshot: &Arc<dyn Snapshot>, at: Moment) -> Result<Moment, Error> {
        Base::begin_at(snapshot, &self.upstreams, at)
    }

    /// Records that the rows are to be built as of a moment. From then on the old rows are not stepped any more.
    pub(super) fn mark_due(&self, why: Building, at: Moment) -> Result<Submitted, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let number = self.component.number;
        let head = Head { building: Some(why), ..self.head(&snapshot)? };
        let mut overlay = Overlay::new(snapshot.clone());
        overlay.put(Due::key(number), Due { at, former: None }.encode());
        self.submit(&snapshot, QueryState::new(overlay, number, head.generation, head))
    }

    /// Moves the checkpoints of a query that waits for its base past what the base will have, but for feeds that are
    /// `read` first, so that no upstream waits for it.
    pub(super) fn pass_by(&self, at: Moment, read: impl Fn(u32) -> bool) -> Result<Option<Submitted>, Error> {
        // Sources wait for nobody here: their logs are read again to undo what comes after the base.
        if self.upstreams.iter().all(|upstream| !upstream.is_query) {
            return Ok(None);
        }
        let snapshot = self.shared.store.snapshot()?;
        let (number, head) = (self.component.number, self.head(&snapshot)?);
        if head.building.is_none() {
            return Ok(None);
        }
        let begin = self.begin_at(&snapshot, at)?;
        let (mut overlay, mut has_moved) = (Overlay::new(snapshot.clone()), false);
        for upstream in self.upstreams.iter().filter(|upstream| !read(upstream.number)) {
            let Some(stored) = Checkpoint::read(&*snapshot, number, upstream.number)? else { continue };
            let above = open(&snapshot, upstream)?.head;
            let is_behind = (stored.epoch, stored.sequence) < (above.epoch, above.sequence);
            if is_behind && above.position <= begin.position {
                let (epoch, sequence, position) = (above.epoch, above.sequence, above.position);
                let record = EpochRecord::read(&*snapshot, upstream.number, epoch)?.unwrap_or_default();
                let config_hash = record.config_hash;
                let moved = Checkpoint { epoch, sequence, position, config_hash, detail: Vec::new() };
                overlay.put(Checkpoint::key(number, upstream.number), moved.encode());
                has_moved = true;
            }
        }
        if !has_moved {
            return Ok(None);
        }
        self.submit(&snapshot, QueryState::new(overlay, number, head.generation, head)).map(Some)
    }
}
