//! Settings: plain, with limits. What is built and injected (stores, sources, reactions) is elsewhere.

use livewell_model::{Map, Value};
use livewell_query::{Join, Limits as QueryLimits, Settings};
use std::time::Duration;

/// What a consumer does when the log no longer reaches back to its checkpoint, or is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recovery {
    /// Stop and say so.
    #[default]
    Strict,
    /// Take the snapshot: for those who keep state.
    AutoReset,
    /// Go on with what is left: for those who only act.
    AutoSkipGap,
}

/// What a query does when its outbox is full and somebody still has to read the oldest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Wait for it, as long as it makes progress.
    #[default]
    Wait,
    /// Let the oldest entry go.
    Evict,
}

/// The bounds of a query's outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxSettings {
    /// How many results it holds at most.
    pub capacity: u64,
    /// How many bytes it holds at most, give or take one step.
    pub bytes_max: u64,
    /// What happens at the limit.
    pub when_full: WhenFull,
    /// How long a reaction may stand still before it is no longer waited for.
    pub max_wait: Duration,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            capacity: 100_000,
            bytes_max: 1 << 30,
            when_full: WhenFull::Wait,
            max_wait: Duration::from_secs(60),
        }
    }
}

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
    /// How many bytes they may have before it waits.
    pub dead_letters_bytes_max: u64,
    /// How many submissions may wait for a source before it says that it is full.
    pub submissions_max: usize,
    /// How long a query in error goes on holding its sources' logs.
    pub error_hold: Duration,
    /// How many elements a rebuild takes in at once.
    pub rebuild_elements_max: usize,
    /// How many bytes of the store are checked in a second in the background; 0: none are.
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
            scrub_bytes_per_second: 4 << 20,
        }
    }
}

/// A standing query, as it is added.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its id.
    pub id: String,
    /// Its text.
    pub cypher: String,
    /// The sources and queries it reads.
    pub sources: Vec<String>,
    /// The values of its parameters.
    pub params: Map,
    /// Virtual relationships between nodes whose properties are equal.
    pub joins: Vec<Join>,
    /// Where it stops rather than go on.
    pub limits: QueryLimits,
    /// The label its rows carry in queries over it; its id if absent.
    pub label: Option<String>,
    /// What it does on a gap.
    pub recovery: Recovery,
    /// The bounds of its outbox.
    pub outbox: OutboxSettings,
    /// Whether it runs; paused, it keeps what it stored and goes on holding its sources' logs.
    pub enabled: bool,
}

impl Query {
    /// The query `id` with this text; name what it reads with [`Query::from`].
    pub fn cypher(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            cypher: text.into(),
            sources: Vec::new(),
            params: Map::new(),
            joins: Vec::new(),
            limits: QueryLimits::default(),
            label: None,
            recovery: Recovery::default(),
            outbox: OutboxSettings::default(),
            enabled: true,
        }
    }

    /// What its engine is made with, besides text and parameters.
    pub fn engine_settings(&self) -> Settings {
        Settings { joins: self.joins.clone(), limits: self.limits }
    }

    /// Reads the source or query `id`, too.
    #[must_use]
    pub fn from(mut self, id: impl Into<String>) -> Self {
        self.sources.push(id.into());
        self
    }

    /// Gives the parameter `$name` a value.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name, value.into());
        self
    }

    /// Adds a virtual relationship between nodes whose properties are equal.
    #[must_use]
    pub fn join(mut self, join: Join) -> Self {
        self.joins.push(join);
        self
    }

    /// Chooses what happens on a gap.
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
