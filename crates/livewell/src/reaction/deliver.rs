//! Delivery of query results by a reaction: receive, effect, checkpoint.
//!
//! It is the loop of a query, with an effect outside in place of a step: the checkpoint is committed after the effect,
//! never before, with the detail by which the reaction resumes outside.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::with_id;
use crate::feed::follow::{self, Found, Group, ReadMost, Upstream};
use crate::feed::stuck::{Reach, reach};
use crate::observe::Work;
use crate::reaction::dead_letters;
use crate::reaction::detail::Detail;
use crate::reaction::notes::{self, Notes};
use crate::run::backoff::{Backoff, Until};
use crate::run::recovery::{self, Decision, Keeps, broken, code};
use crate::run::supervise::{caught_up, failed, stopped};
use crate::settings::Recovery;
use livewell_model::codec::Reader;
use livewell_model::{QueryResult, SmolStr};
use livewell_reaction::{ErrorKind, Outgoing, Reaction, ReactionError, Style};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::EpochRecord;
use livewell_store::{Overlay, Resume, Snapshot, Version, WriteSet, compare};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How many dead letters are looked at together.
pub(super) const LETTERS_MAX: usize = 100;

/// Checkpoints that move, by upstream: epoch, sequence, position.
pub(super) type Moved = BTreeMap<usize, (u64, u64, u64)>;

/// A reaction at work.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) recovery: Recovery,
    pub(crate) reaction: Box<dyn Reaction>,
    /// Whether a snapshot still has to replace what [`Reaction::start`] found missing.
    pub(crate) rebuild: bool,
    /// The earliest time to write the snapshot again.
    pub(crate) not_before: Instant,
    /// How its target is reached.
    pub(crate) backoff: Backoff,
    /// Notes what it tries.
    pub(crate) notes: Notes,
}

/// Runs a reaction until everything stops.
pub(crate) fn run(delivery: &mut Delivery) {
    let (shared, component) = (delivery.shared.clone(), delivery.component.clone());
    component.set(State::Running);
    let mut started = false;
    while !shared.is_stopping(&component) {
        let result = if started { delivery.step() } else { delivery.start().map(|()| true) };
        match result {
            // Many reactions start without contacting the target: only a later success shows that it is reachable.
            Ok(true) if !started => started = true,
            Ok(true) => {
                delivery.backoff.end();
                component.recovered();
            }
            Ok(false) => {
                delivery.backoff.has_answered();
                caught_up(&shared, &component);
                component.bell.wait(Duration::from_millis(500));
            }
            Err(error) => {
                started = false;
                let cause = cause(&error);
                match cause.map(ReactionError::kind).filter(|_| error.disk().is_none()) {
                    Some(ErrorKind::Wait) => delivery.backoff.show_away(&shared, &component, &error),
                    Some(ErrorKind::Retry) => component.fail(&error),
                    _ => {
                        failed(&shared, &component, &error);
                        continue;
                    }
                }
                shared.bells.ring(component.number);
                let asked = cause.and_then(ReactionError::after);
                delivery.backoff.pause(&shared, &component, asked, Until::AReset);
            }
        }
    }
    stopped(&shared, &component);
}

/// Returns the error of the reaction, if that is the cause.
pub(super) fn cause(error: &Error) -> Option<&ReactionError> {
    error.source.as_deref()?.downcast_ref()
}

impl Delivery {
    /// Makes one delivery; returns false if there is nothing to deliver.
    fn step(&mut self) -> Result<bool, Error> {
        self.shared.damages.check(self.component.number)?;
        if self.component.reset.load(Ordering::Acquire) {
            self.component.set(State::Running);
            self.start()?;
        }
        let component = self.component.clone();
        component.carry_out(|order| self.carry_out(order))?;
        if let Some(error) = self.lacks_room()? {
            self.wait_for_room(&error);
            return Ok(true);
        }
        let snapshot = self.shared.store.snapshot()?;
        match self.reaction.style() {
            Style::Results if !self.rebuild => self.step_results(&snapshot),
            _ => self.step_snapshot(&snapshot),
        }
    }

    pub(super) fn step_results(&mut self, snapshot: &Arc<dyn Snapshot>) -> Result<bool, Error> {
        let limits = &self.shared.limits;
        let most = ReadMost { entries: limits.step_transactions_max, bytes: limits.step_bytes_max };
        let marks = &self.shared.marks;
        match follow::read(snapshot, marks, self.component.number, &self.upstreams, most)? {
            Found::Groups(groups) if groups.is_empty() => Ok(false),
            Found::Groups(groups) => self.deliver(snapshot, &groups).map(|()| true),
            Found::Broken { until, .. }
                if reach(&self.shared, snapshot, &self.upstreams, until)? == Reach::Coming =>
            {
                Ok(false)
            }
            Found::Broken { upstream, resume, checkpoint, .. } => {
                self.recover(snapshot, upstream, &resume, &checkpoint)?;
                Ok(true)
            }
        }
    }

    fn deliver(&mut self, snapshot: &Arc<dyn Snapshot>, groups: &[Group]) -> Result<(), Error> {
        // While the target is away, that stays what is shown, and since when.
        if !self.backoff.is_away() {
            self.component.set(State::Running);
        }
        let mut results: Vec<(usize, u64, QueryResult)> = Vec::new();
        for item in groups.iter().flat_map(|group| &group.items) {
            let mut entry = Cow::Borrowed(&item.entry);
            if entry.is_begun {
                let feed = follow::open(snapshot, &self.upstreams[item.upstream])?;
                feed.complete(item.epoch, entry.to_mut())?;
            }
            let result = Reader::new("query result", &entry.bytes).result(entry.sequence)?;
            results.push((item.upstream, item.epoch, result));
        }
        let mut columns: BTreeMap<(usize, u64), Vec<SmolStr>> = BTreeMap::new();
        for (at, epoch, _) in &results {
            if let Entry::Vacant(place) = columns.entry((*at, *epoch)) {
                let record = EpochRecord::read(&**snapshot, self.upstreams[*at].number, *epoch)?;
                place.insert(record.unwrap_or_default().columns);
            }
        }
        let outgoing: Vec<Outgoing<'_>> = results
            .iter()
            .map(|(at, epoch, result)| Outgoing {
                query_id: &self.upstreams[*at].id,
                epoch: *epoch,
                columns: &columns[&(*at, *epoch)],
                result,
            })
            .collect();
        let mut done = 0;
        while done < outgoing.len()
            && !self.shared.is_stopping(&self.component)
            && self.lacks_room()?.is_none()
        {
            let began = Instant::now();
            let (begun, given) = (self.notes.begin(), &outgoing[done..]);
            let delivered = self.reaction.deliver(given);
            self.notes.tried(&begun, &delivered, |done| notes::results(given, done));
            let delivered = delivered.map_err(wrap(&self.component.id))?;
            let made = Instant::now();
            let effected = &results[done..done + delivered.results];
            self.count_effects(effected.iter().map(|(_, _, result)| result.position));
            let moved =
                effected.iter().map(|(at, epoch, result)| (*at, (*epoch, result.sequence, result.position)));
            let snapshot = self.shared.store.snapshot()?;
            self.commit_with(&snapshot, &moved.collect(), &delivered.detail, |overlay| {
                let now = self.shared.clock.now();
                dead_letters::put(overlay, &self.component, now, &delivered.dead)
            })?;
            let position = effected.last().map_or(0, |(_, _, result)| result.position);
            let entries = delivered.results as u64;
            self.component.worked(&Work { began, done: made, position, entries });
            done += delivered.results;
            // Each part that came through shows that the target is there.
            self.backoff.has_answered();
            self.component.recovered();
            self.component.set(State::Running);
        }
        Ok(())
    }

    /// Handles a feed that cannot simply be followed further: the reaction is brought to the live results, leaves out
    /// what is gone, or stops.
    fn recover(
        &mut self,
        snapshot: &Arc<dyn Snapshot>,
        at: usize,
        resume: &Resume,
        checkpoint: &Checkpoint,
    ) -> Result<(), Error> {
        let upstream = &self.upstreams[at];
        let keeps = Keeps::from(self.reaction.role());
        let decision = match keeps {
            Keeps::State => recovery::of_state(resume, self.recovery),
            Keeps::Nothing => {
                let head = follow::open(snapshot, upstream)?.head;
                recovery::of_trigger(resume, self.recovery, checkpoint, &head)
            }
        };
        self.count_recovery(resume, decision);
        match decision {
            Decision::Rebuild => {
                self.rebuild = true;
                Ok(())
            }
            Decision::Stop => Err(broken(&self.component.id, &upstream.id, resume, keeps)),
            Decision::SkipTo { epoch, sequence } => {
                if !matches!(resume, Resume::Changed { .. }) {
                    tracing::warn!(reaction = %self.component.id, query = %upstream.id, code = code(resume), sequence, "skipping what is gone");
                }
                let detail = self.stored(snapshot)?.of_kind;
                let moved = BTreeMap::from([(at, (epoch, sequence, checkpoint.position))]);
                self.commit(snapshot, &moved, &detail)
            }
        }
    }

    pub(super) fn count_recovery(&self, resume: &Resume, decision: Decision) {
        self.shared.measures.recovered(self.component.kind, resume, decision.outcome());
        self.component.recovers(resume, decision.outcome());
    }

    /// Counts how old the transactions at these positions are, whose effects are there now.
    pub(super) fn count_effects(&self, positions: impl IntoIterator<Item = u64>) {
        if let Some(effects) = &self.component.effects {
            self.shared.measures.arrivals.ages(positions, |age| effects.record(age));
        }
    }

    pub(super) fn checkpoint(&self, snapshot: &Arc<dyn Snapshot>, at: usize) -> Result<Checkpoint, Error> {
        follow::checkpoint(&**snapshot, self.component.number, &self.upstreams[at])
    }

    /// Commits the checkpoints that moved, and the detail, which is stored with the first upstream's.
    pub(super) fn commit(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        moved: &Moved,
        detail: &[u8],
    ) -> Result<(), Error> {
        self.commit_with(snapshot, moved, detail, |_| Ok(()))
    }

    /// Like `commit`, with what `more` adds.
    pub(super) fn commit_with(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        moved: &Moved,
        detail: &[u8],
        more: impl FnOnce(&mut Overlay) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let number = self.component.number;
        let expected = compare::read_version(&**snapshot, number)?;
        let next = Version { commit: expected.commit + 1, ..expected };
        let mut set = WriteSet { feed: number, expected, next, ..WriteSet::default() };
        let mut passed = 0;
        for (at, upstream) in self.upstreams.iter().enumerate() {
            let mut checkpoint = follow::checkpoint(&**snapshot, number, upstream)?;
            if let Some((epoch, sequence, position)) = moved.get(&at) {
                let begun = if checkpoint.epoch == *epoch { checkpoint.sequence } else { 0 };
                passed += sequence.saturating_sub(begun);
                (checkpoint.epoch, checkpoint.sequence, checkpoint.position) = (*epoch, *sequence, *position);
                let record = EpochRecord::read(&**snapshot, upstream.number, *epoch)?;
                checkpoint.config_hash = record.map_or(checkpoint.config_hash, |record| record.config_hash);
            }
            if at == 0 {
                checkpoint.detail = Detail::encode(&self.reaction.identity(), detail);
            }
            set.put(Checkpoint::key(number, upstream.number), checkpoint.encode());
        }
        let mut overlay = Overlay::new(snapshot.clone());
        more(&mut overlay)?;
        overlay.into_writes(&mut set);
        self.shared.group.commit(set)?;
        self.component.progressed(passed);
        // The queries may be waiting for room in their outboxes.
        self.upstreams.iter().for_each(|upstream| self.shared.bells.ring(upstream.number));
        self.shared.bells.ring(number);
        Ok(())
    }
}

/// Returns what wraps the error of the reaction `id` as an error of its component.
pub(super) fn wrap(id: &str) -> impl Fn(ReactionError) -> Error + '_ {
    move |error| Error {
        kind: crate::error::ErrorKind::Stopped,
        code: error.code(),
        message: with_id(&error.to_string(), id),
        source: Some(error.into()),
    }
}
