//! A query that is being written.

use super::super::problem::Problem;
use livewell::Query;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many sources and queries a text that is checked or tried may read.
const SOURCES_MAX: usize = 64;

/// A query as an item of the section `queries:` has it, but for its id, which it need not have yet.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "QueryDraft")]
pub struct Draft {
    /// Its text.
    pub cypher: String,
    /// The ids of the sources and queries that it reads.
    #[schemars(length(max = SOURCES_MAX))]
    pub sources: Vec<String>,
    /// The id that it is to have, or has.
    pub id: Option<String>,
    /// What else an item has: `params`, `for_each`, `joins`, `limits` and so on.
    #[serde(flatten)]
    settings: Map<String, Value>,
}

impl Draft {
    /// Refuses what names too many sources.
    ///
    /// # Errors
    /// Returns 400 for more than may be named.
    pub fn check_size(&self) -> Result<(), Problem> {
        if self.sources.len() <= SOURCES_MAX {
            return Ok(());
        }
        let message = format!("a draft reads at most {SOURCES_MAX} sources, not {}", self.sources.len());
        Err(Problem::new(400, "LW0701", message))
    }

    /// Returns the item as a configuration has it.
    pub fn item(&self, id: &str) -> Value {
        let mut item = self.settings.clone();
        item.insert("id".into(), json!(id));
        item.insert("cypher".into(), json!(self.cypher));
        item.insert("sources".into(), json!(self.sources));
        Value::Object(item)
    }

    /// Returns the query.
    ///
    /// # Errors
    /// Returns an error if a setting is not one of a query.
    pub fn query(&self, id: &str) -> Result<Query, serde_json::Error> {
        serde_json::from_value(self.item(id))
    }
}
