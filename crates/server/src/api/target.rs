//! `GET /api/v1/reactions/ID/target` and `/compare`: what the target of a reaction holds, and whether that is what it
//! should hold.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use super::verifications::Done;
use super::verifying;
use super::wire::Epoch;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell::reactions::Reached;
use livewell::reactions::target::{Compared, Difference, Found, Held};
use schemars::JsonSchema;
use serde::Serialize;

/// What the target of a reaction holds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Target")]
struct Shown {
    reaction_id: String,
    /// The target in words.
    target: String,
    /// How many rows it has.
    rows: u64,
    /// The checkpoint that the rows are of; null if it has none, or a file is not the one that was written last.
    checkpoint: Option<Checkpoint>,
}

/// How far a target is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TargetCheckpoint")]
struct Checkpoint {
    query_id: String,
    epoch: Epoch,
    sequence: u64,
    /// The position of the store that led to it.
    position: u64,
}

/// What a comparison of a target with the live results has found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TargetCompared")]
pub struct Outcome {
    reaction_id: String,
    /// The target in words.
    target: String,
    /// The checkpoint of the target, at which the rows were compared.
    checkpoint: Checkpoint,
    /// How many rows the target has.
    rows: u64,
    /// How many live results there were at the checkpoint.
    live: u64,
    /// Whether nothing differs.
    equal: bool,
    /// Live results that the target does not have.
    missing: Differences,
    /// Rows with other values than the live results of their keys.
    changed: Differences,
    /// Rows of the target that are not among the live results.
    extra: Differences,
}

/// Rows that differ in one way.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TargetDifferences")]
struct Differences {
    count: u64,
    /// The first 20.
    rows: Vec<Differing>,
}

/// A row that differs. Long texts are cut.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TargetDifference")]
struct Differing {
    /// The key of the row in the target; of a file the signature, or the number of a line.
    key: String,
    /// The row that should be there, as JSON; null if none should be.
    expected: Option<String>,
    /// What is there; null if nothing is.
    found: Option<String>,
}

/// The comparisons of a reaction that are running.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Comparisons")]
struct Running {
    reaction_id: String,
    comparisons: Vec<Done>,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/{rest}");
    vec![
        call(Method::GET, path("target"), look, "How many rows the target of a reaction has, and its checkpoint")
            .answers(200, "What it holds")
            .refuses(&[400, 409, 503]),
        call(
            Method::POST,
            path("compare"),
            compare,
            "Compares the rows of a reaction's target with the live results of its checkpoint; changes nothing",
        )
        .answers(200, "What was found")
        .refuses(&[400, 409, 503]),
        call(Method::GET, path("compare"), running, "How far the comparisons of a reaction are that are running")
            .answers(200, "Each of them"),
    ]
}

/// `GET /api/v1/reactions/ID/target`: what its target holds.
async fn look(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Shown>, Problem> {
    find(&api, ComponentKind::Reaction, &id)?;
    let (_waiting, measuring) = verifying::begin_measuring(&api)?;
    let (livewell, reaction) = (api.livewell.clone(), id.clone());
    let held = tokio::task::spawn_blocking(move || livewell.target(&reaction, measuring.is_cancelled()));
    let Held { target, rows, reached } = held.await.map_err(|error| broken_off(&error))??;
    Ok(Json(Shown { reaction_id: id, target, rows, checkpoint: reached.map(Checkpoint::from) }))
}

/// `POST /api/v1/reactions/ID/compare`: its target against the live results.
async fn compare(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Outcome>, Problem> {
    find(&api, ComponentKind::Reaction, &id)?;
    let (_waiting, verifying) = verifying::begin(&api)?;
    let (livewell, reaction, bytes_max) = (api.livewell.clone(), id.clone(), api.limits.verify_bytes.get());
    let shown = api.verifications.begin(&id);
    let compared = tokio::task::spawn_blocking(move || {
        let on_progress = |progress| shown.at(progress);
        livewell.compare_within(&reaction, bytes_max, verifying.is_cancelled(), &on_progress)
    });
    let compared = compared.await.map_err(|error| broken_off(&error))??;
    Ok(Json(Outcome::of(id, compared)))
}

/// `GET /api/v1/reactions/ID/compare`: how far the comparisons are that are running.
async fn running(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Running>, Problem> {
    find(&api, ComponentKind::Reaction, &id)?;
    let comparisons = api.verifications.of(&id);
    Ok(Json(Running { reaction_id: id, comparisons }))
}

impl From<Reached> for Checkpoint {
    fn from(reached: Reached) -> Self {
        let Reached { query_id, epoch, sequence, position } = reached;
        Self { query_id: query_id.to_string(), epoch: Epoch(epoch), sequence, position }
    }
}

impl Outcome {
    fn of(reaction_id: String, compared: Compared) -> Self {
        let equal = compared.is_equal();
        let Compared { target, reached, there, live, missing, changed, extra } = compared;
        Self {
            reaction_id,
            target,
            checkpoint: reached.into(),
            rows: there,
            live,
            equal,
            missing: missing.into(),
            changed: changed.into(),
            extra: extra.into(),
        }
    }
}

impl From<Found> for Differences {
    fn from(Found { count, first }: Found) -> Self {
        let row = |Difference { key, expected, found }| Differing { key, expected, found };
        Self { count, rows: first.into_iter().map(row).collect() }
    }
}
