//! Dead letters of reactions: lists them, sends them again, or discards them.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::foreseen::{Done, Foreseen};
use super::problem::Problem;
use super::set_aside::{Dropped, Page, Which, accepted};
use super::step::{Losses, Stepped};
use super::wire::Time;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::ComponentKind;
use schemars::JsonSchema;
use serde::Serialize;

/// What a reaction's target would not take.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Its number, counted from 1 for each reaction and never used twice.
    number: u64,
    /// When it was set aside.
    timestamp: Time,
    /// The `webhook-id` it is sent under.
    key: String,
    /// What the target said.
    reason: String,
    /// What was sent.
    body: String,
}

/// Returns the calls about dead letters.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>| {
        find(&api, ComponentKind::Reaction, &id)?;
        let letters = api.livewell.dead_letters(&id, page.after(), page.limit()?)?;
        Ok::<_, Problem>(Json(letters.iter().map(DeadLetter::from).collect::<Vec<_>>()))
    };
    let replay = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.replay_dead_letters(&id, which.numbers())?;
        Ok::<_, Problem>(accepted(id))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Dropped>| {
        let status = find(&api, ComponentKind::Reaction, &id)?;
        if which.dry_run {
            let first = |after| Ok(api.livewell.dead_letters(&id, after, 1)?.first().map(|one| one.number));
            let dead_letters = which.count(status.dead_letters, first)?;
            let losses = Losses { dead_letters, ..Losses::default() };
            let step = || Ok(Stepped::discarded(ComponentKind::Reaction, &id, losses));
            return Foreseen::of(&api, &id, step).map(Done::Foreseen);
        }
        api.livewell.discard_dead_letters(&id, which.numbers())?;
        Ok::<_, Problem>(Done::Done(accepted(id)))
    };
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/dead-letters{rest}");
    vec![
        call(
            Method::GET,
            path(""),
            list,
            "What a reaction's target would not take, in the order in which it was set aside",
        )
        .answers(200, "The letters"),
        call(
            Method::POST,
            path("/replay"),
            replay,
            "Sends dead letters once more, between two deliveries; those that are taken leave the list",
        )
        .answers(202, "It is done soon"),
        call(Method::POST, path("/discard"), discard, "Drops dead letters").answers(202, "It is done soon"),
    ]
}

impl From<&livewell::dead_letters::DeadLetter> for DeadLetter {
    fn from(letter: &livewell::dead_letters::DeadLetter) -> Self {
        Self {
            number: letter.number,
            timestamp: Time(letter.timestamp),
            key: letter.letter.key.clone(),
            reason: letter.letter.reason.clone(),
            body: String::from_utf8_lossy(&letter.letter.body).into_owned(),
        }
    }
}
