//! A query's proof and plan: `verify` and `explain`.

use super::Shared;
use super::components::find;
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use livewell::ComponentKind;
use livewell_model::Map;
use livewell_model::json::value_from_json;
use livewell_query::Engine;
use livewell_store::catalog;
use serde_json::{Value, json};

/// `POST /api/v1/queries/ID/verify`: the live results against an evaluation from scratch.
pub async fn verify(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let _permit = super::stream::permit(&api)?;
    let (livewell, query) = (api.livewell.clone(), id.clone());
    let verified = tokio::task::spawn_blocking(move || livewell.verify(&query));
    let verified =
        verified.await.map_err(|_| Problem::new(500, "LW0300", "verifying broke off; see the log"))??;
    Ok(Json(json!({
        "query_id": id,
        "sequence": verified.sequence,
        "rows": verified.rows,
        "equal": verified.differences.is_empty(),
        "differences": verified.differences,
    })))
}

/// `GET /api/v1/queries/ID/explain`: its text and how it is maintained.
pub async fn explain(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let damaged = || Problem::new(500, "LW0303", format!("the stored definition of `{id}` cannot be read"));
    let snapshot = api.livewell.store().snapshot().map_err(livewell::Error::from)?;
    let entry = catalog::find(&*snapshot, &id).map_err(livewell::Error::from)?.ok_or_else(damaged)?;
    let definition: Value = serde_json::from_str(&entry.definition).map_err(|_| damaged())?;
    let cypher = definition["cypher"].as_str().ok_or_else(damaged)?;
    let params: Map = match definition["params"].as_object() {
        Some(params) => {
            let params = params.iter().map(|(name, json)| Ok((name.as_str(), value_from_json(json)?)));
            params.collect::<Result<_, livewell_model::json::TooDeep>>().map_err(|_| damaged())?
        }
        None => Map::new(),
    };
    let engine = Engine::compile(cypher, &params).map_err(livewell::Error::from)?;
    Ok(Json(json!({
        "query_id": id,
        "cypher": cypher,
        "sources": definition["sources"],
        "columns": engine.columns().iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "plan": engine.explain(),
    })))
}
