//! `GET /api/v1/graph`: the components, each with its state and a few figures, and what reads what.

use super::node::Node;
use crate::api::broken_off::broken_off;
use crate::api::context::{Api, Shared};
use crate::api::problem::Problem;
use axum::Json;
use axum::extract::State;
use livewell::Overview;
use serde::Serialize;

/// How many components are shown; of more, only those in trouble are.
pub const SHOWN_MAX: usize = 1_000;

/// The components and what reads what.
#[derive(Debug, Serialize)]
pub struct Graph {
    total: usize,
    limit: usize,
    /// Whether all components are shown.
    whole: bool,
    counts: Vec<Count>,
    components: Vec<Node>,
    edges: Vec<Edge>,
}

/// How many components of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    kind: &'static str,
    state: &'static str,
    count: u64,
}

/// Something that is read, and what reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
        .map(|((kind, state), count)| Count { kind: kind.noun(), state: state.name(), count: *count })
        .collect()
}
