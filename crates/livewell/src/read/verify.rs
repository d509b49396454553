//! Verification: compares a query's live results with its evaluation from scratch by the reference, at one sequence.
//!
//! The elements at the head may be ahead of the query, so the log's tail is undone with its before-images back to the
//! query's checkpoint. A query holds its sources' logs, so the tail is always there.

use crate::component::definition;
use crate::feed::elements::{Lens, transaction};
use crate::feed::follow::{Group, Item, Upstream};
use crate::query::pipeline;
use crate::query::state::QueryState;
use crate::settings::Query;
use crate::{Error, ErrorKind};
use livewell_model::row::signature_text;
use livewell_model::{AppliedChange, AppliedTransaction, Row, Timestamp};
use livewell_query::expression::EvalError;
use livewell_query::language::code;
use livewell_query::meter::{Halt, size};
use livewell_query::parse;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, Meter, StepError};
use livewell_store::catalog::{self, Kind};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, Head, LiveSnapshot, Overlay, Resume, Snapshot, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use livewell_source::verified::{Difference, TableVerified, Verified as SourceVerified};

/// How many differences are reported.
const DIFFERENCES_MAX: usize = 10;
/// About how many bytes an element takes in a graph beside itself.
const IN_GRAPH: usize = 200;

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

/// Compares a query's live results with its evaluation from scratch.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown query, LW0529 or LW0534 if the query is too far behind for a
/// comparison, or an error if the evaluation fails or the store cannot be read.
pub fn verify(store: &dyn Store, query_id: &str) -> Result<Verified, Error> {
    verify_within(store, query_id, &Meter::unlimited())
}

/// Like [`verify`], but holds no more than the meter allows and ends soon after it is cancelled.
///
/// # Errors
/// Returns the errors of [`verify`]; LW0543 if it is cancelled or would hold more.
pub fn verify_within(store: &dyn Store, query_id: &str, meter: &Meter) -> Result<Verified, Error> {
    let halted = |halt: Halt| not_to_the_end(query_id, halt.into());
    let snapshot = store.snapshot()?;
    let (entry, query) = definition::find(&*snapshot, query_id)?;
    let mut graph = Graph::new().within(meter.clone());
    for lens in lenses(&snapshot, &query)? {
        let Some(feed) = Feed::open(snapshot.clone(), lens.upstream.number)? else { continue };
        for entry in feed.whole()? {
            let (key, bytes) = entry?;
            let element = lens.element(&key, &bytes)?.0;
            meter.hold(IN_GRAPH + size::element(&element)).map_err(halted)?;
            graph.insert(element);
        }
        let checkpoint =
            Checkpoint::read(&*snapshot, entry.number, lens.upstream.number)?.unwrap_or_default();
        if checkpoint.epoch != feed.head.epoch {
            let message = format!(
                "`{query_id}` has not taken up the present epoch of `{}` yet; try again once it has caught up",
                lens.upstream.id
            );
            return Err(Error::new(ErrorKind::Unavailable, "LW0529", message));
        }
        if matches!(feed.resume(&checkpoint)?, Resume::Gap { .. }) {
            let message = format!(
                "`{query_id}` is behind what `{}` still holds in its log, so its rows cannot be compared; \
                 `livewell reset {query_id}` rebuilds it",
                lens.upstream.id
            );
            return Err(Error::stopped("LW0534", message));
        }
        for sequence in (checkpoint.sequence..feed.head.sequence).rev() {
            meter.look().map_err(halted)?;
            let Some(entry) = feed.log(feed.head.epoch, sequence, 1, usize::MAX)?.pop() else { break };
            let item = Item { upstream: 0, epoch: feed.head.epoch, entry };
            let group = Group { position: 0, items: vec![item] };
            graph.apply(&undone(transaction(&group, std::slice::from_ref(&lens))?));
        }
    }
    let reference = Reference::with(&parse(&query.cypher)?, &query.params, &query.engine_settings())?;
    remember(&snapshot, entry.number, &query, &mut graph)?;
    let expected = reference.rows(&graph.packed()).map_err(|error| not_to_the_end(query_id, error))?;
    let feed = Feed::open(snapshot, entry.number)?.ok_or_else(|| Error::not_found(query_id))?;
    let live = LiveSnapshot(feed);
    let (sequence, rows) = (live.0.head.sequence, live.row_count());
    let differences = differences(&live, expected, meter).map_err(|error| match error.is_cancelled() {
        true => halted(Halt::Cancelled),
        false => error,
    })?;
    Ok(Verified { sequence, rows, differences })
}

/// Adds what functions of time remember, which cannot be evaluated from the present elements or from a trimmed log. It
/// is taken as it is stored; everything else is evaluated from scratch at the query's time.
fn remember(
    snapshot: &Arc<dyn Snapshot>,
    number: u32,
    query: &Query,
    graph: &mut Graph,
) -> Result<(), Error> {
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
    if engine.tells_time() {
        let head = Head::read(&**snapshot, number)?.unwrap_or_default();
        let now = head.timestamp;
        let state = QueryState::new(Overlay::new(snapshot.clone()), number, head.generation, head);
        graph.remember(now, engine.histories(&state)?);
        let elements = graph.elements();
        graph.remember_elements(engine.past_of(&state, &elements)?);
    }
    Ok(())
}

/// Returns the transaction that undoes this one.
fn undone(transaction: AppliedTransaction) -> AppliedTransaction {
    let swap = |change: AppliedChange| AppliedChange { before: change.after, after: change.before };
    let changes = transaction.changes.into_iter().map(swap).collect();
    AppliedTransaction { timestamp: Timestamp(0), changes, ..transaction }
}

/// Returns the error of a verification that did not finish.
fn not_to_the_end(query_id: &str, error: EvalError) -> Error {
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

fn differences(live: &LiveSnapshot, expected: Vec<Row>, meter: &Meter) -> Result<Vec<String>, Error> {
    let mut expected: BTreeMap<Vec<u8>, Row> =
        expected.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut differences = Vec::new();
    let mut add = |what: &dyn Fn() -> String| {
        if differences.len() < DIFFERENCES_MAX {
            differences.push(what());
        }
    };
    for entry in live.rows()? {
        meter.tick().map_err(StepError::from)?;
        let (signature, bytes) = entry?;
        let row = Row::decode(&bytes)?;
        let at = signature_text(signature);
        match expected.remove(&row.key) {
            // The bytes by which a row is ordered are not part of its content.
            Some(right) if right.columns == row.columns => {}
            Some(right) => {
                add(&|| format!("row {at} holds {:?}, and should hold {:?}", row.columns, right.columns));
            }
            None => add(&|| format!("row {at} holds {:?}, and should not be there", row.columns)),
        }
    }
    expected.values().for_each(|row| add(&|| format!("a row is missing: {:?}", row.columns)));
    Ok(differences)
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
