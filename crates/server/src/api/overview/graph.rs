//! `GET /api/v1/graph`: the components, each with its state and a few figures, and what reads what.

use super::node::Node;
use crate::api::broken_off::broken_off;
use crate::api::context::{Api, Shared};
use crate::api::problem::Problem;
use crate::api::wire::{Doing, Kind};
use axum::Json;
use axum::extract::State;
use livewell::Overview;
use schemars::JsonSchema;
use serde::Serialize;

/// How many components are shown; of more, only those in trouble are.
pub const SHOWN_MAX: usize = 1_000;

/// The components and what reads what.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Graph {
    /// How many components there are.
    total: usize,
    /// How many are shown at most.
    limit: usize,
    /// Whether all are shown; else only those are that have a reason for being in error or waiting.
    whole: bool,
    /// How many components of each kind are in each state, all of them counted.
    counts: Vec<Count>,
    /// By id.
    components: Vec<Node>,
    /// Among those that are shown.
    edges: Vec<Edge>,
}

/// How many components of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    kind: Kind,
    state: Doing,
    count: u64,
}

/// Something that is read, and what reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Edge {
    from: String,
    to: String,
}

/// Returns the components and what reads what.
pub async fn get(State(api): State<Shared>) -> Result<Json<Graph>, Problem> {
    let graph = tokio::task::spawn_blocking(move || graph(&api));
    graph.await.map_err(|error| broken_off(&error))?.map(Json)
}

fn graph(api: &Api) -> Result<Graph, Problem> {
    let overview = api.livewell.overview(SHOWN_MAX)?;
    let counts = counts(&overview);
    let Overview { total, is_whole, shown, edges, .. } = overview;
    let config = api.config();
    Ok(Graph {
        total,
        limit: SHOWN_MAX,
        whole: is_whole,
        counts,
        components: shown.iter().map(|status| Node::of(&config, status)).collect(),
        edges: edges.into_iter().map(|(from, to)| Edge { from, to }).collect(),
    })
}

/// Returns the counts that are not 0.
pub fn counts(overview: &Overview) -> Vec<Count> {
    let counts = overview.counts.iter().filter(|(_, count)| **count > 0);
    counts
        .map(|((kind, state), count)| Count { kind: Kind(*kind), state: Doing(*state), count: *count })
        .collect()
}
