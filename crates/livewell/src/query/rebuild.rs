//! Rebuilding: a query's rows computed again from its upstreams' snapshots, beside the old ones.
//!
//! A new generation is [filled](crate::query::fill), [together](crate::query::builds) with those of others, in bounded commits, invisible and marked as garbage; one last commit
//! makes it the current one. Until then the old rows serve, and a crash leaves only garbage and the note that a rebuild
//! is due. What followers see of the last commit depends on the reason: a changed definition begins a new epoch with the new rows as
//! its base; a reset, a gap or an upgrade publishes the difference as ordinary results.

use crate::Error;
use crate::feed::reading::followed;
use crate::feed::retention;
use crate::query::base::Base;
use crate::query::difference::Difference;
use crate::query::due::Due;
use crate::query::pipeline::{Pipeline, Submitted};
use crate::query::state::{QueryState, parameters};
use livewell_model::Diff;
use livewell_query::StepError;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::entries_of;
use livewell_store::head::{Building, EpochEnd, EpochRecord, Head};
use livewell_store::{Feed, Moment, Overlay, Snapshot, catalog, sweep};
use std::sync::Arc;

/// The most diffs in one result of a difference.
const DIFFS_MAX: usize = 10_000;

impl Pipeline {
    /// Records that a rebuild is due, and over which base, and marks the new generation as garbage until it is the current one.
    pub(super) fn begin_build(&self, base: &Base, why: Building) -> Result<(u32, Submitted), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let mut head = self.head(&snapshot)?;
        head.last_generation += 1;
        head.building = Some(why);
        let generation = head.last_generation;
        let mut overlay = Overlay::new(snapshot.clone());
        for prefix in sweep::generation(self.component.number, generation) {
            mark(&mut overlay, &prefix);
        }
        // The checkpoints hold everything that comes after the base, which the build undoes and the query follows.
        // Those of old rows do, and stay until the switch; those of a new query are where its upstreams were when it
        // was added, and an upstream can be ahead of the base.
        match why {
            Building::New => self.put_checkpoints_at(base, &*snapshot, &mut overlay)?,
            Building::Changed | Building::Rebuilt => self.hold_back(base, &*snapshot, &mut overlay)?,
        }
        // Whoever goes on after a kill builds over the same base.
        overlay.put(Due::key(self.component.number), Due { at: base.moment(), former: None }.encode());
        let state = QueryState::new(overlay, self.component.number, head.generation, head);
        Ok((generation, self.submit(&snapshot, state)?))
    }

    /// Stores checkpoints at the base, and removes those in feeds that the query no longer reads.
    fn put_checkpoints_at(
        &self,
        base: &Base,
        snapshot: &dyn Snapshot,
        overlay: &mut Overlay,
    ) -> Result<(), Error> {
        for feed in followed(snapshot, self.component.number)?.into_keys() {
            overlay.delete(Checkpoint::key(self.component.number, feed));
        }
        for (upstream, at) in self.upstreams.iter().zip(&base.upstreams) {
            overlay.put(Checkpoint::key(self.component.number, upstream.number), at.checkpoint.encode());
        }
        Ok(())
    }

    /// Takes checkpoints back to the base that are beyond it: the old rows did not follow that upstream, or have seen
    /// more of it than is left.
    fn hold_back(&self, base: &Base, snapshot: &dyn Snapshot, overlay: &mut Overlay) -> Result<(), Error> {
        for (upstream, at) in self.upstreams.iter().zip(&base.upstreams) {
            let Some(stored) = Checkpoint::read(snapshot, self.component.number, upstream.number)? else {
                continue;
            };
            let at = &at.checkpoint;
            if stored.epoch == at.epoch && stored.sequence > at.sequence {
                overlay.put(Checkpoint::key(self.component.number, upstream.number), at.encode());
            }
        }
        Ok(())
    }

    /// Makes the commit that switches to the new generation, whose rows are counted by `rows`.
    pub(super) fn switch(
        &self,
        base: &Base,
        generation: u32,
        rows: &Head,
        why: Building,
    ) -> Result<Submitted, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let number = self.component.number;
        let old = self.head(&snapshot)?;
        let mut head = Head { generation, building: None, rows: rows.rows, rows_hash: rows.rows_hash, ..old };
        head.position = base.position;
        head.timestamp = head.timestamp.max(base.timestamp);
        let mut overlay = Overlay::new(snapshot.clone());
        self.put_checkpoints_at(base, &*snapshot, &mut overlay)?;
        overlay.delete(Due::key(number));
        for prefix in sweep::generation(number, generation) {
            unmark(&mut overlay, &prefix);
        }
        for prefix in sweep::generation(number, old.generation) {
            mark(&mut overlay, &prefix);
        }
        let mut state = QueryState::new(overlay, number, generation, head);
        let begin = Some(base.moment());
        match why {
            Building::New => self.renew_epoch(&mut state, begin),
            Building::Changed => {
                self.change_epoch(&snapshot, &mut state, &old, begin, "its definition was changed")?;
            }
            Building::Rebuilt => self.put_rebuilt(&snapshot, &mut state, &old, begin)?,
        }
        self.submit(&snapshot, state)
    }

    /// Publishes the difference as results. If the old rows are damaged, it is not known what followers hold beyond
    /// them: then a new epoch begins, and followers take all of the new rows.
    fn put_rebuilt(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        old: &Head,
        begin: Option<Moment>,
    ) -> Result<(), Error> {
        match self.check_rows(snapshot, old) {
            Ok(()) => {
                let record = EpochRecord::read(&**snapshot, self.component.number, old.epoch)?;
                self.renew_epoch(state, record.unwrap_or_default().begin);
                self.put_difference(snapshot, state, old)
            }
            Err(damage) if damage.is_damage() => {
                tracing::warn!(query = %self.component.id, code = damage.code, "a new epoch begins, since the old rows are damaged: {damage}");
                self.change_epoch(snapshot, state, old, begin, "its rows were damaged")
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the rows that `head` counts.
    fn check_rows(&self, snapshot: &Arc<dyn Snapshot>, head: &Head) -> Result<(), Error> {
        let Some(feed) = Feed::open(snapshot.clone(), self.component.number)? else { return Ok(()) };
        let meter = self.meter();
        for entry in feed.whole_of(head)? {
            entry?;
            meter.tick().map_err(StepError::from)?;
        }
        Ok(())
    }

    /// Stores the current definition with the epoch of the new rows, which begins here.
    fn renew_epoch(&self, state: &mut QueryState, begin: Option<Moment>) {
        let record = EpochRecord {
            config_hash: self.config_hash,
            fingerprint: Self::fingerprint_of(&self.engine),
            columns: self.engine.columns().to_vec(),
            parameters: parameters(&self.engine),
            begin,
            end: None,
        };
        state.overlay.put(EpochRecord::key(self.component.number, state.head.epoch), record.encode());
    }

    /// Ends the old epoch, whose outbox stays until its followers have drained it, and begins a new one.
    fn change_epoch(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        old: &Head,
        begin: Option<Moment>,
        reason: &str,
    ) -> Result<(), Error> {
        let number = self.component.number;
        let mut ended = EpochRecord::read(&**snapshot, number, old.epoch)?.unwrap_or_default();
        ended.end = Some(EpochEnd { sequence: old.sequence, low: old.low, reason: reason.into() });
        state.overlay.put(EpochRecord::key(number, old.epoch), ended.encode());
        let epoch = catalog::next_epoch(&**snapshot, &self.component.id)?;
        let mut counter = livewell_store::WriteSet::default();
        catalog::put_epoch(&mut counter, &self.component.id, epoch);
        for (key, value) in counter.writes {
            state.overlay.put(key, value.unwrap_or_default());
        }
        let head = &mut state.head;
        (head.epoch, head.sequence, head.low) = (epoch, 0, 1);
        (head.log_entries, head.log_bytes) = (0, 0);
        self.renew_epoch(state, begin);
        Ok(())
    }

    /// Drops the outboxes of old epochs that all followers have drained.
    pub(crate) fn drop_drained(&self) -> Result<(), Error> {
        use livewell_store::keyspace::{Key, Space};
        let snapshot = self.shared.store.snapshot()?;
        let (number, head) = (self.component.number, self.head(&snapshot)?);
        let drained = retention::drained(&*snapshot, number, head.epoch)?;
        if drained.is_empty() {
            return Ok(());
        }
        let mut overlay = Overlay::new(snapshot.clone());
        for epoch in drained {
            mark(&mut overlay, &Key::new(Space::Log).number(number).long(epoch).done());
            overlay.delete(EpochRecord::key(number, epoch));
        }
        let generation = head.generation;
        self.wait(self.submit(&snapshot, QueryState::new(overlay, number, generation, head))?)
    }

    /// Puts what differs between the old rows and the new ones into the outbox.
    fn put_difference(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        old: &Head,
    ) -> Result<(), Error> {
        let number = self.component.number;
        let before = entries_of(&**snapshot, number, old.generation, None)?;
        let after = entries_of(&**snapshot, number, state.head.generation, None)?;
        let (mut diffs, meter) = (Vec::new(), self.meter());
        for diff in Difference::new(before, after) {
            meter.tick().map_err(StepError::from)?;
            diffs.push(diff?);
            if diffs.len() == DIFFS_MAX {
                self.put_diffs(state, std::mem::take(&mut diffs));
                // All of them together may be more than memory holds.
                state.overlay.relieve(&*self.shared.store)?;
            }
        }
        self.put_diffs(state, diffs);
        Ok(())
    }

    fn put_diffs(&self, state: &mut QueryState, mut diffs: Vec<Diff>) {
        diffs.sort_by_key(Diff::order);
        let timestamp = state.head.timestamp;
        self.put_result(state, timestamp, diffs);
    }
}

fn mark(overlay: &mut Overlay, prefix: &[u8]) {
    let mut set = livewell_store::WriteSet::default();
    sweep::mark(&mut set, prefix);
    set.writes.into_iter().for_each(|(key, _)| overlay.put(key, Vec::new()));
}

fn unmark(overlay: &mut Overlay, prefix: &[u8]) {
    let mut set = livewell_store::WriteSet::default();
    sweep::unmark(&mut set, prefix);
    set.writes.into_iter().for_each(|(key, _)| overlay.delete(key));
}
