//! Dead letters of reactions: listing them, sending them once more, dropping them.

use super::components::find;
use super::problem::Problem;
use super::{Call, Shared, call};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use livewell::ComponentKind;
use livewell::dead_letters::DeadLetter;
use serde::Deserialize;
use serde_json::{Value, json};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<u64>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    number: Option<u64>,
}

/// The calls about dead letters.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>| {
        find(&api, ComponentKind::Reaction, &id)?;
        let limit = page.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let letters = api.livewell.dead_letters(&id, page.after.unwrap_or(0), limit)?;
        Ok::<_, Problem>(Json(letters.iter().map(shape).collect::<Vec<_>>()))
    };
    let replay = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.replay_dead_letters(&id, which.number.map(|number| vec![number]))?;
        Ok::<_, Problem>((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.discard_dead_letters(&id, which.number.map(|number| vec![number]))?;
        Ok::<_, Problem>((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
    };
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/dead-letters{rest}");
    vec![
        call(Method::GET, path(""), list),
        call(Method::POST, path("/replay"), replay),
        call(Method::POST, path("/discard"), discard),
    ]
}

/// A letter in JSON.
pub fn shape(letter: &DeadLetter) -> Value {
    json!({
        "number": letter.number,
        "timestamp": letter.timestamp.to_rfc3339(),
        "key": letter.letter.key,
        "reason": letter.letter.reason,
        "body": String::from_utf8_lossy(&letter.letter.body),
    })
}
