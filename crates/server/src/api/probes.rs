//! `GET /health` and `GET /ready`: whether the process is alive, and whether its queries have caught up.

use super::context::{Api, Shared};
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use livewell::Livewell;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often to check whether all queries have caught up.
const LOOK: Duration = Duration::from_millis(50);
/// How many components an answer names.
const NAMED_MAX: usize = 100;

/// `GET /health`: the process is alive and can read its store.
pub async fn health(State(api): State<Shared>) -> Result<impl IntoResponse, Problem> {
    api.livewell.check_readable()?;
    Ok(Json(json!({ "status": "ok" })))
}

/// `GET /ready`: every query has caught up once since the start, and nothing waits for a disk; a query over a source in
/// error has not caught up.
pub async fn ready(State(api): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let stalled = api.livewell.waiting_for_disk();
    if let Some((id, reason)) = stalled.first() {
        let message = format!("`{id}` waits for a disk: {reason}");
        return Err(waiting(message, stalled.iter().map(|(id, _)| id.clone()).collect()));
    }
    let ready = Ok(Json(json!({ "status": "ready" })));
    if api.ready.load(Ordering::Relaxed) {
        return ready;
    }
    let behind = api.livewell.not_caught_up(usize::MAX)?;
    if behind.is_empty() {
        api.ready.store(true, Ordering::Relaxed);
        return ready;
    }
    let mut message = format!("not caught up yet: {}", behind[..behind.len().min(NAMED_MAX)].join(", "));
    if let Some(more @ 1..) = behind.len().checked_sub(NAMED_MAX) {
        message.push_str(&format!(" and {more} more"));
    }
    Err(waiting(message, behind))
}

/// Returns that these components wait: the first of them, and how many there are if those are not all.
fn waiting(message: String, mut ids: Vec<String>) -> Problem {
    let count = ids.len();
    ids.truncate(NAMED_MAX);
    let problem = Problem::new(503, "LW0714", message).with("waiting_for", ids).retry_after(1);
    if count > NAMED_MAX { problem.with("waiting", count) } else { problem }
}

/// Records when every query has caught up for the first time, whether anybody asks or not.
pub async fn watch_ready(api: &Api) {
    let mut first = None;
    loop {
        // As long as one is behind, the others need not be looked at.
        if !first.as_deref().is_some_and(|id| is_behind(&api.livewell, id)) {
            match api.livewell.not_caught_up(1).map(|mut behind| behind.pop()) {
                Ok(None) => break,
                Ok(behind) => first = behind,
                Err(_) => {}
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    api.ready.store(true, Ordering::Relaxed);
}

/// Returns whether a query is known not to have caught up.
fn is_behind(livewell: &Livewell, query: &str) -> bool {
    livewell.has_caught_up(query).is_ok_and(|has_caught_up| !has_caught_up)
}
