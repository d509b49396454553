//! The pipeline of a query: receive, step, commit, announce.
//!
//! One call of [`Pipeline::run`] takes in as many transactions as there are (within the limits), steps the engine over
//! each under an overlay, and submits everything they changed in ONE write set: operator state, live rows, outbox
//! entries, sequence, checkpoints. Nothing is [announced](Pipeline::announce) before it is durable.

use crate::Error;
use crate::component::Component;
use crate::component::measures::Measures;
use crate::component::shared::Shared;
use crate::feed::elements::{self, Lens};
use crate::feed::follow::{self, Found, Group, ReadMost, Upstream};
use crate::feed::retention;
use crate::feed::stuck::{Reach, reach};
use crate::observe::Work;
use crate::query::state::QueryState;
use crate::router::{Attached, Timing};
use crate::settings::Query;
use livewell_model::codec::Writer;
use livewell_model::{AppliedTransaction, Diff, QueryResult, Timestamp};
use livewell_query::{Engine, Meter};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::{EpochRecord, Head};
use livewell_store::keyspace::log_key;
use livewell_store::{Durations, Overlay, Resume, Snapshot, Ticket, Version, WriteSet, compare};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A query at work.
pub(crate) struct Pipeline {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) settings: Query,
    pub(crate) engine: Engine,
    pub(crate) config_hash: u64,
    pub(crate) upstreams: Vec<Upstream>,
    /// Its right to a seat at a router, if one can read for it.
    pub(crate) attached: Option<Attached>,
}

/// The outcome of a run.
pub(crate) enum Outcome {
    /// Something was taken in; there may be more.
    Stepped(Submitted),
    /// There is nothing new.
    CaughtUp,
    /// Waiting: the outbox is full of results that a follower still has to read, or an upstream has to make progress.
    Full,
    /// An upstream cannot simply be followed further.
    Broken {
        /// The upstream's index in the list.
        upstream: usize,
        /// How to resume.
        resume: Resume,
    },
}

/// What was stepped over, whose commit has no outcome yet.
pub(crate) struct Submitted {
    pub(crate) ticket: Ticket,
    pub(crate) step: Step,
}

/// A step, to be announced once it is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// The query's version after it.
    pub(crate) version: Version,
    /// How many results it has put into the outbox.
    pub(crate) results: u64,
    /// The last position that it has taken in.
    pub(crate) position: u64,
    /// When it began, and when its changes were handed to the store.
    pub(crate) span: (Instant, Instant),
}

impl Submitted {
    /// Sets when the step began, whose changes were handed to the store just now, and counts it.
    pub(super) fn since(mut self, began: Instant, steps: &Durations) -> Self {
        let done = Instant::now();
        steps.record(done - began);
        self.step.span = (began, done);
        self
    }
}

impl Pipeline {
    /// The pipeline of a query: receive, step, commit; the caller announces the step when the commit has succeeded.
    /// Takes in nothing that comes after position `through`.
    pub(crate) fn run(&self, through: u64) -> Result<Outcome, Error> {
        let began = Instant::now();
        let snapshot = self.shared.store.snapshot()?;
        let limits = &self.shared.limits;
        let most = ReadMost { entries: limits.step_transactions_max, bytes: limits.step_bytes_max };
        let (marks, number) = (&self.shared.marks, self.component.number);
        let found = follow::read(&snapshot, marks, number, &self.upstreams, most)?;
        let mut groups = match found {
            Found::Groups(groups) => groups,
            Found::Broken { upstream, resume, until, .. } => {
                let is_waiting = reach(&self.shared, &snapshot, &self.upstreams, until)? == Reach::Coming;
                return Ok(if is_waiting { Outcome::Full } else { Outcome::Broken { upstream, resume } });
            }
        };
        groups.truncate(groups.partition_point(|group| group.position <= through));
        if groups.is_empty() {
            // The timers of rows that are about to be replaced are nobody's.
            if through == u64::MAX {
                self.announce_timer(self.timing(&self.state(&snapshot)?)?);
            }
            return Ok(Outcome::CaughtUp);
        }
        let lenses = self.lenses(&snapshot, &groups)?;
        let Some((mut state, taken)) = self.step_many(&snapshot, &groups, &lenses)? else {
            return Ok(Outcome::Full);
        };
        self.put_checkpoints(&snapshot, &mut state, &groups[..taken])?;
        let submitted = self.submit(&snapshot, state)?;
        Ok(Outcome::Stepped(submitted.since(began, &self.shared.measures.steps)))
    }

    /// Announces a step, which is durable.
    pub(crate) fn announce(&self, step: Step) {
        self.component.progressed(step.results);
        if step.results > 0 {
            let Measures { arrivals, results, .. } = &self.shared.measures;
            arrivals.ages([step.position], |age| results.record(age));
        }
        let (began, done) = step.span;
        self.component.worked(&Work { began, done, position: step.position, entries: step.results });
        self.shared.bells.ring(self.component.number);
    }

    /// Steps over as many groups as succeed and fit. Returns `None` if the outbox has no room for any result.
    ///
    /// What a failed transaction wrote must not stay, so the transactions before it are stepped again without it; it
    /// then fails alone, at the beginning of the next run.
    fn step_many(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        groups: &[Group],
        lenses: &[Lens],
    ) -> Result<Option<(QueryState, usize)>, Error> {
        let head = self.head(snapshot)?;
        let room = retention::room(&self.shared, &self.component, &self.settings.outbox, &**snapshot, &head)?;
        if room == 0 {
            return Ok(None);
        }
        if groups[0].is_begun() {
            return self.step_large(snapshot, &groups[0], lenses).map(|state| Some((state, 1)));
        }
        // A large one comes alone.
        let mut end = groups.iter().position(Group::is_begun).unwrap_or(groups.len());
        loop {
            let generation = head.generation;
            let overlay = Overlay::new(snapshot.clone());
            let state = QueryState::new(overlay, self.component.number, generation, head.clone());
            let mut state = state.within(self.meter(), &self.engine);
            match self.step_each(&mut state, &groups[..end], lenses, head.sequence.saturating_add(room)) {
                Ok(taken) => return Ok(Some((state, taken))),
                Err((0, error)) => return Err(error),
                Err((_, error)) if error.is_cancelled() => return Err(error),
                Err((failed, _)) => end = failed,
            }
        }
    }

    /// Creates the meter for the memory of a step. The step ends soon if the query has to stop or to be rebuilt.
    pub(crate) fn meter(&self) -> Meter {
        let (shared, component) = (self.shared.clone(), self.component.clone());
        Meter::cancelled_by(self.settings.limits.step_bytes, move || shared.is_interrupted(&component))
    }

    /// Steps over the groups until the sequence or what is written reaches its limit; the error says which one failed.
    fn step_each(
        &self,
        state: &mut QueryState,
        groups: &[Group],
        lenses: &[Lens],
        sequence_max: u64,
    ) -> Result<usize, (usize, Error)> {
        let one_of_many = self.attached.as_ref().filter(|attached| attached.is_open());
        for (at, group) in groups.iter().enumerate() {
            if state.head.sequence >= sequence_max || at > 0 && self.is_much(state) {
                return Ok(at);
            }
            let transaction = elements::transaction(group, lenses).map_err(|error| (at, error))?;
            if one_of_many.is_some_and(|attached| attached.skips(&transaction))
                && !self.is_due(state, &transaction).map_err(|error| (at, error))?
            {
                state.head.position = transaction.position;
                state.head.timestamp = state.head.timestamp.max(transaction.timestamp);
                continue;
            }
            self.step_one(state, &transaction).map_err(|error| (at, error))?;
        }
        Ok(groups.len())
    }

    /// Returns whether the common writes of several transactions are so many that they leave too little of the memory
    /// to the next one.
    pub(super) fn is_much(&self, state: &QueryState) -> bool {
        state.overlay.in_memory() > self.settings.limits.step_bytes / 4
    }

    /// Fires the timers that are due by the transaction's time, moment by moment, then takes in the transaction.
    pub(super) fn step_one(
        &self,
        state: &mut QueryState,
        transaction: &AppliedTransaction,
    ) -> Result<(), Error> {
        let told = transaction.timestamp;
        let now = state.head.timestamp.max(told);
        state.head.position = transaction.position;
        while self.engine.tells_time()
            && let Some(due) = self.engine.next_due(state)?.filter(|due| *due <= now)
        {
            let diffs = self.engine.tick(state, due).map_err(|error| self.name(error, transaction))?;
            self.put_result(state, due, diffs);
            state.check().map_err(|error| self.name(error, transaction))?;
        }
        let at_now = (told != now).then(|| AppliedTransaction { timestamp: now, ..transaction.clone() });
        let stepped = self.engine.step(state, at_now.as_ref().unwrap_or(transaction));
        let diffs = stepped.map_err(|error| self.name(error, transaction))?;
        state.head.timestamp = now;
        self.put_result(state, told, diffs);
        state.check().map_err(|error| self.name(error, transaction))
    }

    /// Returns whether a timer is due by a transaction's time.
    fn is_due(&self, state: &QueryState, transaction: &AppliedTransaction) -> Result<bool, Error> {
        let Timing { own, due } = self.timing(state)?;
        Ok(due.is_some_and(|due| due <= own.max(transaction.timestamp)))
    }

    /// Returns how far the query's time has come, and when its first timer is due.
    pub(super) fn timing(&self, state: &QueryState) -> Result<Timing, Error> {
        let due = if self.engine.tells_time() { self.engine.next_due(state)? } else { None };
        Ok(Timing { own: state.head.timestamp, due })
    }

    /// Announces when the query's first timer is due, so that time continues even if nothing comes.
    pub(super) fn announce_timer(&self, Timing { own, due }: Timing) {
        if self.engine.tells_time() {
            self.shared.set_timer(&self.component, due.map(|due| (due, own)));
        }
    }

    /// Puts diffs into the outbox as the result at the head's position; none take no sequence.
    pub(crate) fn put_result(&self, state: &mut QueryState, timestamp: Timestamp, diffs: Vec<Diff>) {
        if diffs.is_empty() {
            return;
        }
        let head = &mut state.head;
        head.sequence += 1;
        let Head { sequence, position, .. } = *head;
        let mut bytes = Writer::new();
        bytes.result(&QueryResult { sequence, position, timestamp, diffs });
        head.log_entries += 1;
        head.log_bytes += bytes.bytes.len() as u64;
        state.overlay.put(log_key(self.component.number, head.epoch, head.sequence), bytes.bytes);
    }

    /// Moves the checkpoint in each upstream past what was taken in.
    fn put_checkpoints(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        state: &mut QueryState,
        groups: &[Group],
    ) -> Result<(), Error> {
        let Some(position) = groups.last().map(|group| group.position) else { return Ok(()) };
        let mut last = BTreeMap::new();
        for item in groups.iter().flat_map(|group| &group.items) {
            last.insert(item.upstream, item.entry.sequence);
        }
        for (at, upstream) in self.upstreams.iter().enumerate() {
            let mut checkpoint = follow::checkpoint(&**snapshot, self.component.number, upstream)?;
            checkpoint.sequence = last.get(&at).copied().unwrap_or(checkpoint.sequence);
            checkpoint.position = position;
            state.overlay.put(Checkpoint::key(self.component.number, upstream.number), checkpoint.encode());
        }
        Ok(())
    }

    /// Submits everything that a step changed, under the version it read.
    pub(crate) fn submit(&self, snapshot: &Arc<dyn Snapshot>, state: QueryState) -> Result<Submitted, Error> {
        let number = self.component.number;
        let QueryState { mut overlay, mut head, failure, .. } = state;
        failure.map_or(Ok(()), Err)?;
        retention::evict(&self.shared, &self.component, &self.settings.outbox, &mut head, &mut overlay)?;
        let begun = Head::read(&**snapshot, number)?.filter(|before| before.epoch == head.epoch);
        let begun = begun.map_or(0, |before| before.sequence);
        let expected = compare::read_version(&**snapshot, number)?;
        let version = Version { epoch: head.epoch, commit: expected.commit + 1 };
        let mut set = WriteSet { feed: number, expected, next: version, ..WriteSet::default() };
        overlay.put(Head::key(number), head.encode());
        overlay.into_writes(&mut set);
        let results = head.sequence.saturating_sub(begun);
        let (position, now) = (head.position, Instant::now());
        let step = Step { version, results, position, span: (now, now) };
        Ok(Submitted { ticket: self.shared.group.submit(set), step })
    }

    /// Waits until a part of long work is durable.
    pub(super) fn wait(&self, Submitted { ticket, step }: Submitted) -> Result<(), Error> {
        ticket.wait()?;
        self.component.progressed(step.results);
        Ok(())
    }

    /// Returns the identity of the state that an engine keeps; if it changes, the state has to be rebuilt.
    pub(crate) fn fingerprint_of(engine: &Engine) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&engine.encoding())
    }

    pub(crate) fn head(&self, snapshot: &Arc<dyn Snapshot>) -> Result<Head, Error> {
        Ok(Head::read(&**snapshot, self.component.number)?.unwrap_or_default())
    }

    fn lenses(&self, snapshot: &Arc<dyn Snapshot>, groups: &[Group]) -> Result<Vec<Lens>, Error> {
        let epoch_of = |at: usize| {
            let mut items = groups.iter().flat_map(|group| &group.items);
            items.find(|item| item.upstream == at).map(|item| item.epoch)
        };
        let lens = |(at, upstream): (usize, &Upstream)| lens(snapshot, upstream, epoch_of(at));
        self.upstreams.iter().enumerate().map(lens).collect()
    }

    pub(super) fn name(&self, error: livewell_query::StepError, transaction: &AppliedTransaction) -> Error {
        let mut error = Error::from(error);
        let changed: Vec<String> =
            transaction.changes.iter().take(3).map(|change| change.id().to_string()).collect();
        error.message = format!(
            "`{}` cannot take in the transaction at position {} (changes {}{}): {}",
            self.component.id,
            transaction.position,
            changed.join(", "),
            if transaction.changes.len() > 3 { ", ..." } else { "" },
            error.message
        );
        error
    }
}

/// Returns the lens by which the entries of an upstream's epoch (the present one if `None`) become elements.
pub(crate) fn lens(
    snapshot: &Arc<dyn Snapshot>,
    upstream: &Upstream,
    epoch: Option<u64>,
) -> Result<Lens, Error> {
    let mut columns = Vec::new();
    if upstream.is_query {
        let present = Head::read(&**snapshot, upstream.number)?.unwrap_or_default().epoch;
        let record = EpochRecord::read(&**snapshot, upstream.number, epoch.unwrap_or(present))?;
        columns = record.unwrap_or_default().columns;
    }
    Ok(Lens { upstream: upstream.clone(), columns })
}
