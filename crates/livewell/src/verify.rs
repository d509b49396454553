//! Verifying: a query evaluated from scratch by the reference, against its live results, at one sequence.
//!
//! The elements at the head may be ahead of the query, so the log's tail is undone by its before-images back
//! to the query's checkpoint. A query holds its sources' logs, so the tail is always there.

use crate::definition;
use crate::elements::transaction;
use crate::follow::{Group, Item};
use crate::settings::Query;
use crate::state::QueryState;
use crate::{Error, ErrorKind};
use livewell_model::row::signature_text;
use livewell_model::{AppliedChange, AppliedTransaction, Row, Timestamp};
use livewell_query::Engine;
use livewell_query::language::parse;
use livewell_query::reference::{Graph, Reference};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, Head, LiveSnapshot, Overlay, Resume, Snapshot, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(feature = "postgres")]
pub use livewell_source::postgres::verify::{Difference, TableVerified, Verified as SourceVerified};

/// How many differences are told.
const DIFFERENCES_MAX: usize = 10;

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sequence at which rows and evaluation were compared.
    pub sequence: u64,
    /// How many live rows there are.
    pub rows: u64,
    /// The first differences, in words; none: they are the same.
    pub differences: Vec<String>,
}

/// Compares a query's live results with its evaluation from scratch.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] for an unknown query; where the evaluation fails; where the query is too far
/// behind for a comparison (LW0529, LW0534); as the store has them.
pub fn verify(store: &dyn Store, query_id: &str) -> Result<Verified, Error> {
    let snapshot = store.snapshot()?;
    let (entry, query) = definition::find(&*snapshot, query_id)?;
    let mut graph = Graph::new();
    for lens in definition::lenses(&snapshot, &query)? {
        let Some(feed) = Feed::open(snapshot.clone(), lens.upstream.number)? else { continue };
        for entry in feed.whole()? {
            let (key, bytes) = entry?;
            graph.insert(lens.element(&key, &bytes)?.0);
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
                "`{query_id}` stands behind what `{}` still holds in its log, so its rows cannot be compared; \
                 `livewell reset {query_id}` builds it anew",
                lens.upstream.id
            );
            return Err(Error::stopped("LW0534", message));
        }
        let tail = feed.log(feed.head.epoch, checkpoint.sequence, usize::MAX, usize::MAX)?;
        for entry in tail.into_iter().rev() {
            let item = Item { upstream: 0, epoch: feed.head.epoch, entry };
            let group = Group { position: 0, items: vec![item] };
            graph.apply(&undone(transaction(&group, std::slice::from_ref(&lens))?));
        }
    }
    let reference = Reference::with(&parse(&query.cypher)?, &query.params, &query.engine_settings())?;
    remember(&snapshot, entry.number, &query, &mut graph)?;
    let expected = reference.rows(&graph).map_err(|error| Error::stopped(error.code, error.message))?;
    let feed = Feed::open(snapshot, entry.number)?.ok_or_else(|| Error::not_found(query_id))?;
    let live = LiveSnapshot(feed);
    let (sequence, rows) = (live.0.head.sequence, live.row_count());
    Ok(Verified { sequence, rows, differences: differences(&live, expected)? })
}

/// What functions of time remember cannot be evaluated from the elements of now, nor from a log that was trimmed. It is
/// taken as it is stored; everything else is evaluated from scratch at the query's time.
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

/// The transaction that takes this one back.
fn undone(transaction: AppliedTransaction) -> AppliedTransaction {
    let swap = |change: AppliedChange| AppliedChange { before: change.after, after: change.before };
    let changes = transaction.changes.into_iter().map(swap).collect();
    AppliedTransaction { timestamp: Timestamp(0), changes, ..transaction }
}

fn differences(live: &LiveSnapshot, expected: Vec<Row>) -> Result<Vec<String>, Error> {
    let mut expected: BTreeMap<Vec<u8>, Row> =
        expected.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut differences = Vec::new();
    for entry in live.rows()? {
        let (signature, bytes) = entry?;
        let row = Row::decode(&bytes)?;
        let at = signature_text(signature);
        match expected.remove(&row.key) {
            // The bytes a row is ordered by are no part of what it says.
            Some(right) if right.columns == row.columns => {}
            Some(right) => {
                differences
                    .push(format!("row {at} holds {:?}, and should hold {:?}", row.columns, right.columns));
            }
            None => differences.push(format!("row {at} holds {:?}, and should not be there", row.columns)),
        }
    }
    differences.extend(expected.values().map(|row| format!("a row is missing: {:?}", row.columns)));
    differences.truncate(DIFFERENCES_MAX);
    Ok(differences)
}
