//! Sources, queries and reactions: what they are doing; and whether the whole is alive and ready.

use super::problem::Problem;
use super::{Api, Shared};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use livewell::{ComponentKind, State as Doing, Status};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// The calls that all kinds have.
pub fn routes(kind: ComponentKind) -> Router<Shared> {
    let all = move |State(api): State<Shared>| async move {
        let shapes: Vec<Value> = of_kind(&api, kind)?.iter().map(shape).collect();
        Ok::<_, Problem>(Json(shapes))
    };
    let one = move |State(api): State<Shared>, Path(id): Path<String>| async move {
        find(&api, kind, &id).map(|status| Json(shape(&status)))
    };
    let reset = move |State(api): State<Shared>, Path(id): Path<String>| async move {
        find(&api, kind, &id)?;
        api.livewell.reset(&id)?;
        Ok::<_, Problem>((StatusCode::ACCEPTED, Json(json!({ "id": id, "state": "starting" }))))
    };
    Router::new().route("/", get(all)).route("/{id}", get(one)).route("/{id}/reset", post(reset))
}

fn of_kind(api: &Api, kind: ComponentKind) -> Result<Vec<Status>, Problem> {
    let mut all = api.livewell.status()?;
    all.retain(|status| status.kind == kind);
    Ok(all)
}

/// The status of one component.
///
/// # Errors
/// 404 where there is none of this kind.
pub fn find(api: &Api, kind: ComponentKind, id: &str) -> Result<Status, Problem> {
    let found = of_kind(api, kind)?.into_iter().find(|status| status.id == id);
    found.ok_or_else(|| {
        let kind = match kind {
            ComponentKind::Source => "source",
            ComponentKind::Query => "query",
            ComponentKind::Reaction => "reaction",
        };
        Problem::new(
            404,
            "LW0501",
            format!("there is no {kind} `{id}` here; `livewell status` lists what there is"),
        )
    })
}

/// A component in JSON.
fn shape(status: &Status) -> Value {
    json!({
        "id": status.id,
        "state": status.state.name(),
        "epoch": status.epoch.to_string(),
        "sequence": status.sequence,
        "lag": status.lag,
        "lag_seconds": status.lag_seconds,
        "rows": status.rows,
        "log_entries": status.log_entries,
        "position": status.position,
        "without_effect": status.without_effect,
        "parked": status.parked,
        "error": status.error,
    })
}

/// `GET /health`: the process is alive and can read its store.
pub async fn health(State(api): State<Shared>) -> Result<impl IntoResponse, Problem> {
    api.livewell.status()?;
    Ok(Json(json!({ "status": "ok" })))
}

/// `GET /ready`: every query has caught up once since the start.
pub async fn ready(State(api): State<Shared>) -> Result<impl IntoResponse, Problem> {
    if !api.ready.load(Ordering::Relaxed) {
        let behind = |status: &Status| match status.state {
            Doing::CaughtUp | Doing::Paused => false,
            Doing::Starting | Doing::Error | Doing::Stopped => true,
            Doing::Running | Doing::Waiting => status.lag > 0,
        };
        let queries = of_kind(&api, ComponentKind::Query)?;
        let waiting: Vec<&str> =
            queries.iter().filter(|status| behind(status)).map(|status| status.id.as_str()).collect();
        if !waiting.is_empty() {
            let problem = Problem::new(503, "LW0714", format!("not caught up yet: {}", waiting.join(", ")));
            return Err(problem.with("waiting_for", waiting).retry_after(1));
        }
        api.ready.store(true, Ordering::Relaxed);
    }
    Ok(Json(json!({ "status": "ready" })))
}
