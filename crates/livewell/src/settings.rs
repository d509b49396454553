//! Settings: plain data, with limits. Stores, sources and reactions, which are built and injected, are elsewhere.

use livewell_model::recovery::of_state;
use livewell_model::{Map, Value};
pub use livewell_model::{OutboxSettings, Recovery, WhenFull};
use livewell_query::{Join, Limits as QueryLimits, Parameter, ParameterType, Settings, for_each};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The bounds of a step, and of a source's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many transactions one commit of a component takes in at most.
    pub step_transactions_max: usize,
    /// About how many bytes of log one step reads at most.
    pub step_bytes_max: usize,
    /// How many changes one transaction may have.
    pub transaction_changes_max: usize,
    /// How many bytes an element's id may have.
    pub id_bytes_max: usize,
    /// How many transactions a source's log holds before the source waits for its queries.
    pub log_entries_max: u64,
    /// How many bytes a source's log holds before the source waits for its queries.
    pub log_bytes_max: u64,
    /// How many dead letters a reaction may have before it waits for a person to make room.
    pub dead_letters_max: u64,
    /// How many bytes its dead letters may have before it waits.
    pub dead_letters_bytes_max: u64,
    /// How many submissions may wait for a source before it reports that it is full.
    pub submissions_max: usize,
    /// How long a query in error keeps holding its sources' logs.
    pub error_hold: Duration,
    /// How many elements a rebuild takes in at once.
    pub rebuild_elements_max: usize,
    /// From so many queries over the same sources on, one reads for all of them and shows each what concerns it.
    pub routed_from: usize,
    /// How many bytes of the store are checked in a second in the background; 0 turns the check off.
    pub scrub_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            step_transactions_max: 1_000,
            step_bytes_max: 8 << 20,
            transaction_changes_max: 100_000,
            id_bytes_max: 64 << 10,
            log_entries_max: 1_000_000,
            log_bytes_max: 4 << 30,
            dead_letters_max: 100_000,
            dead_letters_bytes_max: 256 << 20,
            submissions_max: 1_024,
            error_hold: Duration::from_secs(600),
            rebuild_elements_max: 1_000,
            routed_from: 8,
            scrub_bytes_per_second: 4 << 20,
        }
    }
}

/// A standing query, as programs add it, configurations and calls write it, and the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Its id, unique among all sources, queries and reactions.
    pub id: String,
    /// The sources and queries it reads.
    pub sources: Vec<String>,
    /// Its text.
    pub cypher: String,
    /// The values of its parameters.
    #[serde(default)]
    pub params: Map,
    /// The parameters that it is run for each value of, which are the first columns of its rows.
    #[serde(default, with = "for_each::declared", skip_serializing_if = "Vec::is_empty")]
    pub for_each: Vec<Parameter>,
    /// Virtual relationships between nodes whose properties are equal.
    #[serde(default)]
    pub joins: Vec<Join>,
    /// The limits at which it stops.
    #[serde(default)]
    pub limits: QueryLimits,
    /// The label its rows carry in queries over it; its id if absent.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it does on a gap; it keeps state, so it cannot skip one.
    #[serde(default, deserialize_with = "of_state")]
    pub recovery: Recovery,
    /// The bounds of its outbox.
    #[serde(default)]
    pub outbox: OutboxSettings,
    /// Whether it runs; paused, it keeps what it stored and holds its sources' logs.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Query {
    /// The names that a parameter of [`Query::for_each`] cannot have: calls for the rows and changes of one value give the
    /// values by these names, and have parameters of their own that are called so.
    pub const RESERVED: [&str; 11] = [
        "after", "before", "cursor", "formulas", "kind", "limit", "numbers", "offset", "position", "search",
        "wait",
    ];

    /// Creates the query `id` with this text; name what it reads with [`Query::from`].
    pub fn cypher(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            cypher: text.into(),
            sources: Vec::new(),
            params: Map::new(),
            for_each: Vec::new(),
            joins: Vec::new(),
            limits: QueryLimits::default(),
            label: None,
            recovery: Recovery::default(),
            outbox: OutboxSettings::default(),
            enabled: true,
        }
    }

    /// Returns the settings of its engine, besides text and parameters.
    pub fn engine_settings(&self) -> Settings {
        let (joins, for_each) = (self.joins.clone(), self.for_each.clone());
        Settings { joins, for_each, limits: self.limits }
    }

    /// Reads the source or query `id`, too.
    #[must_use]
    pub fn from(mut self, id: impl Into<String>) -> Self {
        self.sources.push(id.into());
        self
    }

    /// Sets the value of the parameter `$name`.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name, value.into());
        self
    }

    /// Runs it for each value of the parameter `$name`, which is none of [`Query::RESERVED`]: adding it is refused then.
    #[must_use]
    pub fn for_each(mut self, name: &str, of: ParameterType) -> Self {
        self.for_each.push(Parameter { name: name.into(), of });
        self
    }

    /// Adds a virtual relationship between nodes whose properties are equal.
    #[must_use]
    pub fn join(mut self, join: Join) -> Self {
        self.joins.push(join);
        self
    }

    /// Sets what happens on a gap.
    #[must_use]
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// Sets the bounds of the outbox.
    #[must_use]
    pub fn outbox(mut self, outbox: OutboxSettings) -> Self {
        self.outbox = outbox;
        self
    }
}
