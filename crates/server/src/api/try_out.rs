//! `POST /api/v1/sources/ID/try`: the rows of a query over what a source holds now. Nothing is kept.

use super::broken_off::broken_off;
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use livewell::clock::{Clock, SystemClock};
use livewell::{ComponentKind, Query, Tried, try_query};
use livewell_model::json::{Data, RowShape, value_from_json};
use livewell_query::Engine;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    cypher: String,
    /// The values of its parameters.
    #[serde(default)]
    params: Map<String, Value>,
}

/// Computes the rows, while the call waits.
pub async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let refused = |message: String| Problem::new(400, "LW0701", message);
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| refused(error.to_string()))?;
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
    Ok(Json(shape(&id, &tried.await.map_err(|error| broken_off(&error))??)))
}

/// Returns the outcome in JSON.
pub fn shape(source: &str, tried: &Tried) -> Value {
    let Tried { columns: names, rows, elements, position, plan } = tried;
    let row = |(row_signature, columns): &(u64, _)| {
        let shape = RowShape { row_signature: *row_signature, data: Data { names, columns } };
        // Every value has a shape in JSON.
        serde_json::to_value(shape).unwrap_or_default()
    };
    json!({
        "source_id": source,
        "position": position,
        "elements": elements,
        "columns": names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "plan": plan,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}
