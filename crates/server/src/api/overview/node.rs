//! A component as a picture of all of them shows it: its state and the few figures that it needs.

use super::place::type_of;
use crate::api::shape::{Trouble, rounded};
use crate::api::wire::{Doing, Epoch, Kind};
use livewell::Status;
use livewell_config::Config;
use schemars::JsonSchema;
use serde::Serialize;

/// A component in a picture.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Node {
    /// Its id.
    pub id: String,
    kind: Kind,
    /// The `kind` of its settings. Null for a query, and for what is not in the configuration.
    #[serde(rename = "type")]
    of: Option<&'static str>,
    state: Doing,
    /// Why it is in error, or what it waits for.
    error: Option<Trouble>,
    epoch: Epoch,
    sequence: u64,
    rows: u64,
    lag: u64,
    /// Over the last minute: transactions of a source, results of a query, delivered results of a reaction.
    per_second: f64,
    /// What a source still has to read of its upstream.
    behind_bytes: Option<u64>,
    /// Of a source behind its upstream by the clock, else in the time of transactions.
    lag_seconds: Option<f64>,
    /// How full the log of a source is, or what is not read yet of an outbox, from 0 to 1.
    log_share: Option<f64>,
    parked: u64,
    dead_letters: u64,
}

impl Node {
    /// Creates what is shown of a component.
    pub fn of(config: &Config, status: &Status) -> Self {
        let error = status.error.as_deref().zip(status.error_since);
        let upstream = status.upstream.as_ref();
        Self {
            id: status.id.clone(),
            kind: Kind(status.kind),
            of: type_of(config, status.kind, &status.id),
            state: Doing(status.state),
            error: error.map(|(error, since)| Trouble::in_parts(error, since)),
            epoch: Epoch(status.epoch),
            sequence: status.sequence,
            rows: status.rows,
            lag: status.lag,
            per_second: rounded(status.entries_per_second),
            behind_bytes: upstream.and_then(|upstream| upstream.behind_bytes),
            lag_seconds: upstream.map_or(status.lag_seconds, |_| status.upstream_lag_seconds).map(rounded),
            log_share: status.log_share.map(rounded),
            parked: status.parked,
            dead_letters: status.dead_letters,
        }
    }
}
