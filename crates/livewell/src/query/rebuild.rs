//! Rebuilding: a query's rows computed again from its upstreams' snapshots, beside the old ones.
//!
//! A new generation is filled in bounded commits, invisible and marked as garbage; one last commit makes it the current
//! one. Until then the old rows serve, and a crash leaves only garbage and the note that a rebuild is due. What
//! followers see of the last commit depends on the reason: a changed definition begins a new epoch with the new rows as
//! its base; a reset, a gap or an upgrade publishes the difference as ordinary results.

use crate::Error;
use crate::feed::follow::followed;
use crate::feed::retention;
use crate::query::base::Base;
use crate::query::difference::Difference;
use crate::query::pipeline::Pipeline;
use crate::query::state::QueryState;
use livewell_model::{Diff, Element, Timestamp};
use livewell_query::StepError;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::entries_of;
use livewell_store::head::{Building, EpochEnd, EpochRecord, Head};
use livewell_store::{Feed, IndexError, Overlay, Snapshot, catalog, sweep};
use std::sync::Arc;

/// The most diffs in one result of a difference.
const DIFFS_MAX: usize = 10_000;
/// How many elements of a part are taken in at once if all of them would need too much memory.
const PIECE: usize = 100;
/// How many parts of a base are taken in together at most, if an expression has no value without all of them.
const PARTS_TOGETHER_MAX: usize = 16;

/// A build in progress.
struct Build {
    generation: u32,
    /// The base's time.
    now: Timestamp,
    /// The head that counts the new rows.
    rows: Head,
    /// Whether the first step, from an empty state, was taken.
    begun: bool,
}

impl Pipeline {
    /// Rebuilds the query's rows for this reason. Returns false if an upstream has to make progress first.
    pub(crate) fn rebuild(&self, why: Building) -> Result<bool, Error> {
        // No source takes in or trims anything until the base is held.
        let turn = self.shared.positions.take();
        let snapshot = self.shared.store.snapshot()?;
        let Some(base) = Base::take(&snapshot, &self.upstreams)? else { return Ok(false) };
        tracing::info!(query = %self.component.id, ?why, "rebuilding the rows");
        let generation = self.begin_build(&base, why)?;
        drop(turn);
        self.fill(&base, generation)?;
        self.switch(&base, generation, why)?;
        self.shared.bells.ring(self.component.number);
        Ok(true)
    }

    /// Records that a rebuild is due, and marks the new generation as garbage until it is the current one.
    fn begin_build(&self, base: &Base, why: Building) -> Result<u32, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let mut head = self.head(&snapshot)?;
        head.last_generation += 1;
        head.building = Some(why);
        let generation = head.last_generation;
        let mut overlay = Overlay::new(snapshot.clone());
        for prefix in sweep::generation(self.component.number, generation) {
            mark(&mut overlay, &prefix);
        }
        // The checkpoints hold everything that comes after the base. Those of old rows do, and stay until the switch;
        // those of a new query are where its upstreams were when it was added, and an upstream can be ahead of the
        // base.
        if why == Building::New {
            self.put_checkpoints_at(base, &*snapshot, &mut overlay)?;
        }
        let state = QueryState::new(overlay, self.component.number, head.generation, head);
        self.commit(&snapshot, state)?;
        Ok(generation)
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

    /// Feeds the upstreams' elements into the new generation, part by part.
    ///
    /// The graph between two parts was never true, and an expression may have no value there although it has one over
    /// the whole base: such a part is taken in together with the next one, up to a limit.
    fn fill(&self, base: &Base, generation: u32) -> Result<(), Error> {
        let size = self.shared.limits.rebuild_elements_max;
        let mut build = Build { generation, now: base.timestamp, rows: Head::default(), begun: false };
        let (mut part, meter) = (Vec::new(), self.meter());
        for upstream in &base.upstreams {
            for element in upstream.elements(base.timestamp)? {
                meter.tick().map_err(StepError::from)?;
                part.push(element?);
                if part.len() % size != 0 {
                    continue;
                }
                match self.fill_pieces(&mut build, &part) {
                    Ok(()) => part.clear(),
                    Err(error) if error.is_of_a_value() && part.len() < size * PARTS_TOGETHER_MAX => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.fill_pieces(&mut build, &part)
    }

    /// Takes in a part of the base, in pieces if the whole part would need more memory than a step may use.
    fn fill_pieces(&self, build: &mut Build, part: &[(Element, Timestamp)]) -> Result<(), Error> {
        match self.fill_part(build, part) {
            Err(over) if over.is_over_budget() && part.len() > PIECE => {
                for piece in part.chunks(PIECE) {
                    match self.fill_part(build, piece) {
                        // The parts had to be taken in together, so smaller pieces are not possible.
                        Err(error) if error.is_of_a_value() => return Err(over),
                        filled => filled?,
                    }
                }
                Ok(())
            }
            filled => filled,
        }
    }

    /// Makes one bounded commit of the build; the first one also steps from the empty state.
    fn fill_part(&self, build: &mut Build, part: &[(Element, Timestamp)]) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let overlay = Overlay::new(snapshot.clone());
        let number = self.component.number;
        let state = QueryState::new(overlay, number, build.generation, build.rows.clone());
        let mut state = state.within(self.meter());
        let stepped = if build.begun {
            self.engine.base(&mut state, part, build.now)
        } else {
            self.engine.begin_over(&mut state, part, build.now)
        };
        stepped.map_err(|error| self.name_part(error, part))?;
        build.begun = true;
        // The count of the new rows is kept aside; that of the current head stays as it is.
        build.rows = std::mem::replace(&mut state.head, self.head(&snapshot)?);
        self.store_build(&mut state.overlay, &build.rows);
        self.commit(&snapshot, state)
    }

    /// Adds to an error at which part of the base a step failed.
    fn name_part(&self, error: StepError, part: &[(Element, Timestamp)]) -> Error {
        let mut error = Error::from(error);
        if let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) {
            error.message = format!(
                "`{}` cannot take in {} elements of its base, from {} to {}: {}",
                self.component.id,
                part.len(),
                first.id(),
                last.id(),
                error.message
            );
        }
        error
    }

    /// Stores the build's own head beside the state of its rows, so that the switch finds the count.
    fn store_build(&self, overlay: &mut Overlay, rows: &Head) {
        overlay.put(build_key(self.component.number), rows.encode());
    }

    /// Makes the commit that switches to the new generation.
    fn switch(&self, base: &Base, generation: u32, why: Building) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let number = self.component.number;
        let old = self.head(&snapshot)?;
        let built = snapshot.get(&build_key(number))?;
        let built = built.ok_or_else(|| IndexError::corrupted("a build has no count of its rows"))?;
        let built = Head::from_bytes(&built)?;
        let mut head =
            Head { generation, building: None, rows: built.rows, rows_hash: built.rows_hash, ..old };
        head.position = base.position;
        head.timestamp = head.timestamp.max(base.timestamp);
        let mut overlay = Overlay::new(snapshot.clone());
        overlay.delete(build_key(number));
        self.put_checkpoints_at(base, &*snapshot, &mut overlay)?;
        for prefix in sweep::generation(number, generation) {
            unmark(&mut overlay, &prefix);
        }
        for prefix in sweep::generation(number, old.generation) {
            mark(&mut overlay, &prefix);
        }
        let mut state = QueryState::new(overlay, number, generation, head);
        match why {
            Building::New => self.renew_epoch(&mut state)?,
            Building::Changed => {
                self.change_epoch(&snapshot, &mut state, &old, "its definition was changed")?;
            }
            Building::Rebuilt => self.put_rebuilt(&snapshot, &mut state, &old)?,
        }
        self.commit(&snapshot, state)
    }

    /// Publishes the difference as results. If the old rows are damaged, it is not known what followers hold beyond
    /// them: then a new epoch begins, and followers take all of the new rows.
    fn put_rebuilt(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        old: &Head,
    ) -> Result<(), Error> {
        match self.check_rows(snapshot, old) {
            Ok(()) => {
                self.renew_epoch(state)?;
                self.put_difference(snapshot, state, old)
            }
            Err(damage) if damage.is_damage() => {
                tracing::warn!(query = %self.component.id, "a new epoch begins, since the old rows are damaged: {damage}");
                self.change_epoch(snapshot, state, old, "its rows were damaged")
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

    /// Returns the current definition of the query's epoch.
    pub(crate) fn epoch_record(&self) -> EpochRecord {
        let columns = self.engine.columns().to_vec();
        EpochRecord {
            config_hash: self.config_hash,
            fingerprint: Self::fingerprint_of(&self.engine),
            columns,
            end: None,
        }
    }

    /// Makes the rows the base of the epoch that began with the query.
    fn renew_epoch(&self, state: &mut QueryState) -> Result<(), Error> {
        let record = self.epoch_record();
        state.overlay.put(EpochRecord::key(self.component.number, state.head.epoch), record.encode());
        Ok(())
    }

    /// Ends the old epoch, whose outbox stays until its followers have drained it, and begins a new one.
    fn change_epoch(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        old: &Head,
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
        self.renew_epoch(state)
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
        self.commit(&snapshot, QueryState::new(overlay, number, generation, head))
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

/// Returns the key of the count of a build's rows: with the feed's operator state, in a generation that is never used.
fn build_key(feed: u32) -> Vec<u8> {
    use livewell_store::keyspace::{Key, Space};
    Key::new(Space::State).number(feed).number(0).rest(b"build")
}

fn mark(overlay: &mut Overlay, prefix: &[u8]) {
    let mut set = livewell_store::WriteSet::default();
    sweep::mark(&mut set, prefix);
    set.writes.into_keys().for_each(|key| overlay.put(key, Vec::new()));
}

fn unmark(overlay: &mut Overlay, prefix: &[u8]) {
    let mut set = livewell_store::WriteSet::default();
    sweep::unmark(&mut set, prefix);
    set.writes.into_keys().for_each(|key| overlay.delete(key));
}
