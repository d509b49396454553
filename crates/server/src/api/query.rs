//! Verification and plan of a query: `verify` and `explain`.

use super::broken_off::broken_off;
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use super::shape::trouble;
use super::values;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use livewell::ComponentKind;
use livewell_query::Engine;
use serde::Deserialize;
use serde_json::{Value, json};

/// What `verify` takes beside values.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// `POST /api/v1/queries/ID/verify`: the live results, or those of one value, against an evaluation from scratch.
pub async fn verify(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    let values = given.values();
    let (_waiting, verifying) = super::verifying::begin(&api)?;
    let (livewell, query, bytes_max) = (api.livewell.clone(), id.clone(), api.limits.verify_bytes.get());
    let shown = api.verifications.begin(&id);
    let verified = tokio::task::spawn_blocking(move || {
        let (is_cancelled, on_progress) = (verifying.is_cancelled(), |progress| shown.at(progress));
        match values {
            Some(values) => {
                livewell.verify_value_within(&query, &values, bytes_max, is_cancelled, &on_progress)
            }
            None => livewell.verify_within(&query, bytes_max, is_cancelled, &on_progress),
        }
    });
    let verified = verified.await.map_err(|error| broken_off(&error))??;
    let condition = api.livewell.condition(&id);
    Ok(Json(json!({
        "query_id": id,
        "sequence": verified.sequence,
        "rows": verified.rows,
        "equal": verified.differences.is_empty(),
        "differences": verified.differences,
        "state": condition.state.name(),
        "error": trouble(&condition),
    })))
}

/// `GET /api/v1/queries/ID/explain`: its text and how it is maintained.
pub async fn explain(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let query = livewell::stored_query(&**api.livewell.store(), &id)?;
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())
        .map_err(livewell::Error::from)?;
    Ok(Json(json!({
        "query_id": id,
        "cypher": query.cypher,
        "sources": query.sources,
        "columns": engine.columns().iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "plan": engine.explain(),
    })))
}
