//! Trying a query on what is stored: the rows over the elements of one source as they are now, or over all that it reads at
//! one position (`over`), which can be `compared` with those of a running query. Nothing is kept, and nothing else waits.

mod bounded;
mod compared;
mod over;

pub use compared::{Compared, Counts};
pub(crate) use over::Trial;
pub use over::{Asked, TriedOver};

use crate::Error;
use crate::component::unknown;
use crate::feed::element::decode_element;
use crate::settings::Query;
use bounded::Bounded;
use livewell_model::diff::Columns;
use livewell_model::{Element, SmolStr, Timestamp};
use livewell_query::{Engine, Meter, StepError};
use livewell_store::catalog::{self, Kind};
use livewell_store::{Feed, Head, Store};

/// How many elements the engine takes in at once.
const PART: usize = 1_000;

/// What a query returns over the elements of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// The rows, by ascending signature.
    pub rows: Vec<(u64, Columns)>,
    /// How many elements the source had.
    pub elements: u64,
    /// The last position of the store that they include.
    pub position: u64,
    /// How the query would be maintained.
    pub plan: String,
}

/// Runs a query over one snapshot of a source, with at most about `bytes_max` bytes of state, until `is_cancelled`
/// returns true.
///
/// # Errors
/// Returns an error if there is no such source; if the query is refused or has no value over these elements; if it needs
/// more memory (LW0540); if it was cancelled; or if the store cannot be read.
pub fn try_query(
    store: &dyn Store,
    source: &str,
    query: &Query,
    now: Timestamp,
    bytes_max: usize,
    is_cancelled: impl Fn() -> bool + Clone + Send + Sync + 'static,
) -> Result<Tried, Error> {
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
    let snapshot = store.snapshot()?;
    let entry = catalog::find(&*snapshot, source)?.filter(|entry| entry.kind == Kind::Source);
    let Some(entry) = entry else {
        return Err(unknown::in_store(&*snapshot, source, Some(Kind::Source)));
    };
    let position = Head::read(&*snapshot, entry.number)?.unwrap_or_default().position;
    let mut state = Bounded::new(Meter::cancelled_by(bytes_max, is_cancelled.clone()));
    let mut elements = 0;
    let mut part: Vec<(Element, Timestamp)> = Vec::with_capacity(PART);
    let mut is_begun = false;
    let mut take = |part: &mut Vec<(Element, Timestamp)>| -> Result<(), Error> {
        if is_cancelled() {
            return Err(StepError::Cancelled.into());
        }
        match std::mem::replace(&mut is_begun, true) {
            false => engine.begin_over(&mut state, part, now)?,
            true => engine.base(&mut state, part, now)?,
        };
        part.clear();
        state.check(bytes_max)
    };
    if let Some(feed) = Feed::open(snapshot.clone(), entry.number)? {
        for entry in feed.entries(None)? {
            let (changed, element) = decode_element(&entry?.1)?;
            part.push((element, changed));
            elements += 1;
            if part.len() == PART {
                take(&mut part)?;
            }
        }
    }
    // Also if there is nothing left: a query may have rows over nothing.
    take(&mut part)?;
    let rows = state.rows().into_iter().map(|(signature, row)| (signature, row.columns)).collect();
    let columns = engine.columns().to_vec();
    Ok(Tried { columns, rows, elements, position, plan: engine.explain() })
}
