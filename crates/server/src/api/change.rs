//! Creates, changes and removes components: a section of the configuration in JSON, read by the same code.
//!
//! The store keeps what a call has made or changed, so it is there again after a restart: see [`livewell_config::kept`].
//! What a call has removed, stopped or started of the file is as the file says at the next start.

use super::audited::About;
use super::call::{Call, by_hand as call};
use super::components::{added, find, left};
use super::context::{Api, Shared};
use super::problem::Problem;
use super::shown::status;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use livewell::{ComponentKind, Removed};
use livewell_config::Change;
use serde_json::{Value, json};

/// How many readers a refusal names.
const NAMED_MAX: usize = 10;

/// Returns the calls that change components of this kind.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let create = async move |State(api): State<Shared>, body: String| {
        let id = id_of(&body)?;
        let created = create(&api, kind, &id, &body).await;
        let answer = created.and_then(|()| find(&api, kind, &id));
        let answer = answer.map(|found| (StatusCode::CREATED, Json(status(&api, &found))));
        Ok::<_, Problem>((Extension(About(id)), answer))
    };
    let change = async move |State(api): State<Shared>, Path(id): Path<String>, body: String| {
        change(&api, kind, &id, &body).await?;
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let remove = async move |State(api): State<Shared>, Path(id): Path<String>| {
        let removed = remove(&api, kind, &id).await?;
        Ok::<_, Problem>(match removed.slot {
            None => StatusCode::NO_CONTENT.into_response(),
            Some(slot) => Json(json!({ "id": id, "slot": slot })).into_response(),
        })
    };
    let path = |rest: &str| format!("/api/v1/{}{rest}", kind.plural());
    vec![
        call(Method::POST, path(""), create),
        call(Method::PUT, path("/{id}"), change),
        call(Method::DELETE, path("/{id}"), remove),
    ]
}

fn id_of(body: &str) -> Result<String, Problem> {
    let json: Value = serde_json::from_str(body)
        .map_err(|error| Problem::new(400, "LW0701", format!("the body is not JSON: {error}")))?;
    let id = json.get("id").and_then(Value::as_str).map(ToOwned::to_owned);
    id.ok_or_else(|| {
        Problem::new(400, "LW0605", "the body is a section of the configuration and has an `id`")
    })
}

async fn create(api: &Api, kind: ComponentKind, id: &str, body: &str) -> Result<(), Problem> {
    let _one_at_a_time = api.changing.lock().await;
    if added(api, id)?.is_some() {
        return Err(Problem::new(409, "LW0503", format!("`{id}` is there already; `PUT` changes it")));
    }
    let change = judged(api, kind, id, body)?;
    add(api, &change).await?;
    api.make(change);
    Ok(())
}

async fn change(api: &Api, kind: ComponentKind, id: &str, body: &str) -> Result<(), Problem> {
    let changed = || {
        find(api, kind, id)?;
        if id_of(body)? != id {
            let message = format!("the body is of another component than `{id}`; an id cannot be changed");
            return Err(Problem::new(400, "LW0605", message));
        }
        judged(api, kind, id, body)
    };
    changed()?;
    api.livewell.check_writable()?;
    // Nobody else has to wait while it ends.
    api.livewell.stop(id).await?;
    let _one_at_a_time = api.changing.lock().await;
    let put = async {
        // Another call may have come first.
        let change = changed()?;
        api.livewell.stop(id).await?;
        add(api, &change).await?;
        Ok(change)
    };
    api.make(or_as_it_was(api, id, put.await).await?);
    Ok(())
}

/// Starts a component as it was if changing it failed. If even that fails, it stays stopped, and its status says so.
async fn or_as_it_was<T>(api: &Api, id: &str, done: Result<T, Problem>) -> Result<T, Problem> {
    if done.is_err() {
        let before = livewell_config::setup::configured(&api.config(), &api.seal, id);
        if let Ok(Some(before)) = before {
            let _ = api.livewell.add(before).await;
        }
    }
    done
}

async fn remove(api: &Api, kind: ComponentKind, id: &str) -> Result<Removed, Problem> {
    if left(api, kind, id)?.is_some() {
        let _one_at_a_time = api.changing.lock().await;
        return Ok(api.livewell.remove(id).await?);
    }
    without(api, kind, id)?;
    api.livewell.check_writable()?;
    // Nobody else has to wait while it ends.
    api.livewell.stop(id).await?;
    let _one_at_a_time = api.changing.lock().await;
    let taken_out = async {
        // Another call may have come first.
        let change = without(api, kind, id)?;
        Ok((change, api.livewell.remove(id).await?))
    };
    let (change, removed) = or_as_it_was(api, id, taken_out.await).await?;
    api.make(change);
    Ok(removed)
}

/// Returns the change that takes out a component which nothing reads.
fn without(api: &Api, kind: ComponentKind, id: &str) -> Result<Change, Problem> {
    find(api, kind, id)?;
    let config = api.config();
    let readers = config.readers(id);
    if !readers.is_empty() {
        let names: Vec<String> = readers.iter().take(NAMED_MAX).map(|reader| format!("`{reader}`")).collect();
        let mut names = names.join(", ");
        if let Some(more @ 1..) = readers.len().checked_sub(NAMED_MAX) {
            names.push_str(&format!(" and {more} more"));
        }
        let message = format!("`{id}` is read by {names}; remove what reads it first");
        return Err(Problem::new(409, "LW0535", message));
    }
    config.change(kind, id, None).map_err(|problems| Problem::of_all(&problems))
}

/// Returns the change that a body describes.
fn judged(api: &Api, kind: ComponentKind, id: &str, body: &str) -> Result<Change, Problem> {
    api.config().change(kind, id, Some(body)).map_err(|problems| Problem::of_all(&problems))
}

async fn add(api: &Api, change: &Change) -> Result<(), Problem> {
    let setup = livewell_config::setup::changed(&api.config(), &api.seal, change)?;
    Ok(api.livewell.add(setup).await?)
}
