//! `POST /api/v1/sources/ID/try`: the rows of a query over what a source holds now. Nothing is kept.

use super::body::Body;
use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use super::wire::{Hex, Row, members};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::clock::{Clock, SystemClock};
use livewell::{ComponentKind, Query, try_query};
use livewell_model::json::{Data, value_from_json};
use livewell_query::Engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Asked {
    /// Its text.
    cypher: String,
    /// The values of its parameters.
    #[serde(default)]
    params: Map<String, Value>,
}

/// The rows of a query over what a source holds now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tried {
    source_id: String,
    /// The last position of the store that the rows include.
    position: u64,
    /// How many elements the source holds.
    elements: u64,
    /// The names of the columns, in the order of RETURN.
    columns: Vec<String>,
    /// How the query would be maintained, in words.
    plan: String,
    /// The rows, by signature.
    rows: Vec<Row>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "The rows of a query over what a source holds now; nothing is kept";
    let post = call(Method::POST, "/api/v1/sources/{id}/try", post, summary);
    vec![post.answers(200, "The rows, and how the query would be maintained").refuses(&[503])]
}

/// Computes the rows, while the call waits.
async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    body: Body<Asked>,
) -> Result<Json<Tried>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let refused = |message: String| Problem::new(400, "LW0701", message);
    let asked = body.read()?;
    let mut query = Query::cypher("query", &asked.cypher).from(&id);
    for (name, value) in &asked.params {
        query = query.param(name, value_from_json(value).map_err(|error| refused(error.to_string()))?);
    }
    // Refused here, it has its place in the text.
    Engine::compile_with(&query.cypher, &query.params, &query.engine_settings()).map_err(|problem| {
        Problem::new(400, problem.code, problem.render(&query.cypher, "query").trim_end())
    })?;
    let (_caller, verifying) = super::verifying::begin(&api)?;
    let (livewell, source, bytes_max) = (api.livewell.clone(), id.clone(), api.limits.verify_bytes.get());
    let tried = tokio::task::spawn_blocking(move || {
        let is_cancelled = std::sync::Arc::new(verifying.is_cancelled());
        let is_cancelled = move || is_cancelled();
        let now = SystemClock.now();
        // The permit lasts as long as the computation.
        let tried = try_query(&**livewell.store(), &source, &query, now, bytes_max, is_cancelled);
        drop(verifying);
        tried
    });
    Ok(Json(Tried::of(id, tried.await.map_err(|error| broken_off(&error))??)))
}

impl Tried {
    /// Returns the outcome for a source.
    pub fn of(source_id: String, tried: livewell::Tried) -> Self {
        let row = |(row_signature, columns): &(u64, _)| Row {
            row_signature: Hex(*row_signature),
            data: members(&Data { names: &tried.columns, columns }),
        };
        Self {
            source_id,
            position: tried.position,
            elements: tried.elements,
            columns: tried.columns.iter().map(ToString::to_string).collect(),
            rows: tried.rows.iter().map(row).collect(),
            plan: tried.plan,
        }
    }
}
