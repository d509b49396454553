//! Dead letters of reactions: lists them, sends them again, or discards them.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use super::set_aside::{Page, Which, accepted};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell::dead_letters::DeadLetter;
use serde_json::{Value, json};

/// Returns the calls about dead letters.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>| {
        find(&api, ComponentKind::Reaction, &id)?;
        let letters = api.livewell.dead_letters(&id, page.after(), page.limit()?)?;
        Ok::<_, Problem>(Json(letters.iter().map(shape).collect::<Vec<_>>()))
    };
    let replay = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.replay_dead_letters(&id, which.numbers())?;
        Ok::<_, Problem>(accepted(&id))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.discard_dead_letters(&id, which.numbers())?;
        Ok::<_, Problem>(accepted(&id))
    };
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/dead-letters{rest}");
    vec![
        call(Method::GET, path(""), list),
        call(Method::POST, path("/replay"), replay),
        call(Method::POST, path("/discard"), discard),
    ]
}

/// Returns a letter in JSON.
pub fn shape(letter: &DeadLetter) -> Value {
    json!({
        "number": letter.number,
        "timestamp": letter.timestamp.to_rfc3339(),
        "key": letter.letter.key,
        "reason": letter.letter.reason,
        "body": String::from_utf8_lossy(&letter.letter.body),
    })
}
