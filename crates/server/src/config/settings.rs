//! What a configuration holds besides the settings that sources and reactions bring themselves.

pub use super::limits::ServerLimits;
use livewell_model::{Map, Value};
use livewell_query::Join;
use serde::{Deserialize, Deserializer, de};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// Where everything durable lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// In memory: gone when the process is.
    Memory,
    /// In a directory of this machine.
    Embedded(EmbeddedSettings),
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self::Embedded(EmbeddedSettings::default())
    }
}

/// The settings of `kind: embedded`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddedSettings {
    /// The directory; made where missing.
    pub path: PathBuf,
    /// What a commit survives.
    pub durability: Durability,
    /// How many bytes of it are checked in a second in the background; 0: none are.
    pub scrub_bytes_per_second: u64,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        let scrub_bytes_per_second = livewell::Limits::default().scrub_bytes_per_second;
        Self { path: "./livewell-data".into(), durability: Durability::Sync, scrub_bytes_per_second }
    }
}

/// What a commit survives once it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut.
    Sync,
    /// A killed process.
    Os,
}

/// The API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Where it listens.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// What callers must send as `Authorization: Bearer`, if anything.
    pub token: Option<String>,
    /// Whether others than this machine may be served without TLS.
    pub insecure: bool,
    /// The names that callers know the server by, beside `localhost` and addresses: `NAME` or `NAME:PORT`.
    pub allowed_hosts: Vec<String>,
    /// Where components that calls make may read and write; `livewell-files` beside the store where nothing is said.
    pub data_directory: Option<PathBuf>,
    /// The environment variables that `${NAME}` in calls may stand for.
    pub allowed_environment: Vec<String>,
    /// What callers may take up.
    pub limits: ServerLimits,
}

fn address<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(input)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!("`{text}` is not an address and port; write them as in `127.0.0.1:7171`"))
    })
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7171),
            token: None,
            insecure: false,
            allowed_hosts: Vec::new(),
            data_directory: None,
            allowed_environment: Vec::new(),
            limits: ServerLimits::default(),
        }
    }
}

/// A standing query.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuerySettings {
    /// Its id, in the one space of all sources, queries and reactions.
    pub id: SmolStr,
    /// The sources and queries it reads.
    pub sources: Vec<SmolStr>,
    /// Its text.
    pub cypher: String,
    /// The values of its parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Virtual relationships between nodes whose properties are equal.
    #[serde(default)]
    pub joins: Vec<JoinSettings>,
    /// Where it stops rather than go on.
    #[serde(default)]
    pub limits: LimitSettings,
    /// The label its rows carry where another query reads them; its id where nothing is said.
    #[serde(default, rename = "as")]
    pub label: Option<SmolStr>,
    /// What to do about a gap.
    #[serde(default)]
    pub recovery: QueryRecovery,
    /// How many results are kept for those who follow.
    #[serde(default)]
    pub outbox: OutboxSettings,
    /// Whether it runs; `false` pauses it and keeps what it stored.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// Limits whose breach stops a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// How many relationships a path without an upper bound may have.
    pub hops: u32,
    /// How many rows one pattern may give in one step.
    pub rows: usize,
    /// How many versions of an element are kept where the query asks for versions.
    pub versions: usize,
    /// How many bytes one step may hold in memory.
    pub step_bytes: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let livewell_query::Limits { hops, rows, versions, step_bytes } = livewell_query::Limits::default();
        Self { hops, rows, versions, step_bytes }
    }
}

/// A virtual relationship wherever the properties of two of the keys are equal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinSettings {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// The nodes that take part, two or more.
    pub keys: Vec<JoinKeySettings>,
}

/// The nodes of a label, by a property.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinKeySettings {
    /// The label.
    pub label: SmolStr,
    /// The property.
    pub property: SmolStr,
}

fn yes() -> bool {
    true
}

impl QuerySettings {
    /// What the engine is given beside text and parameters.
    pub fn engine(&self) -> livewell_query::Settings {
        let join = |join: &JoinSettings| {
            let key = |made: Join, key: &JoinKeySettings| made.key(key.label.clone(), key.property.clone());
            join.keys.iter().fold(Join::new(join.kind.clone()), key)
        };
        let limits = livewell_query::Limits {
            hops: self.limits.hops,
            rows: self.limits.rows,
            versions: self.limits.versions,
            step_bytes: self.limits.step_bytes,
        };
        livewell_query::Settings { joins: self.joins.iter().map(join).collect(), limits }
    }

    /// The values of the query's parameters.
    pub fn params(&self) -> Map {
        self.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }
}

/// What a query does when its source's log no longer reaches back to its checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryRecovery {
    /// Stops with an error.
    #[default]
    Strict,
    /// Starts over from the source's elements as they are.
    AutoReset,
}

/// The bounds of a query's outbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// How many results it holds.
    pub capacity: NonZeroUsize,
    /// What happens when it is full.
    pub when_full: WhenFull,
    /// How long a reaction may stand still before it no longer holds the outbox.
    #[serde(deserialize_with = "livewell_model::period::deserialize")]
    pub max_wait: Duration,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        let capacity = NonZeroUsize::new(100_000).expect("100,000 is not 0");
        Self { capacity, when_full: WhenFull::Wait, max_wait: Duration::from_secs(60) }
    }
}

/// What a full outbox does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// Waits for reactions that make progress.
    Wait,
    /// Lets the oldest result go.
    Evict,
}
