//! Livewell's side: the engine over a store in memory, one commit per change.

use crate::workload::{Field, Item};
use hashbrown::HashMap;
use livewell_model::change::Patch;
use livewell_model::{
    AppliedChange, AppliedTransaction, Change, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::Engine;
use livewell_query::state::{Area, Order, State, StepError, Visit};
use livewell_store::keyspace::{Key, Prefix, Space};
use livewell_store::{Direction, IndexError, MemoryStore, Overlay, Store, Version, WriteSet};
use std::borrow::Cow;

const SOURCE: &str = "src";
const FEED: u32 = 1;

/// A running query.
pub struct Side {
    engine: Engine,
    store: MemoryStore,
    version: Version,
    elements: HashMap<ElementId, Element>,
    sequence: u64,
    prefixes: [Prefix; 2],
}

impl Side {
    /// Runs the query `text` over an empty graph.
    ///
    /// # Errors
    /// Returns an error if the query is refused.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let engine = Engine::compile(text, &Map::new()).map_err(|refused| anyhow::anyhow!("{refused}"))?;
        let store = MemoryStore::new();
        let elements = HashMap::new();
        let prefix = |space| Prefix::new(Key::new(space).number(FEED).number(1));
        let prefixes = [prefix(Space::State), prefix(Space::Snapshot)];
        let mut side = Self { engine, store, version: Version::default(), elements, sequence: 0, prefixes };
        side.commit(|engine, state| engine.begin(state, Timestamp(0)).map(|diffs| diffs.len()))?;
        Ok(side)
    }

    /// Processes one change, commits its effects and returns the number of diffs.
    ///
    /// # Errors
    /// Returns an error if the change does not fit or the step fails.
    pub fn step(&mut self, change: Change) -> anyhow::Result<usize> {
        let place = self.elements.get_mut(change.id());
        let after = change.apply(place.as_deref())?;
        let before = match (place, &after) {
            (Some(place), Some(after)) => Some(std::mem::replace(place, after.clone())),
            (Some(_), None) => self.elements.remove(change.id()),
            (None, Some(after)) => self.elements.insert(after.id().clone(), after.clone()),
            (None, None) => return Ok(0),
        };
        self.sequence += 1;
        let transaction = AppliedTransaction {
            sequence: self.sequence,
            position: self.sequence,
            timestamp: Timestamp(0),
            changes: vec![AppliedChange { before, after }],
        };
        self.commit(|engine, state| engine.step(state, &transaction).map(|diffs| diffs.len()))
    }

    fn commit(
        &mut self,
        step: impl FnOnce(&Engine, &mut StoreState<'_>) -> Result<usize, StepError>,
    ) -> anyhow::Result<usize> {
        let mut state =
            StoreState { overlay: Overlay::new(self.store.snapshot()?), prefixes: &self.prefixes };
        let diffs = step(&self.engine, &mut state)?;
        let next = Version { epoch: 1, commit: self.version.commit + 1 };
        let mut set = WriteSet { feed: FEED, expected: self.version, next, ..WriteSet::default() };
        state.overlay.into_writes(&mut set);
        for fate in self.store.commit(&[set])? {
            fate?;
        }
        self.version = next;
        Ok(diffs)
    }
}

/// Returns the change as a source passes it on.
pub fn change(item: &Item) -> Change {
    match item {
        Item::Node { id, label, is_new, properties } => {
            let properties: Map = properties.iter().map(|(name, field)| (*name, value(field))).collect();
            let id = ElementId::new(SOURCE, id.as_str());
            if *is_new {
                let labels = vec![(*label).into()];
                return Change::insert(Node { id, labels, properties });
            }
            Change::Update(Patch { properties, ..Patch::new(id) })
        }
        Item::Relationship { id, kind, from, to } => Change::insert(Relationship {
            id: ElementId::new(SOURCE, id.as_str()),
            kind: (*kind).into(),
            from: ElementId::new(SOURCE, from.as_str()),
            to: ElementId::new(SOURCE, to.as_str()),
            properties: Map::new(),
        }),
    }
}

fn value(field: &Field) -> Value {
    match field {
        Field::Int(int) => Value::Int(*int),
        Field::Text(text) => Value::string(text.as_str()),
    }
}

/// The engine's two areas as prefixes of one overlay, as in a pipeline.
struct StoreState<'a> {
    overlay: Overlay,
    prefixes: &'a [Prefix; 2],
}

impl StoreState<'_> {
    fn prefix(&self, area: Area) -> &Prefix {
        &self.prefixes[usize::from(area == Area::Rows)]
    }
}

impl State for StoreState<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.overlay.get(&self.prefix(area).of(key)).map_err(failed)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        let (full, skip) = (self.prefix(area).of(prefix), self.prefix(area).len());
        let direction = match order {
            Order::Ascending => Direction::Forward,
            Order::Descending => Direction::Backward,
        };
        let mut outcome = Ok(());
        let visited = self.overlay.visit(&full, direction, &mut |key, value| {
            let more = visit(&key[skip..], value);
            *more.as_ref().unwrap_or(&false) || {
                outcome = more.map(drop);
                false
            }
        });
        visited.map_err(failed)?;
        outcome
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.overlay.put(full, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        let full = self.prefix(area).before(key);
        self.overlay.delete(full);
    }
}

fn failed(error: IndexError) -> StepError {
    StepError::State(error.into())
}
