//! The state of a query that is tried.

use crate::Error;
use livewell_model::Row;
use livewell_query::state::{Area, Order, Visit};
use livewell_query::{MemoryState, Meter, State, StepError};
use std::borrow::Cow;

/// What an entry of the state takes beside its bytes.
const ENTRY_BYTES: usize = 96;

/// A state in memory that knows how large it is.
pub(super) struct Bounded {
    state: MemoryState,
    bytes: usize,
}

impl Bounded {
    /// Creates an empty state, whose steps are held to the meter.
    pub(super) fn new(meter: Meter) -> Self {
        Self { state: MemoryState::new().within(meter), bytes: 0 }
    }

    /// Returns the rows in it, by ascending signature.
    pub(super) fn rows(&self) -> Vec<(u64, Row)> {
        self.state.rows()
    }

    /// Returns an error if the try is to end.
    pub(super) fn meter_look(&self) -> Result<(), StepError> {
        Ok(self.state.meter().look()?)
    }

    /// Returns an error if it is larger than it may be. A step may go beyond by what the step itself may hold.
    pub(super) fn check(&self, bytes_max: usize) -> Result<(), Error> {
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
