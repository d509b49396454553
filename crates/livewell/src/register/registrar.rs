//! Registration: enters components into the store, all of a configuration in one commit.
//!
//! A component starts where it was created: its first checkpoints are stored here, before any source is read, so there
//! is never a missing checkpoint later. A query over empty upstreams has its base at once; any other query is built
//! first.

use crate::Error;
use crate::component::definition::{self, Definition, Made, Spec};
use crate::component::shared::Shared;
use crate::feed::follow::Upstream;
use crate::feed::reading::{Reading, followed};
use crate::query::due::Due;
use crate::query::hash;
use crate::query::state::{QueryState, parameters};
use crate::settings::Query;
use livewell_model::Recovery;
use livewell_model::Timestamp;
use livewell_model::component::{ID_RULE, is_component_id};
use livewell_query::{Engine, Meter};
use livewell_source::unwind::Unwind;
use livewell_store::catalog::{self, CATALOG, Kind, Registered};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::{Building, EpochRecord, Head};
use livewell_store::{Moment, Overlay, Snapshot, Version, WriteSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Unfinished registrations.
pub(crate) struct Registrar<'a> {
    shared: &'a Shared,
    pub(super) snapshot: Arc<dyn Snapshot>,
    pub(super) catalog: WriteSet,
    pub(super) sets: Vec<WriteSet>,
    /// What is registered with this commit, or was found in the store, by id.
    known: BTreeMap<String, Known>,
    /// The components as their authors wrote them.
    specs: BTreeMap<String, Spec>,
}

/// What the registrar knows of a component.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) number: u32,
    kind: Kind,
    pub(super) head: Head,
    config_hash: u64,
    label: String,
    /// The latest time of the transactions of the sources that it comes from.
    time: Timestamp,
    /// Whether it is where the store is, so that nothing comes in it that belongs before this registration.
    is_current: bool,
}

/// A query after its registration.
pub(crate) struct RegisteredQuery {
    pub(crate) number: u32,
    pub(crate) config_hash: u64,
    pub(crate) upstreams: Vec<Upstream>,
    /// The feeds that its former definition still has to read, if it is changed.
    pub(crate) former: Vec<u32>,
    /// Why it has no first rows.
    pub(crate) refusal: Option<Error>,
}

impl<'a> Registrar<'a> {
    /// Begins after everything that was queued for a commit before; the caller holds the turn.
    pub(crate) fn begin(shared: &'a Shared, specs: BTreeMap<String, Spec>) -> Result<Self, Error> {
        let nothing = WriteSet::over(&*shared.store.snapshot()?, CATALOG)?;
        shared.group.commit(nothing)?;
        let snapshot = shared.store.snapshot()?;
        let catalog = WriteSet::over(&*snapshot, CATALOG)?;
        let (sets, known) = (Vec::new(), BTreeMap::new());
        Ok(Self { shared, snapshot, catalog, sets, known, specs })
    }

    /// Registers a source, or finds it. Queries over a source that `copies` wait for its copy; any other source begins
    /// empty.
    pub(crate) fn source(&mut self, id: &str, unwind: &[Unwind], copies: bool) -> Result<u32, Error> {
        let building = copies.then_some(Building::New);
        check_id(id)?;
        if let Some(known) = self.known(id, Kind::Source)? {
            // The rules that made its elements are recorded once other rules have made them.
            let unwind = definition::rules(&*self.snapshot, id)?;
            self.redefine(id, &known, Made::Source { unwind })?;
            return Ok(known.number);
        }
        let number = self.number(id, Kind::Source, Made::Source { unwind: unwind.to_vec() })?;
        let epoch = self.epoch(id)?;
        let head = Head { epoch, generation: 1, last_generation: 1, building, low: 1, ..Head::default() };
        let mut set = first_set(number, head.epoch);
        set.put(Head::key(number), head.encode());
        set.put(EpochRecord::key(number, head.epoch), EpochRecord::default().encode());
        self.sets.push(set);
        self.remember(id, number, Kind::Source, head, 0, id);
        Ok(number)
    }

    /// Registers a query, or finds it; records whether its definition or its plan has changed.
    pub(crate) fn query(
        &mut self,
        query: &Query,
        engine: &Engine,
        fingerprint: u64,
    ) -> Result<RegisteredQuery, Error> {
        check_id(&query.id)?;
        let upstreams = self.upstreams(&query.sources)?;
        if let Some(other) = upstreams.iter().find(|upstream| upstream.is_query && engine.tells_time()) {
            return Err(time_over_a_query(&query.id, &other.id));
        }
        let config_hash = hash::of_query(query, &upstreams);
        let label = query.label.clone().unwrap_or_else(|| query.id.clone());
        let mut former = Vec::new();
        let (number, refusal) = match self.known(&query.id, Kind::Query)? {
            Some(known) => {
                former = self.update_query(query, &known, (config_hash, fingerprint), &upstreams)?;
                if let Some(known) = self.known.get_mut(&query.id) {
                    known.label = label;
                }
                (known.number, None)
            }
            None => {
                let number = self.number(&query.id, Kind::Query, Made::of_query(query))?;
                let hashes = (config_hash, fingerprint);
                (number, self.new_query(query, engine, number, &upstreams, hashes, &label)?)
            }
        };
        Ok(RegisteredQuery { number, config_hash, upstreams, former, refusal })
    }

    /// Registers a new query. Returns the reason if the query has no value over the empty graph; it is then built from
    /// what there is when a person resets it, or when it is started again.
    fn new_query(
        &mut self,
        query: &Query,
        engine: &Engine,
        number: u32,
        upstreams: &[Upstream],
        (config_hash, fingerprint): (u64, u64),
        label: &str,
    ) -> Result<Option<Error>, Error> {
        // The upstreams were looked up before.
        let empty = query.sources.iter().all(|id| self.known.get(id).is_some_and(is_empty));
        let epoch = self.epoch(&query.id)?;
        let begin = self.now(upstreams)?;
        let (position, low) = (begin.position, 1);
        let head = Head { epoch, generation: 1, last_generation: 1, low, position, ..Head::default() };
        let unbuilt = || {
            let head = Head { building: Some(Building::New), ..head.clone() };
            let state = QueryState::new(Overlay::new(self.snapshot.clone()), number, 1, head);
            state.within(Meter::unlimited(), engine)
        };
        let mut refusal = None;
        let mut state = unbuilt();
        if empty {
            state.head.building = None;
            if let Err(error) = engine.begin(&mut state, Timestamp::default()) {
                refusal = Some(no_value_at_the_start(error.into())?);
                state = unbuilt();
            }
        }
        let (columns, parameters) = (engine.columns().to_vec(), parameters(engine));
        let begun = Some(begin);
        let record = EpochRecord { config_hash, fingerprint, columns, parameters, begin: begun, end: None };
        let mut set = first_set(number, epoch);
        set.put(EpochRecord::key(number, epoch), record.encode());
        set.put(Head::key(number), state.head.encode());
        if state.head.building.is_some() && refusal.is_none() {
            set.put(Due::key(number), Due { at: begin, former: None }.encode());
        }
        let head = state.head.clone();
        state.overlay.into_writes(&mut set);
        self.put_checkpoints(&mut set, number, upstreams)?;
        self.sets.push(set);
        self.remember(&query.id, number, Kind::Query, head, config_hash, label);
        if let Some(known) = self.known.get_mut(&query.id) {
            known.time = begin.time;
        }
        Ok(refusal)
    }

    /// Returns the moment of this registration, for what these queries and sources hold.
    pub(super) fn now(&self, upstreams: &[Upstream]) -> Result<Moment, Error> {
        let times =
            upstreams.iter().filter_map(|upstream| self.known.get(&upstream.id)).map(|known| known.time);
        Ok(Moment { position: catalog::position(&*self.snapshot)?, time: times.max().unwrap_or_default() })
    }

    /// Records the new definition of an existing component if it has changed. Returns whether it has.
    pub(super) fn redefine(&mut self, id: &str, known: &Known, made: Made) -> Result<bool, Error> {
        let definition = self.definition(id, made).text()?;
        let is_same = catalog::find(&*self.snapshot, id)?.is_some_and(|entry| entry.definition == definition);
        if !is_same {
            let entry = Registered { number: known.number, kind: known.kind, id: id.to_owned(), definition };
            self.catalog.put(entry.key(), entry.encode());
        }
        Ok(!is_same)
    }

    fn definition(&self, id: &str, made: Made) -> Definition {
        Definition { spec: self.specs.get(id).cloned().unwrap_or_default(), made }
    }

    /// Registers a reaction, or finds it.
    pub(crate) fn reaction(
        &mut self,
        id: &str,
        queries: &[String],
        recovery: Recovery,
    ) -> Result<(u32, Vec<Upstream>), Error> {
        check_id(id)?;
        let upstreams = self.upstreams(queries)?;
        let made = Made::Reaction { queries: queries.to_vec(), recovery };
        if let Some(known) = self.known(id, Kind::Reaction)? {
            let number = known.number;
            self.add_checkpoints(number, &upstreams)?;
            self.warn_of_undelivered(id, number, &upstreams)?;
            self.redefine(id, &known, made)?;
            return Ok((number, upstreams));
        }
        let number = self.number(id, Kind::Reaction, made)?;
        let mut set = first_set(number, 1);
        self.put_checkpoints(&mut set, number, &upstreams)?;
        self.sets.push(set);
        self.remember(id, number, Kind::Reaction, Head::default(), 0, id);
        Ok((number, upstreams))
    }

    /// Warns about results that a reaction leaves out because it no longer follows a query.
    fn warn_of_undelivered(&self, id: &str, number: u32, upstreams: &[Upstream]) -> Result<(), Error> {
        for (feed, checkpoint) in followed(&*self.snapshot, number)? {
            if upstreams.iter().any(|upstream| upstream.number == feed) {
                continue;
            }
            let Some(head) = Head::read(&*self.snapshot, feed)? else { continue };
            let left_out = head.sequence.saturating_sub(checkpoint.sequence);
            if head.epoch == checkpoint.epoch && left_out > 0 {
                tracing::warn!(
                    reaction = id,
                    query = catalog::named(&*self.snapshot, feed),
                    code = "LW0546",
                    left_out,
                    "results were not delivered, and the reaction no longer follows their query"
                );
            }
        }
        Ok(())
    }

    /// Adds checkpoints for queries that a reaction newly follows: it starts there at the query's present position.
    fn add_checkpoints(&mut self, number: u32, upstreams: &[Upstream]) -> Result<(), Error> {
        let missing = self.missing_checkpoints(number, upstreams)?;
        // A reaction without any checkpoint has lost them, and would skip everything that it still has to deliver;
        // without them it stops at its start.
        if missing.is_empty() || followed(&*self.snapshot, number)?.is_empty() {
            return Ok(());
        }
        let mut set = WriteSet::over(&*self.snapshot, number)?;
        self.put_checkpoints(&mut set, number, &missing)?;
        self.sets.push(set);
        Ok(())
    }

    pub(super) fn missing_checkpoints(
        &self,
        number: u32,
        upstreams: &[Upstream],
    ) -> Result<Vec<Upstream>, Error> {
        let mut missing = Vec::new();
        for upstream in upstreams {
            if Checkpoint::read(&*self.snapshot, number, upstream.number)?.is_none() {
                missing.push(upstream.clone());
            }
        }
        Ok(missing)
    }

    /// Stores everything in one commit.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let mut sets = self.sets;
        if !self.catalog.writes.is_empty() {
            sets.push(self.catalog);
        }
        for fate in self.shared.store.commit(&sets)? {
            fate.map_err(|conflict| Error::from(livewell_store::IndexError::fenced(conflict)))?;
        }
        Ok(())
    }

    fn upstreams(&mut self, ids: &[String]) -> Result<Vec<Upstream>, Error> {
        let mut upstreams = Vec::with_capacity(ids.len());
        for id in ids {
            let known = self.find(id)?.filter(|known| matches!(known.kind, Kind::Source | Kind::Query));
            let known = known.ok_or_else(|| Error::not_found(id))?;
            let (is_query, label, number) = (known.kind == Kind::Query, known.label.clone(), known.number);
            upstreams.push(Upstream { id: id.clone(), number, is_query, label });
        }
        Ok(upstreams)
    }

    pub(super) fn put_checkpoints(
        &self,
        set: &mut WriteSet,
        number: u32,
        upstreams: &[Upstream],
    ) -> Result<(), Error> {
        let position = catalog::position(&*self.snapshot)?;
        for upstream in upstreams {
            let Known { head, config_hash, .. } = &self.known[&upstream.id];
            let (epoch, sequence, config_hash) = (head.epoch, head.sequence, *config_hash);
            let checkpoint = Checkpoint { epoch, sequence, position, config_hash, detail: Vec::new() };
            set.put(Checkpoint::key(number, upstream.number), checkpoint.encode());
        }
        Ok(())
    }

    fn known(&mut self, id: &str, kind: Kind) -> Result<Option<Known>, Error> {
        match self.find(id)? {
            Some(known) if known.kind != kind => Err(Error::invalid(
                "LW0503",
                format!("`{id}` is taken: ids are shared by sources, queries and reactions"),
            )),
            known => Ok(known.cloned()),
        }
    }

    /// Finds a component in this commit or in the store.
    fn find(&mut self, id: &str) -> Result<Option<&Known>, Error> {
        if !self.known.contains_key(id)
            && let Some(entry) = catalog::find(&*self.snapshot, id)?
        {
            let head = Head::read(&*self.snapshot, entry.number)?.unwrap_or_default();
            let record = EpochRecord::read(&*self.snapshot, entry.number, head.epoch)?.unwrap_or_default();
            let (number, kind, config_hash) = (entry.number, entry.kind, record.config_hash);
            let label = definition::label_of(&entry);
            let mut reading = Reading::new(&*self.snapshot, &self.shared.marks);
            let time = reading.time(number)?;
            let is_current = reading.frontier(number)? >= catalog::position(&*self.snapshot)?;
            let known = Known { number, kind, head, config_hash, label, time, is_current };
            self.known.insert(entry.id, known);
        }
        Ok(self.known.get(id))
    }

    fn number(&mut self, id: &str, kind: Kind, made: Made) -> Result<u32, Error> {
        let definition = self.definition(id, made).text()?;
        Ok(catalog::register(&*self.snapshot, &mut self.catalog, kind, id, &definition)?.number)
    }

    fn epoch(&mut self, id: &str) -> Result<u64, Error> {
        let epoch = catalog::next_epoch(&*self.snapshot, id)?;
        catalog::put_epoch(&mut self.catalog, id, epoch);
        Ok(epoch)
    }

    fn remember(&mut self, id: &str, number: u32, kind: Kind, head: Head, config_hash: u64, label: &str) {
        let (label, time, is_current) = (label.to_owned(), Timestamp::default(), true);
        self.known.insert(id.to_owned(), Known { number, kind, head, config_hash, label, time, is_current });
    }
}

/// Returns the error with which a query starts in error; errors with another cause are passed on.
fn no_value_at_the_start(error: Error) -> Result<Error, Error> {
    if !error.is_of_a_value() {
        return Err(error);
    }
    let message =
        format!("there is no value over the empty graph, where every query begins: {}", error.message);
    Ok(Error { message, ..error })
}

/// Returns whether an upstream has no elements, and has had none.
fn is_empty(Known { head, is_current, .. }: &Known) -> bool {
    *is_current && head.sequence == 0 && head.rows == 0 && head.building.is_none()
}

fn first_set(number: u32, epoch: u64) -> WriteSet {
    WriteSet { feed: number, next: Version { epoch, commit: 1 }, ..WriteSet::default() }
}

fn check_id(id: &str) -> Result<(), Error> {
    if is_component_id(id) {
        return Ok(());
    }
    Err(Error::invalid("LW0504", format!("`{id}` is not a valid id: {ID_RULE}")))
}

/// Returns the error about functions of time over a query: time moves with transactions, but a query's results come
/// only when something changes.
fn time_over_a_query(id: &str, other: &str) -> Error {
    let message =
        format!("`{id}` uses functions of time and reads the query `{other}`; they need sources alone");
    Error::invalid("LW0536", message)
}
