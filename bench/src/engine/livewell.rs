//! Livewell's side: the engine over a store in memory, one commit per change.

use crate::workload::{Field, Item};
use livewell_model::change::Patch;
use livewell_model::{Change, ElementId, Map, Node, Relationship, Timestamp, Value};
use livewell_query::Engine;
use livewell_scenarios::workload::Stored;

const SOURCE: &str = "src";

/// A running query.
pub struct Side(Stored);

impl Side {
    /// Runs the query `text` over an empty graph.
    ///
    /// # Errors
    /// Returns an error if the query is refused.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let engine = Engine::compile(text, &Map::new()).map_err(|refused| anyhow::anyhow!("{refused}"))?;
        Ok(Self(Stored::new(engine)?))
    }

    /// Processes one change, commits its effects and returns the number of diffs.
    ///
    /// # Errors
    /// Returns an error if the change does not fit or the step fails.
    pub fn step(&mut self, change: &Change) -> anyhow::Result<usize> {
        let transaction = self.0.applied(change, Timestamp(0))?;
        Ok(self.0.step(&[transaction])?)
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
