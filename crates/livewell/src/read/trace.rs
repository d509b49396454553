//! What touched an element last, and which queries look at it.

use crate::component::definition::stored_query;
use crate::component::lately::{Brief, Lately};
use crate::feed::element::decode_element;
use crate::read::moment::Moment;
use crate::read::transactions;
use crate::{Error, ErrorKind};
use livewell_model::{AppliedChange, Element, Timestamp};
use livewell_query::Engine;
use livewell_store::Store;
use livewell_store::keyspace::snapshot_key;

/// What is known of an element beside its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The last position of the source.
    pub position: u64,
    /// The time of the transaction that changed the element last.
    pub changed: Timestamp,
    /// The position of that transaction; `None` if it is no longer known.
    pub changed_by: Option<u64>,
    /// The queries that look at an element like this: whether it is in a row also depends on what is around it. It is in
    /// no row of the other queries that were asked.
    pub queries: Vec<String>,
}

/// Returns what is known of an element; `None` if the source does not have it. These `queries` are asked whether they look
/// at it, until `is_over` returns true.
///
/// # Errors
/// Returns [`ErrorKind::NotFound`] if there is no such source; [`ErrorKind::Unavailable`] if it was over; or an error if
/// the store cannot be read.
pub(crate) fn trace(
    store: &dyn Store,
    (source, lately): (&str, &Lately),
    id: &str,
    queries: &[String],
    is_over: &dyn Fn() -> bool,
) -> Result<Option<Trace>, Error> {
    let moment = Moment::open(store, source)?;
    let key = snapshot_key(moment.number, moment.head.generation, id.as_bytes());
    let Some(stored) = moment.snapshot.get(&key)? else { return Ok(None) };
    let (changed, element) = decode_element(&stored)?;
    let known = transactions::known(store, moment.number, lately)?;
    let mut looking = Vec::new();
    for query in queries {
        if is_over() {
            return Err(Error::new(ErrorKind::Unavailable, "LW0525", "reading was given up"));
        }
        if looks_at(store, query, &element)? {
            looking.push(query.clone());
        }
    }
    let changed_by = changed_by(&known, changed, id);
    Ok(Some(Trace { position: moment.head.position, changed, changed_by, queries: looking }))
}

/// Returns the position of the transaction that changed an element last, which has this time.
fn changed_by(known: &[Brief], changed: Timestamp, id: &str) -> Option<u64> {
    for brief in known.iter().rev().filter(|brief| brief.timestamp == changed) {
        if brief.ids.iter().any(|one| one == id) {
            return Some(brief.position);
        }
        if !brief.is_whole() {
            // It may have been this one.
            return None;
        }
    }
    None
}

/// Returns whether a change of the element could change anything in a query.
fn looks_at(store: &dyn Store, query: &str, element: &Element) -> Result<bool, Error> {
    let query = match stored_query(store, query) {
        Ok(query) => query,
        // It was removed in the meantime.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
    let change = AppliedChange { before: None, after: Some(element.clone()) };
    Ok(engine.interest().is_touched_by(&change))
}
