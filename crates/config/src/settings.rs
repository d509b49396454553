//! What a configuration holds besides the settings that sources and reactions bring themselves.

use super::access;
pub use super::access::{DEFAULT_TOKEN, Only, Scope, TOKEN_CHARS_MIN, TlsSettings, TokenHash, TokenSettings};
pub use super::limits::ServerLimits;
pub use super::oidc::{ClaimOrText, Jwks, OidcSettings, OnlyOfClaims};
use livewell::Durability;
use livewell::store::EmbeddedOptions;
use livewell_model::period;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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
    /// The largest size of its data file in bytes; address space, not disk space.
    pub map_size_bytes: u64,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        let scrub_bytes_per_second = livewell::Limits::default().scrub_bytes_per_second;
        let EmbeddedOptions { map_size_bytes, durability, .. } = EmbeddedOptions::default();
        Self { path: "./livewell-data".into(), durability, scrub_bytes_per_second, map_size_bytes }
    }
}

/// The API.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Where it listens.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The hash of the token that lets callers do everything; they send the token as `Authorization: Bearer`.
    #[serde(deserialize_with = "access::token")]
    pub token: Option<TokenHash>,
    /// Further tokens, each with what it may do.
    pub tokens: Vec<TokenSettings>,
    /// The tokens of an identity provider, if they are accepted.
    pub oidc: Option<OidcSettings>,
    /// The certificate to show, if TLS is spoken.
    pub tls: Option<TlsSettings>,
    /// Whether others than this machine may be served without TLS.
    pub insecure: bool,
    /// The names that callers know the server by, beside `localhost` and addresses: `NAME` or `NAME:PORT`.
    pub allowed_hosts: Vec<String>,
    /// The origins whose pages may call the API from a browser.
    pub cors: Vec<String>,
    /// Where components that calls make may read and write; `livewell-files` beside the store where nothing is said.
    pub data_directory: Option<PathBuf>,
    /// The environment variables that `${NAME}` in calls may stand for.
    pub allowed_environment: Vec<String>,
    /// What callers may take up.
    pub limits: ServerLimits,
    /// What the metrics show.
    pub metrics: MetricsSettings,
    /// Where it is written who changed what, beside the log.
    pub audit: Option<AuditSettings>,
    /// The collector of OpenTelemetry that traces and metrics are delivered to.
    pub telemetry: Option<TelemetrySettings>,
}

/// The collector of OpenTelemetry that traces and metrics are delivered to. What is not said is as the variables of
/// OpenTelemetry say.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// The URL of the collector, to which `/v1/traces` and `/v1/metrics` are added.
    pub endpoint: Option<String>,
    /// Headers of each delivery, such as a key.
    pub headers: BTreeMap<String, String>,
    /// The name by which the collector knows this process.
    pub service_name: Option<String>,
    /// How often metrics are delivered.
    #[serde(deserialize_with = "some_period")]
    pub metrics_every: Option<Duration>,
    /// The share of traces that are kept, from 0 to 1.
    pub traces_share: Option<f64>,
}

fn some_period<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Duration>, D::Error> {
    period::deserialize(input).map(Some)
}

/// Where it is written who changed what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// The file; a line of JSON is appended for each change.
    pub path: PathBuf,
}

impl ServerSettings {
    /// Returns whether calls need no token.
    pub fn is_open(&self) -> bool {
        self.token.is_none() && self.tokens.is_empty() && self.oidc.is_none()
    }
}

/// What the metrics show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// How many components have series of their own at most.
    pub components: usize,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { components: 1_000 }
    }
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
            tokens: Vec::new(),
            oidc: None,
            tls: None,
            insecure: false,
            allowed_hosts: Vec::new(),
            cors: Vec::new(),
            data_directory: None,
            allowed_environment: Vec::new(),
            limits: ServerLimits::default(),
            metrics: MetricsSettings::default(),
            audit: None,
            telemetry: None,
        }
    }
}
