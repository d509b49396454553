//! A query over a store in memory, as a pipeline runs it: each group of transactions steps in one overlay, and is
//! committed at once. What measurements run.

use hashbrown::HashMap;
use livewell_model::change::ApplyError;
use livewell_model::{AppliedChange, AppliedTransaction, Change, Diff, Element, ElementId, Timestamp};
use livewell_query::state::{Area, Order, State, StepError, Visit};
use livewell_query::{Engine, Meter};
use livewell_store::keyspace::{Key, Prefix, Space};
use livewell_store::{Direction, IndexError, MemoryStore, Overlay, Store, Version, WriteSet};
use std::borrow::Cow;
use std::fmt;

const FEED: u32 = 1;

/// A query with its store, and the elements of its source.
pub struct Stored {
    engine: Engine,
    store: MemoryStore,
    version: Version,
    prefixes: [Prefix; 2],
    elements: HashMap<ElementId, Element>,
    sequence: u64,
    now: Timestamp,
    meter: Meter,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("elements", &self.elements.len()).finish_non_exhaustive()
    }
}

impl Stored {
    /// Begins over an empty graph.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::begin`].
    pub fn new(engine: Engine) -> Result<Self, StepError> {
        let prefix = |space| Prefix::new(Key::new(space).number(FEED).number(1));
        let prefixes = [prefix(Space::State), prefix(Space::Snapshot)];
        let (store, version, elements) = (MemoryStore::new(), Version::default(), HashMap::new());
        let (now, meter) = (Timestamp::default(), Meter::unlimited());
        let mut stored = Self { engine, store, version, prefixes, elements, sequence: 0, now, meter };
        stored.commit(|engine, state| engine.begin(state, Timestamp::default()))?;
        Ok(stored)
    }

    /// Returns the transaction of one change at a time, merged into the element as it was before.
    ///
    /// # Errors
    /// Returns an error if the change does not fit.
    pub fn applied(
        &mut self,
        change: &Change,
        timestamp: Timestamp,
    ) -> Result<AppliedTransaction, ApplyError> {
        let id = change.id();
        let (before, after) = match self.elements.get_mut(id) {
            Some(element) => match change.apply(Some(element))? {
                Some(after) => (Some(std::mem::replace(element, after.clone())), Some(after)),
                None => (self.elements.remove(id), None),
            },
            None => {
                let after = change.apply(None)?;
                self.elements.extend(after.clone().map(|after| (id.clone(), after)));
                (None, after)
            }
        };
        self.sequence += 1;
        let (sequence, changes) = (self.sequence, vec![AppliedChange { before, after }]);
        Ok(AppliedTransaction { sequence, position: sequence, timestamp, changes })
    }

    /// Takes in a part of the base.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::base`].
    pub fn base(&mut self, elements: Vec<Element>) -> Result<(), StepError> {
        let of_id = |element: &Element| (element.id().clone(), element.clone());
        self.elements.extend(elements.iter().map(of_id));
        let elements: Vec<_> = elements.into_iter().map(|element| (element, Timestamp::default())).collect();
        self.commit(|engine, state| engine.base(state, &elements, Timestamp::default())).map(drop)
    }

    /// Takes in transactions, with a tick at each moment at which a timer is due, and commits all at once. Returns how
    /// many diffs there were.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::step`].
    pub fn step(&mut self, transactions: &[AppliedTransaction]) -> Result<usize, StepError> {
        let mut now = self.now;
        let diffs = self.commit(|engine, state| {
            let mut diffs = Vec::new();
            for transaction in transactions {
                now = now.max(transaction.timestamp);
                while let Some(due) = engine.next_due(state)?.filter(|due| *due <= now) {
                    append(&mut diffs, engine.tick(state, due)?);
                }
                append(&mut diffs, engine.step(state, transaction)?);
            }
            Ok(diffs)
        })?;
        self.now = now;
        Ok(diffs.len())
    }

    /// Returns how many entries the operators keep.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub fn operator_entries(&self) -> Result<usize, StepError> {
        let state = self.state()?;
        let mut entries = 0;
        state.scan(Area::Operators, &[], Order::Ascending, &mut |_, _| {
            entries += 1;
            Ok(true)
        })?;
        Ok(entries)
    }

    fn state(&self) -> Result<StoredState<'_>, StepError> {
        let snapshot = self.store.snapshot().map_err(failed)?;
        Ok(StoredState { overlay: Overlay::new(snapshot), prefixes: &self.prefixes, meter: &self.meter })
    }

    fn commit(
        &mut self,
        step: impl FnOnce(&Engine, &mut StoredState<'_>) -> Result<Vec<Diff>, StepError>,
    ) -> Result<Vec<Diff>, StepError> {
        let mut state = self.state()?;
        let diffs = step(&self.engine, &mut state)?;
        let next = Version { epoch: 1, commit: self.version.commit + 1 };
        let mut set = WriteSet { feed: FEED, expected: self.version, next, ..WriteSet::default() };
        state.overlay.into_writes(&mut set);
        for fate in self.store.commit(&[set]).map_err(failed)? {
            fate.map_err(|conflict| StepError::State(conflict.into()))?;
        }
        self.version = next;
        Ok(diffs)
    }
}

/// Adds the diffs of one more step; those of the first are taken over.
fn append(diffs: &mut Vec<Diff>, mut more: Vec<Diff>) {
    if diffs.is_empty() {
        *diffs = more;
    } else {
        diffs.append(&mut more);
    }
}

/// The engine's two areas as prefixes of one overlay.
struct StoredState<'a> {
    overlay: Overlay,
    prefixes: &'a [Prefix; 2],
    meter: &'a Meter,
}

impl StoredState<'_> {
    fn prefix(&self, area: Area) -> &Prefix {
        &self.prefixes[usize::from(area == Area::Rows)]
    }
}

impl State for StoredState<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.overlay.get(&self.prefix(area).of(key)).map_err(failed)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        let (full, skip) = (self.prefix(area).of(prefix), self.prefix(area).len());
        each(skip, visit, |each| self.overlay.visit(&full, direction(order), each))
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
        each(skip, visit, |each| self.overlay.visit_from(&full, &at, direction(order), each))
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.overlay.put(full, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.overlay.delete(full);
    }

    fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

fn each(
    skip: usize,
    visit: Visit<'_>,
    scan: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError>,
) -> Result<(), StepError> {
    let mut outcome = Ok(());
    let visited = scan(&mut |key, value| {
        let more = visit(&key[skip..], value);
        *more.as_ref().unwrap_or(&false) || {
            outcome = more.map(drop);
            false
        }
    });
    visited.map_err(failed)?;
    outcome
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
