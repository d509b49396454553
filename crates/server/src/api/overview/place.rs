//! The place of a component among the others, a part of every status: its kind, what it reads, what reads it, and what
//! it promises.

use crate::api::context::Api;
use crate::api::wire::Kind;
use livewell::{ComponentKind, Neighbours, Status};
use livewell_config::Config;
use schemars::JsonSchema;
use serde::Serialize;

/// How many readers are named.
pub const NAMED_MAX: usize = 100;

/// The place of a component.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Place {
    /// Its kind.
    kind: Kind,
    /// The `kind` of its settings. Null for a query, and for what is not in the configuration.
    #[serde(rename = "type")]
    of: Option<&'static str>,
    /// What it reads, in the order of its definition.
    reads: Vec<String>,
    /// What reads it: at most 100 of them, in the order of adding. Null for what only the store still holds.
    read_by: Option<Ids>,
    /// How often what comes in is taken in, or how often an effect is there, whatever crashes in between; `whole` is a file
    /// that is always one snapshot. Null if that is not known.
    #[schemars(extend("enum" = ["exactly_once", "at_least_once", "whole", null]))]
    guarantee: Option<&'static str>,
    /// Whether a reaction keeps a copy of the live results in its target, which can be compared with them. Null for
    /// everything else, and for what is not in the configuration.
    keeps_rows: Option<bool>,
}

/// The first of some ids, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ids {
    /// The first of them.
    pub ids: Vec<String>,
    /// How many there are.
    pub count: usize,
}

/// Returns the place of a component that was added.
pub fn place(api: &Api, status: &Status) -> Place {
    let Neighbours { reads, read_by, readers } = api.livewell.neighbours(&status.id, NAMED_MAX);
    let config = api.config();
    Place {
        kind: Kind(status.kind),
        of: type_of(&config, status.kind, &status.id),
        reads,
        read_by: Some(Ids { ids: read_by, count: readers }),
        guarantee: guarantee(&config, status.kind, &status.id),
        keeps_rows: keeps_rows(&config, status.kind, &status.id),
    }
}

/// Returns the place of a component that only the store still holds.
pub fn left(api: &Api, status: &Status) -> Place {
    // A definition that an earlier version has written is not read.
    let definition = api.livewell.definition(&status.id).ok();
    let reads = definition.map(|definition| definition.made.upstreams().to_vec()).unwrap_or_default();
    Place { kind: Kind(status.kind), of: None, reads, read_by: None, guarantee: None, keeps_rows: None }
}

/// Returns the `kind` of a component's settings.
pub fn type_of(config: &Config, kind: ComponentKind, id: &str) -> Option<&'static str> {
    match kind {
        ComponentKind::Source => config.sources.get(id).map(|source| source.kind().name),
        ComponentKind::Query => None,
        ComponentKind::Reaction => config.reactions.get(id).map(|reaction| reaction.connector.kind()),
    }
}

/// Returns whether a reaction keeps a copy of the live results.
fn keeps_rows(config: &Config, kind: ComponentKind, id: &str) -> Option<bool> {
    let reaction = config.reactions.get(id).filter(|_| kind == ComponentKind::Reaction)?;
    Some(reaction.connector.role() == livewell_reaction::Role::StateKeeper)
}

/// Returns how often what comes in is taken in, or how often an effect is there, whatever crashes in between.
fn guarantee(config: &Config, kind: ComponentKind, id: &str) -> Option<&'static str> {
    const ONCE: &str = livewell_reaction::Guarantee::ExactlyOnce.name();
    const AT_LEAST_ONCE: &str = livewell_reaction::Guarantee::AtLeastOnce.name();
    match kind {
        ComponentKind::Source => {
            config.sources.get(id).map(|source| if source.kind().once { ONCE } else { AT_LEAST_ONCE })
        }
        ComponentKind::Query => Some(ONCE),
        ComponentKind::Reaction => {
            config.reactions.get(id).map(|reaction| reaction.connector.guarantee().name())
        }
    }
}
