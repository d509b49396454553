//! `GET /health` and `GET /ready`: whether the process is alive, and whether its queries have caught up.

use super::call::{Call, call};
use super::context::{Api, Shared};
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use livewell::{Error, Livewell};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often to check whether all queries have caught up.
const LOOK: Duration = Duration::from_millis(50);
/// How many components an answer names.
const NAMED_MAX: usize = 100;

/// How the process is.
#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    /// `degraded` if something is wrong that a restart would not mend.
    #[schemars(extend("enum" = ["ok", "degraded"]))]
    status: &'static str,
    /// What is wrong, by the code of its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    code: Option<&'static str>,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    detail: Option<String>,
}

/// That every query has caught up.
#[derive(Debug, Serialize, JsonSchema)]
struct Ready {
    #[schemars(extend("const" = "ready"))]
    status: &'static str,
}

/// Returns the probes.
pub fn calls() -> Vec<Call> {
    let alive = "Whether the process is alive and can read its store";
    let caught_up = "Whether every query has caught up once since the start; one over a source in error has not. If \
                     not, `waiting_for` names the first 100, and `waiting` says how many there are if more";
    vec![
        call(Method::GET, "/health", health, alive).answers(200, "It is").refuses(&[503]),
        call(Method::GET, "/ready", ready, caught_up).answers(200, "They have").refuses(&[503]),
    ]
}

/// `GET /health`: the process is alive, and nothing is wrong that a restart would mend.
async fn health(State(api): State<Shared>) -> Result<Json<Health>, Problem> {
    match api.livewell.check_readable() {
        Ok(()) => Ok(Json(Health { status: "ok", code: None, detail: None })),
        Err(error) if is_mended_by_restart(&error) => {
            Err(Problem::new(503, error.code, error.message).retry_after(1))
        }
        Err(error) => {
            Ok(Json(Health { status: "degraded", code: Some(error.code), detail: Some(error.message) }))
        }
    }
}

/// Returns whether a restart may mend an error of the store. It does not free a disk or undo damage: whoever restarts
/// for that has a process that restarts for ever, and shows nothing.
fn is_mended_by_restart(error: &Error) -> bool {
    // Without room, damaged, of another kind, on a disk that fails.
    !matches!(error.code, "LW0302" | "LW0303" | "LW0304" | "LW0305" | "LW0310")
}

/// `GET /ready`: every query has caught up once since the start, the store can be read, and nothing waits for a disk,
/// also not for room in the store; a query over a source in error has not caught up.
async fn ready(State(api): State<Shared>) -> Result<Json<Ready>, Problem> {
    api.livewell.check_readable().map_err(|error| {
        waiting(format!("the store cannot be read: {} [{}]", error.message, error.code), Vec::new())
    })?;
    let stalled = api.livewell.waiting_for_disk();
    if let Some((id, reason)) = stalled.first() {
        let message = format!("`{id}` waits for a disk: {reason}");
        return Err(waiting(message, stalled.iter().map(|(id, _)| id.clone()).collect()));
    }
    let ready = Ok(Json(Ready { status: "ready" }));
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

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_store::IndexError;

    #[test]
    fn health_is_red_only_for_what_a_restart_mends() {
        let cause = || "it".into();
        for (error, is_mended) in [
            (IndexError::Full(cause()), false),
            (IndexError::Io(cause()), false),
            (IndexError::Corrupted(cause()), false),
            (IndexError::UnknownStore(cause()), false),
            // All places for readers are taken, or another process has the store.
            (IndexError::Connection(cause()), true),
            (IndexError::Fenced(cause()), true),
            (IndexError::Other(cause()), true),
        ] {
            let error = Error::from(error);
            assert_eq!(is_mended_by_restart(&error), is_mended, "{error}");
        }
    }
}
