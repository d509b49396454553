//! Verification: compares a query's live results with its evaluation from scratch by the reference, at one sequence.
//!
//! One snapshot of the store gives the live rows, the query's checkpoints, and what functions of time remember; the rows
//! are copied, as bytes. The elements are then read as they were at the checkpoints, in pieces (`past`), and packed. The
//! evaluation itself needs nothing of the store.

mod bag;
mod past;
mod rows;
mod values;

use crate::component::definition;
use crate::component::holds::{Hold, Holds};
use crate::feed::elements::Lens;
use crate::feed::follow::Upstream;
use crate::query::pipeline;
use crate::query::state::QueryState;
use crate::read::value::values::Values;
use crate::settings::Query;
use crate::{Error, ErrorKind};
use livewell_model::{Element, Timestamp};
use livewell_query::expression::EvalError;
use livewell_query::language::code;
use livewell_query::meter::{Halt, size};
use livewell_query::parse;
use livewell_query::reference::{Graph, Packed, Reference};
use livewell_query::{Engine, Meter, StepError};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, Head, LiveSnapshot, Overlay, Snapshot, Store};
use past::Past;
use rows::LiveRows;
use std::collections::BTreeMap;
use std::sync::Arc;
use values::ByValue;

pub use livewell_source::verified::{Difference, TableVerified, Verified as SourceVerified};

/// How many rows pass between two reports.
const PROGRESS_ROWS: u64 = 4_096;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sequence at which rows and evaluation were compared.
    pub sequence: u64,
    /// How many live rows there are.
    pub rows: u64,
    /// The first differences, in words; empty if there are none.
    pub differences: Vec<String>,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many of about so many elements have been read.
    Read {
        /// How many have been read.
        elements: u64,
        /// How many there were at the beginning.
        of: u64,
    },
    /// All elements have been read; the evaluation has given so many rows, to be compared with so many live ones.
    Compared {
        /// How many rows the evaluation has given.
        rows: u64,
        /// How many live rows there are.
        of: u64,
    },
}

/// How a verification is carried out.
pub(crate) struct Verification<'a> {
    pub(crate) store: &'a dyn Store,
    /// The holds on logs in the process that writes the store; `None` if nobody writes it.
    pub(crate) holds: Option<&'a Holds>,
    /// How much it may hold, and whether it is to end.
    pub(crate) meter: Meter,
    /// Called from time to time.
    pub(crate) on_progress: &'a dyn Fn(Progress),
}

/// Compares a query's live results with its evaluation from scratch.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown query, LW0529 or LW0534 if the query is too far behind for a
/// comparison, or an error if the evaluation fails or the store cannot be read.
pub fn verify(store: &dyn Store, query_id: &str) -> Result<Verified, Error> {
    verify_within(store, query_id, &Meter::unlimited(), &|_| ())
}

/// Like [`verify`], but holds no more than the meter allows, ends soon after it is cancelled, and reports its progress.
///
/// The store must not be written meanwhile by another process; [`crate::Livewell::verify_within`] is for the process
/// that writes it.
///
/// # Errors
/// Returns the errors of [`verify`]; LW0543 if it is cancelled or would hold more.
pub fn verify_within(
    store: &dyn Store,
    query_id: &str,
    meter: &Meter,
    on_progress: &dyn Fn(Progress),
) -> Result<Verified, Error> {
    Verification { store, holds: None, meter: meter.clone(), on_progress }.run(query_id, None)
}

/// Compares the rows of one value of a query with `for_each` with the evaluation of the query with that parameter.
///
/// # Errors
/// Returns the errors of [`verify_within`], and LW0544 if the values are not those that the query declares.
pub fn verify_value_within(
    store: &dyn Store,
    query_id: &str,
    values: &Values,
    meter: &Meter,
    on_progress: &dyn Fn(Progress),
) -> Result<Verified, Error> {
    Verification { store, holds: None, meter: meter.clone(), on_progress }.run(query_id, Some(values))
}

/// What one snapshot of the store says of a query.
struct Begun<'a> {
    query: Query,
    sequence: u64,
    live: Live,
    row_count: u64,
    upstreams: Vec<Past<'a>>,
    element_count: u64,
    /// What functions of time remember; nothing for a query without any.
    memory: Option<Memory>,
}

/// The live rows.
enum Live {
    All(LiveRows),
    ByValue(ByValue),
}

/// What functions of time remember, which cannot be evaluated from the present elements or from a trimmed log. It is
/// taken as it is stored; everything else is evaluated from scratch at the query's time.
struct Memory {
    engine: Engine,
    state: QueryState,
    now: Timestamp,
    /// Holds the state. The elements are read from it, too: what is remembered of them is in no log.
    snapshot: Arc<dyn Snapshot>,
}

impl<'a> Verification<'a> {
    /// Verifies one query, or one value of it.
    ///
    /// # Errors
    /// Returns the errors of [`verify_within`], for a value those of [`verify_value_within`].
    pub(crate) fn run(&self, query_id: &str, of: Option<&Values>) -> Result<Verified, Error> {
        let not_to_the_end = |error| not_to_the_end(query_id, error);
        let Begun { query, sequence, live, row_count, mut upstreams, element_count, memory } =
            self.begin(query_id, of).map_err(not_to_the_end)?;
        let graph = self.graph(&mut upstreams, element_count, memory).map_err(not_to_the_end)?;
        let mut given = 0;
        let mut on_row = || {
            if given % PROGRESS_ROWS == 0 {
                (self.on_progress)(Progress::Compared { rows: given, of: row_count });
            }
            given += 1;
        };
        let named = |error| of_evaluation(query_id, error);
        let differences = match live {
            Live::ByValue(rows) => rows.compare(&query, &graph, &mut on_row, &named)?,
            Live::All(mut rows) => {
                let settings = query.engine_settings();
                let reference = Reference::with(&parse(&query.cypher)?, &query.params, &settings)?;
                let compare = &mut |row| {
                    on_row();
                    rows.compare(&row);
                    Ok(())
                };
                reference.each_row(&graph, compare).map_err(named)?;
                rows.differences()
            }
        };
        Ok(Verified { sequence, rows: row_count, differences })
    }

    /// Reads what has to be of one moment.
    fn begin(&self, query_id: &str, of: Option<&Values>) -> Result<Begun<'a>, Error> {
        // The logs are held before the snapshot is taken that says from where on they are needed.
        let mut holds = self.hold_logs(query_id)?;
        let snapshot = self.store.snapshot()?;
        let (entry, query) = definition::find(&*snapshot, query_id)?;
        let (mut upstreams, mut element_count) = (Vec::new(), 0);
        for lens in lenses(&snapshot, &query)? {
            let Some(feed) = Feed::open(snapshot.clone(), lens.upstream.number)? else { continue };
            let checkpoint =
                Checkpoint::read(&*snapshot, entry.number, lens.upstream.number)?.unwrap_or_default();
            let hold = holds.remove(&lens.upstream.number);
            element_count += feed.head.rows;
            let mut upstream = Past::begin(query_id, lens, &feed, &checkpoint, hold)?;
            upstream.follow(&snapshot, &self.meter)?;
            upstreams.push(upstream);
        }
        let feed = Feed::open(snapshot.clone(), entry.number)?.ok_or_else(|| Error::not_found(query_id))?;
        if feed.head.building.is_some() {
            let message = format!(
                "`{query_id}` is being built, so its rows are not yet those of its definition; try again once that is done"
            );
            return Err(Error::new(ErrorKind::Unavailable, "LW0529", message));
        }
        let live = LiveSnapshot(feed);
        let (sequence, mut row_count) = (live.0.head.sequence, live.row_count());
        let live = match ByValue::read(&query, &live, of, &self.meter)? {
            None => Live::All(LiveRows::read(&live, &self.meter)?),
            Some(by_value) => {
                row_count = by_value.row_count();
                Live::ByValue(by_value)
            }
        };
        let memory = Memory::read(snapshot, &entry, &query)?;
        if memory.is_some() {
            // All is read from this snapshot.
            upstreams.iter_mut().for_each(Past::release_log);
        }
        Ok(Begun { query, sequence, live, row_count, upstreams, element_count, memory })
    }

    /// Holds the logs of the query's sources, if somebody trims them. That of a query is kept for its capacity anyway.
    fn hold_logs(&self, query_id: &str) -> Result<BTreeMap<u32, Hold<'a>>, Error> {
        let Some(holds) = self.holds else { return Ok(BTreeMap::new()) };
        let snapshot = self.store.snapshot()?;
        let (_, query) = definition::find(&*snapshot, query_id)?;
        let mut held = BTreeMap::new();
        for id in &query.sources {
            let entry = catalog::find(&*snapshot, id)?.ok_or_else(|| Error::not_found(id))?;
            if entry.kind == Kind::Source {
                held.insert(entry.number, holds.hold(entry.number));
            }
        }
        Ok(held)
    }

    /// Reads all elements as they were at the query's checkpoints.
    fn graph(
        &self,
        upstreams: &mut [Past<'_>],
        element_count: u64,
        memory: Option<Memory>,
    ) -> Result<Graph, Error> {
        let mut packed = Packed::new();
        let mut past = Vec::new();
        while let Some(at) = upstreams.iter().position(|upstream| !upstream.is_read()) {
            let progress = Progress::Read { elements: packed.len() as u64, of: element_count };
            (self.on_progress)(progress);
            let snapshot = match &memory {
                Some(memory) => memory.snapshot.clone(),
                None => self.store.snapshot()?,
            };
            // All of them, so that no log has to wait for its turn.
            let unread = upstreams.iter_mut().filter(|upstream| !upstream.is_read());
            let feeds: Vec<Feed> =
                unread.map(|upstream| upstream.follow(&snapshot, &self.meter)).collect::<Result<_, _>>()?;
            let elements = upstreams[at].piece(&feeds[0])?;
            for element in &elements {
                self.meter.hold(packed.push(element)).map_err(StepError::from)?;
            }
            if let Some(memory) = &memory {
                past.extend(memory.past_of(&elements, &self.meter)?);
            }
        }
        let mut graph = Graph::of(packed).within(self.meter.clone());
        if let Some(memory) = memory {
            graph.remember(memory.now, memory.engine.histories(&memory.state)?);
            graph.remember_elements(past);
        }
        Ok(graph)
    }
}

impl Memory {
    fn read(snapshot: Arc<dyn Snapshot>, entry: &Registered, query: &Query) -> Result<Option<Self>, Error> {
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        if !engine.tells_time() {
            return Ok(None);
        }
        let head = Head::read(&*snapshot, entry.number)?.unwrap_or_default();
        let now = head.timestamp;
        let state = QueryState::new(Overlay::new(snapshot.clone()), entry.number, head.generation, head);
        Ok(Some(Self { engine, state, now, snapshot }))
    }

    /// Returns what was written down of the elements' past.
    fn past_of(&self, elements: &[Element], meter: &Meter) -> Result<Vec<(Timestamp, Element)>, Error> {
        let past = self.engine.past_of(&self.state, elements)?;
        let bytes = past.iter().map(|(_, element)| size_of::<Timestamp>() + size::element(element));
        meter.hold(bytes.sum()).map_err(StepError::from)?;
        Ok(past)
    }
}

/// Returns the error of a verification that did not finish, before its evaluation.
fn not_to_the_end(query_id: &str, error: Error) -> Error {
    match error.is_cancelled() {
        true => of_evaluation(query_id, Halt::Cancelled.into()),
        false if error.code == code::STEP_BYTES => of_evaluation(query_id, Halt::OverBudget(0).into()),
        false => error,
    }
}

/// Returns the error of a verification whose evaluation did not finish.
fn of_evaluation(query_id: &str, error: EvalError) -> Error {
    match error.code {
        code::CANCELLED => {
            let message = format!("verifying `{query_id}` was cancelled before its end");
            Error::new(ErrorKind::Unavailable, "LW0543", message)
        }
        code::STEP_BYTES => {
            let message = format!(
                "evaluating `{query_id}` from scratch takes more memory than `server.limits.verify_bytes` allows; allow \
                 more there, or stop the server and run `livewell verify {query_id} --store DIRECTORY`"
            );
            Error::stopped("LW0543", message)
        }
        _ => Error::stopped(error.code, error.message),
    }
}

/// Returns the upstreams of a stored query, with the lenses by which their entries become elements.
fn lenses(snapshot: &Arc<dyn Snapshot>, query: &Query) -> Result<Vec<Lens>, Error> {
    let lens = |id: &String| {
        let entry = catalog::find(&**snapshot, id)?.ok_or_else(|| Error::not_found(id))?;
        let (label, is_query) = (definition::label_of(&entry), entry.kind == Kind::Query);
        pipeline::lens(snapshot, &Upstream { id: id.clone(), number: entry.number, is_query, label }, None)
    };
    query.sources.iter().map(lens).collect()
}
