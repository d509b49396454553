//! The settings that reactions of all kinds share.

use livewell_model::Recovery;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The settings that every reaction has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Its id, unique among all sources, queries and reactions.
    pub id: SmolStr,
    /// The queries it follows; their results come in ascending position.
    pub queries: Vec<SmolStr>,
    /// What to do about a gap.
    #[serde(default)]
    pub recovery: Recovery,
    /// What to do about what its target refuses permanently.
    #[serde(default, skip_serializing_if = "OnRefusal::is_stop")]
    pub on_refusal: OnRefusal,
    /// Whether it runs; `false` pauses it and keeps its checkpoint.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether its checkpoint has to survive; a store in memory requires `false` here.
    #[serde(default = "yes")]
    pub durable: bool,
}

fn yes() -> bool {
    true
}

/// What a reaction does about a row or message that its target refuses permanently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefusal {
    /// Stops with an error.
    #[default]
    Stop,
    /// Sets it aside as a dead letter and continues.
    DeadLetter,
}

impl OnRefusal {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}
