//! How a reaction begins: where it was, in a target that is another one than before, or from what is true now.

use super::deliver::{Delivery, Moved, wrap};
use super::detail::Detail;
use crate::Error;
use crate::feed::follow::{self, Upstream};
use crate::run::recovery::{self, Decision, Keeps, broken};
use livewell_reaction::{Reached, Role, Start, Started};
use livewell_store::{Resume, Snapshot};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Delivery {
    /// Starts the reaction from its checkpoint.
    pub(super) fn start(&mut self) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        if self.component.take_reset().is_some() {
            let reset = self.reset(&snapshot);
            let is_to_come = reset.as_ref().is_err_and(Error::passes_by_itself);
            self.component.reset.fetch_or(is_to_come, Ordering::AcqRel);
            return reset;
        }
        self.check_history(&snapshot)?;
        let stored = self.stored(&snapshot)?;
        let identity = self.reaction.identity();
        let is_another = stored.is_about_another(&identity);
        if is_another {
            tracing::info!(reaction = %self.component.id, before = stored.identity, now = identity, "another target");
        }
        let known = Some(stored.of_kind.as_slice()).filter(|detail| !detail.is_empty() && !is_another);
        let started = self.begin(&snapshot, known)?;
        // A copy of another query's results is not a copy of this one's.
        let ids = || self.upstreams.iter().map(|upstream| upstream.id.as_str());
        let is_other = |there: &Reached| ids().all(|id| id != there.query_id);
        let keeps_other = !started.reached.is_empty() && started.reached.iter().all(is_other);
        let lacks_rows = keeps_other || is_another;
        self.rebuild = started.rebuild || lacks_rows && self.reaction.role() == Role::StateKeeper;
        let moved = self.reached(&snapshot, &started.reached)?;
        if started.detail != stored.of_kind || identity != stored.identity || !moved.is_empty() {
            self.commit(&snapshot, &moved, &started.detail)?;
        }
        Ok(())
    }

    /// Stops before anything outside changes if a person has to decide first: what a trigger has done in another
    /// history, such as the file it wrote, is not cut back to the state of this one. State-keepers are started, because
    /// they know themselves what they hold.
    fn check_history(&self, snapshot: &Arc<dyn Snapshot>) -> Result<(), Error> {
        let keeps = Keeps::from(self.reaction.role());
        if keeps == Keeps::State {
            return Ok(());
        }
        for (at, upstream) in self.upstreams.iter().enumerate() {
            let (feed, checkpoint) = (follow::open(snapshot, upstream)?, self.checkpoint(snapshot, at)?);
            let resume = feed.resume(&checkpoint)?;
            let decision = recovery::of_trigger(&resume, self.recovery, &checkpoint, &feed.head);
            if resume == Resume::OtherEpoch && decision == Decision::Stop {
                self.count_recovery(&resume, decision);
                return Err(broken(&self.component.id, &upstream.id, &resume, keeps));
            }
        }
        Ok(())
    }

    fn begin(&mut self, snapshot: &Arc<dyn Snapshot>, detail: Option<&[u8]>) -> Result<Started, Error> {
        let head = |upstream: &Upstream| {
            let head = follow::open(snapshot, upstream)?.head;
            let (epoch, sequence, position) = (head.epoch, head.sequence, head.position);
            Ok(Reached { query_id: upstream.id.as_str().into(), epoch, sequence, position })
        };
        let heads = self.upstreams.iter().map(head).collect::<Result<Vec<_>, Error>>()?;
        let store = format!("{:032x}", self.shared.store.id().0);
        let clock = self.shared.clock.clone();
        let now = Arc::new(move || clock.now());
        let attempts = self.component.attempts.clone();
        let start =
            Start { store: &store, reaction: &self.component.id, detail, heads: &heads, now, attempts };
        let begun = self.notes.begin();
        let started = self.reaction.start(&start);
        started.inspect_err(|error| self.notes.not_started(&begun, error)).map_err(wrap(&self.component.id))
    }

    /// Returns the stored checkpoints that differ from those that a target keeps itself.
    fn reached(&self, snapshot: &Arc<dyn Snapshot>, reached: &[Reached]) -> Result<Moved, Error> {
        let mut moved = Moved::new();
        for (at, upstream) in self.upstreams.iter().enumerate() {
            let Some(there) = reached.iter().find(|there| there.query_id == upstream.id) else { continue };
            let here = self.checkpoint(snapshot, at)?;
            if (here.epoch, here.sequence) != (there.epoch, there.sequence) {
                tracing::info!(
                    reaction = %self.component.id, query = %upstream.id, here = here.sequence, there = there.sequence,
                    "continuing from the checkpoint of the target",
                );
                moved.insert(at, (there.epoch, there.sequence, there.position));
            }
        }
        Ok(moved)
    }

    /// Goes on from what is true now, whatever was missed.
    fn reset(&mut self, snapshot: &Arc<dyn Snapshot>) -> Result<(), Error> {
        let started = self.begin(snapshot, None)?;
        self.rebuild = self.reaction.role() == Role::StateKeeper;
        let mut moved = Moved::new();
        // A copy is replaced before the checkpoint moves, so that a crash in between does not look like success.
        let passed = if self.rebuild { &[] } else { self.upstreams.as_slice() };
        for (at, upstream) in passed.iter().enumerate() {
            let head = follow::open(snapshot, upstream)?.head;
            let here = self.checkpoint(snapshot, at)?;
            let left_out = head.sequence.saturating_sub(here.sequence);
            if here.epoch == head.epoch && left_out > 0 {
                let (reaction, upstream) = (&self.component.id, &upstream.id);
                tracing::warn!(%reaction, query = %upstream, code = "LW0546", left_out, "the reset leaves out results that were not delivered");
            }
            moved.insert(at, (head.epoch, head.sequence, head.position));
        }
        self.commit(snapshot, &moved, &started.detail)
    }

    /// Returns what the reaction keeps with its first checkpoint.
    pub(super) fn stored(&self, snapshot: &Arc<dyn Snapshot>) -> Result<Detail, Error> {
        Ok(Detail::decode(&self.reaction.identity(), &self.checkpoint(snapshot, 0)?.detail))
    }
}
