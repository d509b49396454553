//! The other's side: its continuous query over its indexes in memory.

use crate::workload::{Field, Item};
use drasi_core::evaluation::functions::FunctionRegistry;
use drasi_core::models::{
    Element, ElementMetadata, ElementPropertyMap, ElementReference, ElementValue, SourceChange,
};
use drasi_core::query::{ContinuousQuery, QueryBuilder};
use drasi_functions_cypher::CypherFunctionSet;
use drasi_query_cypher::CypherParser;
use std::sync::Arc;

const SOURCE: &str = "src";
/// The first change time, in milliseconds of the clock; any value will do.
const BEGIN_MS: u64 = 1_700_000_000_000;

/// A running query.
pub struct Side {
    query: ContinuousQuery,
}

impl Side {
    /// Runs the query `text` over an empty graph.
    pub async fn new(text: &str) -> Self {
        let functions = Arc::new(FunctionRegistry::new()).with_cypher_function_set();
        let parser = Arc::new(CypherParser::new(functions.clone()));
        let query = QueryBuilder::new(text, parser).with_function_registry(functions).build().await;
        Self { query }
    }

    /// Processes one change and returns the number of results.
    ///
    /// # Errors
    /// Returns an error if the evaluation fails.
    pub async fn step(&self, change: SourceChange) -> anyhow::Result<usize> {
        let results = self.query.process_source_change(change).await;
        Ok(results.map_err(|error| anyhow::anyhow!("{error:?}"))?.len())
    }
}

/// Returns the change as its sources pass it on; `time` counts the changes.
pub fn change(item: &Item, time: u64) -> SourceChange {
    let metadata = |id: &str, label: &str| ElementMetadata {
        reference: ElementReference::new(SOURCE, id),
        labels: Arc::from([Arc::from(label)]),
        effective_from: BEGIN_MS + time,
    };
    match item {
        Item::Node { id, label, is_new, properties } => {
            let mut map = ElementPropertyMap::new();
            for (name, field) in properties {
                map.insert(name, value(field));
            }
            let element = Element::Node { metadata: metadata(id, label), properties: map };
            if *is_new { SourceChange::Insert { element } } else { SourceChange::Update { element } }
        }
        Item::Relationship { id, kind, from, to } => SourceChange::Insert {
            element: Element::Relation {
                metadata: metadata(id, kind),
                properties: ElementPropertyMap::new(),
                // In its terms a relation goes from its in-node to its out-node.
                in_node: ElementReference::new(SOURCE, from),
                out_node: ElementReference::new(SOURCE, to),
            },
        },
    }
}

fn value(field: &Field) -> ElementValue {
    match field {
        Field::Int(int) => ElementValue::Integer(*int),
        Field::Text(text) => ElementValue::String(Arc::from(text.as_str())),
    }
}
