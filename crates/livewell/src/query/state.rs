//! A query's state in the store: the engine's two areas as prefixes of one overlay.

use livewell_model::row;
use livewell_query::state::{Area, Order, State, StepError, Visit};
use livewell_query::{Engine, Meter};
use livewell_store::head::Head;
use livewell_store::keyspace::{Key, Prefix, Space};
use livewell_store::{Direction, IndexError, Overlay, by_value};
use std::borrow::Cow;

/// The state of a query for one step; counts the live rows as they change.
#[derive(Debug)]
pub(crate) struct QueryState {
    pub(crate) overlay: Overlay,
    operators: Prefix,
    rows: Prefix,
    /// How many of the first columns are parameters by whose values the rows are indexed; with none there is no index.
    parameters: usize,
    index: Prefix,
    /// The head whose row count and hash follow the rows.
    pub(crate) head: Head,
    /// A read that failed while a row was counted; a commit checks this first.
    pub(crate) failure: Option<IndexError>,
    meter: Meter,
}

impl QueryState {
    /// Creates the state of feed `number` in one of its generations.
    pub(crate) fn new(overlay: Overlay, number: u32, generation: u32, head: Head) -> Self {
        let prefix = |space| Prefix::new(Key::new(space).number(number).number(generation));
        let (operators, rows) = (prefix(Space::State), prefix(Space::Snapshot));
        let index = by_value::prefix(number, generation);
        Self {
            overlay,
            operators,
            rows,
            parameters: 0,
            index,
            head,
            failure: None,
            meter: Meter::unlimited(),
        }
    }

    /// Makes the meter count the memory of steps of `engine` over the state, including their writes, and indexes the
    /// rows by value if the query is run for each value of its parameters.
    pub(crate) fn within(self, meter: Meter, engine: &Engine) -> Self {
        meter.stage(self.overlay.in_memory());
        Self { meter, parameters: parameters(engine), ..self }
    }

    /// Counts what was written to the overlay outside a step, and checks that it is within the limits.
    pub(crate) fn check(&self) -> Result<(), StepError> {
        self.meter.stage(self.overlay.in_memory());
        Ok(self.meter.look()?)
    }

    fn prefix(&self, area: Area) -> &Prefix {
        match area {
            Area::Operators => &self.operators,
            Area::Rows => &self.rows,
        }
    }

    /// Runs a scan of the overlay, whose keys have `skip` bytes more than the state's.
    fn each(
        &self,
        skip: usize,
        visit: Visit<'_>,
        scan: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError>,
    ) -> Result<(), StepError> {
        let mut outcome = Ok(());
        let visited = scan(&mut |key, value| {
            let more = self.meter.tick().map_err(StepError::from).and_then(|()| visit(&key[skip..], value));
            *more.as_ref().unwrap_or(&false) || {
                outcome = more.map(drop);
                false
            }
        });
        visited.map_err(failed)?;
        outcome
    }

    /// Counts a row that comes, goes or changes, and keeps the index by value.
    fn count(&mut self, area: Area, full: &[u8], after: Option<&[u8]>) {
        if area != Area::Rows {
            return;
        }
        let signature = &full[self.rows.len()..];
        let moves = match self.overlay.get(full) {
            Ok(before) => {
                self.head.count(signature, before.as_deref(), after);
                self.moves(signature, before.as_deref(), after)
            }
            Err(error) => Err(error),
        };
        match moves {
            Ok([gone, come]) if gone != come => {
                gone.into_iter().for_each(|key| self.overlay.delete(key));
                come.into_iter().for_each(|key| self.overlay.put(key, Vec::new()));
            }
            Ok(_) => {}
            Err(error) => self.failure = Some(error),
        }
    }

    /// Returns the entries of the index by value for a row as it was and as it will be; none without an index.
    fn moves(
        &self,
        signature: &[u8],
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<[Option<Vec<u8>>; 2], IndexError> {
        if self.parameters == 0 {
            return Ok([None, None]);
        }
        let entry = |row: &[u8]| {
            let value = by_value::of_value(&row::value_key(row, self.parameters)?);
            Ok::<_, IndexError>(self.index.of(&[&value, signature].concat()).into_vec())
        };
        Ok([before.map(entry).transpose()?, after.map(entry).transpose()?])
    }
}

impl State for QueryState {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.meter.tick()?;
        self.overlay.get(&self.prefix(area).of(key)).map_err(failed)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        let (full, skip) = (self.prefix(area).of(prefix), self.prefix(area).len());
        self.each(skip, visit, |each| self.overlay.visit(&full, direction(order), each))
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        let (full, skip) = (self.prefix(area).of(prefix), self.prefix(area).len());
        let at = self.prefix(area).of(at);
        self.each(skip, visit, |each| self.overlay.visit_from(&full, &at, direction(order), each))
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.count(area, &full, Some(&value));
        self.overlay.put(full, value);
        self.meter.stage(self.overlay.in_memory());
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.count(area, &full, None);
        self.overlay.delete(full);
        self.meter.stage(self.overlay.in_memory());
    }

    fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

/// Returns by how many parameters the rows of an engine are indexed.
pub(crate) fn parameters(engine: &Engine) -> usize {
    engine.for_each().map_or(0, |for_each| for_each.parameters().len())
}

fn direction(order: Order) -> Direction {
    match order {
        Order::Ascending => Direction::Forward,
        Order::Descending => Direction::Backward,
    }
}

fn failed(error: IndexError) -> StepError {
    StepError::State(error.into())
}
