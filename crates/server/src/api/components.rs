//! Sources, queries and reactions: their status; and whether the server is alive and ready.

use super::call::{Call, call};
use super::context::{Api, Shared};
use super::list::{Asked, list};
use super::problem::Problem;
use super::shape::leftover;
use super::shown::status;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use livewell::{ComponentKind, Error, ErrorKind, Livewell, State as Doing, Status};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often to check whether all queries have caught up.
const LOOK: Duration = Duration::from_millis(50);

/// The parameters of a reset, in their order; a name may come more than once.
type ResetQuery = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Returns the calls that all kinds have.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let all = async move |State(api): State<Shared>, Query(asked): Query<Asked>| list(api, kind, asked).await;
    let one = async move |State(api): State<Shared>, Path(id): Path<String>| {
        if let Some(found) = left(&api, kind, &id)? {
            return Ok(Json(leftover(&found)));
        }
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let reset = async move |State(api): State<Shared>, Path(id): Path<String>, asked: ResetQuery| {
        find(&api, kind, &id)?;
        let tables = tables(kind, &id, asked)?;
        if tables.is_empty() {
            api.livewell.reset(&id)?;
        } else {
            api.livewell.reset_tables(&id, &tables)?;
        }
        Ok::<_, Problem>((StatusCode::ACCEPTED, Json(json!({ "id": id, "state": "starting" }))))
    };
    let stop = async move |State(api): State<Shared>, Path(id): Path<String>| {
        find(&api, kind, &id)?;
        // Without the lock, so that nobody else has to wait while it ends.
        api.livewell.stop(&id).await?;
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let start = async move |State(api): State<Shared>, Path(id): Path<String>| {
        begin(&api, kind, &id).await?;
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let path = |rest: &str| format!("/api/v1/{}{rest}", kind.plural());
    vec![
        call(Method::GET, path(""), all),
        call(Method::GET, path("/{id}"), one),
        call(Method::POST, path("/{id}/reset"), reset),
        call(Method::POST, path("/{id}/start"), start),
        call(Method::POST, path("/{id}/stop"), stop),
    ]
}

/// Returns the tables that a reset names: each as a `table` of its own.
fn tables(kind: ComponentKind, id: &str, asked: ResetQuery) -> Result<Vec<String>, Problem> {
    let Query(asked) = asked.map_err(|rejection| Problem::new(400, "LW0701", rejection.body_text()))?;
    if let Some((name, _)) = asked.iter().find(|(name, _)| name != "table") {
        let message = format!("a reset does not take `{name}`; it takes `table`, once for each table");
        return Err(Problem::new(400, "LW0701", message));
    }
    if !asked.is_empty() && kind != ComponentKind::Source {
        let message = format!("`{id}` is not a source and has no tables; reset it without naming tables");
        return Err(Problem::new(400, "LW0538", message));
    }
    Ok(asked.into_iter().map(|(_, table)| table).collect())
}

/// Starts a component that does not run, with its settings in the configuration; a running one is left as it is.
async fn begin(api: &Api, kind: ComponentKind, id: &str) -> Result<(), Problem> {
    let _one_at_a_time = api.changing.lock().await;
    match find(api, kind, id)?.state {
        Doing::Paused | Doing::Stopped => {}
        Doing::Error => {
            api.livewell.check_writable()?;
            api.livewell.stop(id).await?;
        }
        _ => return Ok(()),
    }
    let setup = livewell_config::setup::started(&api.config(), &api.seal, id)?.ok_or_else(|| {
        let message = format!("`{id}` is not in the configuration this server runs with");
        Problem::new(409, "LW0716", message)
    })?;
    Ok(api.livewell.add(setup).await?)
}

/// Returns what the store holds of a component of this kind that is not in the configuration.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn left(api: &Api, kind: ComponentKind, id: &str) -> Result<Option<Status>, Problem> {
    Ok(api.livewell.leftover(id)?.filter(|status| status.kind == kind))
}

/// Returns whether the component was added, of whatever kind.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn added(api: &Api, id: &str) -> Result<Option<Status>, Problem> {
    match api.livewell.status_of(id) {
        Ok(status) => Ok(Some(status)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns the status of one component, also of one that only the store still holds.
///
/// # Errors
/// Returns 404 if there is none of this kind.
pub fn find_any(api: &Api, kind: ComponentKind, id: &str) -> Result<Status, Problem> {
    left(api, kind, id)?.map_or_else(|| find(api, kind, id), Ok)
}

/// Returns the status of one component.
///
/// # Errors
/// Returns 404 if there is none of this kind, or 409 if only the store still holds it.
pub fn find(api: &Api, kind: ComponentKind, id: &str) -> Result<Status, Problem> {
    match added(api, id)? {
        Some(found) if found.kind == kind => return Ok(found),
        Some(other) => {
            let message = format!("`{id}` is a {}, not a {}", other.kind.noun(), kind.noun());
            return Err(Problem::new(404, "LW0501", message));
        }
        None => {}
    }
    if left(api, kind, id)?.is_some() {
        let message = format!(
            "`{id}` is not in the configuration this server runs with, only in its store; `livewell remove {id}` (or \
             `DELETE`) removes what it stored"
        );
        return Err(Problem::new(409, "LW0716", message));
    }
    let config = api.config();
    let mut names: Vec<&str> =
        config.components().filter(|(its, _)| *its == kind).map(|(_, name)| name).collect();
    names.sort_unstable();
    Err(livewell::unknown(kind.noun(), id, &names).into())
}

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
        let waiting: Vec<String> = stalled.iter().map(|(id, _)| id.clone()).collect();
        return Err(Problem::new(503, "LW0714", message).with("waiting_for", waiting).retry_after(1));
    }
    let ready = Ok(Json(json!({ "status": "ready" })));
    if api.ready.load(Ordering::Relaxed) {
        return ready;
    }
    let waiting = behind(&api.livewell)?;
    if waiting.is_empty() {
        api.ready.store(true, Ordering::Relaxed);
        return ready;
    }
    let problem = Problem::new(503, "LW0714", format!("not caught up yet: {}", waiting.join(", ")));
    Err(problem.with("waiting_for", waiting).retry_after(1))
}

/// Records when every query has caught up for the first time, whether anybody asks or not.
pub async fn watch_ready(api: &Api) {
    while !behind(&api.livewell).is_ok_and(|waiting| waiting.is_empty()) {
        tokio::time::sleep(LOOK).await;
    }
    api.ready.store(true, Ordering::Relaxed);
}

/// Returns the queries that have not caught up.
fn behind(livewell: &Livewell) -> Result<Vec<String>, Error> {
    let is_behind = |status: &Status| match status.state {
        Doing::CaughtUp | Doing::Paused => false,
        // A waiting query waits for its first rows, for room, or for a component in error above it.
        Doing::Starting | Doing::Waiting | Doing::Error | Doing::Stopped => true,
        Doing::Running => status.lag > 0,
    };
    let mut queries = livewell.status()?;
    queries.retain(|status| status.kind == ComponentKind::Query && is_behind(status));
    Ok(queries.into_iter().map(|status| status.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell::{IntoSource, MemoryStore, Query, Setup};
    use livewell_source::file::Files;
    use livewell_source::settings::FileSettings;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_query_over_a_source_in_error_has_not_caught_up() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ops.jsonl");
        let livewell = Livewell::builder().store(MemoryStore::new()).build().unwrap();
        let queries = vec![Query::cypher("q", "MATCH (n:A) RETURN n.x AS x").from("ops")];
        let mut file = FileSettings::new("ops", &path);
        file.follow = Some(false);
        livewell
            .add(Setup { sources: vec![Files::new(file).into_source()], queries, ..Setup::default() })
            .await
            .unwrap();
        livewell.idle().await.unwrap();
        assert_eq!(behind(&livewell).unwrap(), ["q"]);
        std::fs::write(&path, "").unwrap();
        livewell.reset("ops").unwrap();
        while !behind(&livewell).unwrap().is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        livewell.shutdown().await;
    }
}
