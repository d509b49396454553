//! What functions of time remember.

use crate::Error;
use crate::query::state::QueryState;
use crate::settings::Query;
use livewell_model::{Element, Timestamp};
use livewell_query::meter::size;
use livewell_query::{Engine, Meter, StepError};
use livewell_store::catalog::Registered;
use livewell_store::{Head, Overlay, Snapshot};
use std::sync::Arc;

/// What functions of time remember, which cannot be evaluated from the present elements or from a trimmed log. It is
/// taken as it is stored; everything else is evaluated from scratch at the query's time.
pub(super) struct Memory {
    pub(super) engine: Engine,
    pub(super) state: QueryState,
    pub(super) now: Timestamp,
    /// Holds the state. The elements are read from it, too: what is remembered of them is in no log.
    pub(super) snapshot: Arc<dyn Snapshot>,
}

impl Memory {
    pub(super) fn read(
        snapshot: Arc<dyn Snapshot>,
        entry: &Registered,
        query: &Query,
    ) -> Result<Option<Self>, Error> {
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
    pub(super) fn past_of(
        &self,
        elements: &[Element],
        meter: &Meter,
    ) -> Result<Vec<(Timestamp, Element)>, Error> {
        let past = self.engine.past_of(&self.state, elements)?;
        let bytes = past.iter().map(|(_, element)| size_of::<Timestamp>() + size::element(element));
        meter.hold(bytes.sum()).map_err(StepError::from)?;
        Ok(past)
    }
}
