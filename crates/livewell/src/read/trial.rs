//! Trying a query on what a source holds: the rows over its present elements. Nothing is kept, and nothing else waits.

use crate::Error;
use crate::component::unknown;
use crate::feed::element::decode_element;
use crate::settings::Query;
use livewell_model::diff::Columns;
use livewell_model::{Element, SmolStr, Timestamp};
use livewell_query::state::{Area, Order, Visit};
use livewell_query::{Engine, MemoryState, Meter, State, StepError};
use livewell_store::catalog::{self, Kind};
use livewell_store::{Feed, Head, Store};
use std::borrow::Cow;

/// How many elements the engine takes in at once.
const PART: usize = 1_000;
/// What an entry of the state takes beside its bytes.
const ENTRY_BYTES: usize = 96;

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
    let mut state = Bounded {
        state: MemoryState::new().within(Meter::cancelled_by(bytes_max, is_cancelled.clone())),
        bytes: 0,
    };
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
    let rows = state.state.rows().into_iter().map(|(signature, row)| (signature, row.columns)).collect();
    let columns = engine.columns().to_vec();
    Ok(Tried { columns, rows, elements, position, plan: engine.explain() })
}

/// A state in memory that knows how large it is.
struct Bounded {
    state: MemoryState,
    bytes: usize,
}

impl Bounded {
    /// Returns an error if it is larger than it may be. A step may go beyond by what the step itself may hold.
    fn check(&self, bytes_max: usize) -> Result<(), Error> {
        if self.bytes <= bytes_max {
            return Ok(());
        }
        let message = format!(
            "the query keeps more than {bytes_max} bytes over these elements, which is more than a try may take; \
             restrict it, or run it as a query"
        );
        Err(StepError::OverBudget(message).into())
    }

    fn size_of(&self, area: Area, key: &[u8]) -> usize {
        // A state in memory does not fail.
        let found = self.state.get(area, key).ok().flatten();
        found.map_or(0, |value| key.len() + value.len() + ENTRY_BYTES)
    }
}

impl State for Bounded {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.state.get(area, key)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        self.state.scan(area, prefix, order, visit)
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        self.state.scan_from(area, prefix, at, order, visit)
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.bytes -= self.size_of(area, &key);
        self.bytes += key.len() + value.len() + ENTRY_BYTES;
        self.state.put(area, key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.bytes -= self.size_of(area, &key);
        self.state.delete(area, key);
    }

    fn meter(&self) -> Meter {
        self.state.meter()
    }
}
