//! `GET /api/v1/reactions/ID/deliveries` and `POST /api/v1/reactions/ID/send-now`: what a reaction has tried to deliver
//! lately, and the end of the pause before it tries again.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::parameters::refused;
use super::problem::Problem;
use super::set_aside::accepted;
use super::wire::{Epoch, Time};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell::reactions::attempts::{ATTEMPTS_MAX, Attempt, Made, Outcome, Place, What};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many attempts an answer has if the caller does not say.
const LIMIT: usize = 100;

/// Which attempts are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// How many; 100 by default.
    #[schemars(range(min = 1, max = ATTEMPTS_MAX))]
    limit: Option<usize>,
    /// Only those that the target has not taken.
    #[serde(default)]
    failed: bool,
}

/// The last attempts of a reaction, as this process remembers them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deliveries {
    id: String,
    /// How many attempts there were since the process was started.
    made: u64,
    /// How many of those the target has not taken.
    failed: u64,
    /// How many of the last ones are kept.
    kept: usize,
    /// How many are kept at most; fewer if their texts are long.
    kept_max: usize,
    /// Until when it waits before it tries again; null if it does not wait.
    waits_until: Option<Time>,
    /// The newest first.
    attempts: Vec<Tried>,
}

/// One attempt to deliver something.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub struct Tried {
    /// Counted from 1 for each reaction since the process was started.
    number: u64,
    /// When it began.
    timestamp: Time,
    took_seconds: f64,
    /// `message`; `results`, delivered together; `rows`, the live results as a whole; `dead_letter`, sent again; or
    /// `start`, of a reaction that could not begin.
    #[schemars(extend("enum" = ["message", "results", "rows", "dead_letter", "start"]))]
    what: &'static str,
    /// The query; null of a dead letter and of a start, as the next members.
    query_id: Option<String>,
    epoch: Option<Epoch>,
    /// The result, or the last of several.
    sequence: Option<u64>,
    /// How many results.
    results: Option<usize>,
    /// How many diffs; null of whole rows, too.
    diffs: Option<usize>,
    /// What became of the row, of a message with one diff.
    #[schemars(extend("enum" = ["ADD", "UPDATE", "DELETE", null]))]
    change: Option<&'static str>,
    /// Which diff of the result, from 0, of a message with one diff.
    index: Option<usize>,
    /// The key that the message has outside, such as its `webhook-id`; null of what is not a message.
    key: Option<String>,
    /// The target has it; it failed and is tried again; it was given up as a dead letter, or stays one; or it failed
    /// and a person has to act.
    #[schemars(extend("enum" = Outcome::ALL.map(Outcome::name)))]
    outcome: &'static str,
    /// What the target answered, or what went wrong, shortened; empty if the target says nothing.
    answer: String,
    /// The code of the error, if it was one.
    code: Option<&'static str>,
    /// Which attempt at this message or batch it was, from 1, as far as this process knows.
    attempt: u32,
    /// When it was to be tried again; null if it was not.
    next_try: Option<Time>,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(asked): Query<Asked>| {
        find(&api, ComponentKind::Reaction, &id)?;
        let limit = asked.limit.unwrap_or(LIMIT);
        if !(1..=ATTEMPTS_MAX).contains(&limit) {
            return Err(refused(format!("`limit` is from 1 to {ATTEMPTS_MAX}: no more are kept")));
        }
        let made = api.livewell.attempts(&id, limit, asked.failed)?;
        Ok::<_, Problem>(Json(Deliveries::of(id, made)))
    };
    let send_now = async |State(api): State<Shared>, Path(id): Path<String>| {
        find(&api, ComponentKind::Reaction, &id)?;
        api.livewell.send_now(&id)?;
        Ok::<_, Problem>(accepted(id))
    };
    let path = |rest: &str| format!("/api/v1/reactions/{{id}}/{rest}");
    vec![
        call(
            Method::GET,
            path("deliveries"),
            list,
            "What a reaction has tried to deliver since the process was started, the newest first",
        )
        .answers(200, "The last attempts"),
        call(
            Method::POST,
            path("send-now"),
            send_now,
            "Ends the pause before a reaction's next attempt, which counts as any other",
        )
        .answers(202, "It tries at once, or does not wait")
        .refuses(&[409]),
    ]
}

impl Deliveries {
    fn of(id: String, made: Made) -> Self {
        let Made { last, made, failed, kept, waits_until } = made;
        let attempts = last.into_iter().map(Tried::from).collect();
        Self { id, made, failed, kept, kept_max: ATTEMPTS_MAX, waits_until: waits_until.map(Time), attempts }
    }
}

impl From<Attempt> for Tried {
    fn from(attempt: Attempt) -> Self {
        let Attempt { number, began, took, what, try_number, outcome, answer, code, next_try } = attempt;
        let nothing = Self {
            number,
            timestamp: Time(began),
            took_seconds: took.as_secs_f64(),
            what: "start",
            query_id: None,
            epoch: None,
            sequence: None,
            results: None,
            diffs: None,
            change: None,
            index: None,
            key: None,
            outcome: outcome.name(),
            answer: answer.into(),
            code,
            attempt: try_number,
            next_try: next_try.map(Time),
        };
        match what {
            What::Message { of, index, diffs, change, key } => {
                let (results, diffs, key) = (Some(1), Some(diffs), Some(key));
                Self { what: "message", results, diffs, change, index, key, ..nothing.at(of) }
            }
            What::Results { last, results, diffs } => {
                let (results, diffs) = (Some(results), Some(diffs));
                Self { what: "results", results, diffs, ..nothing.at(last) }
            }
            What::Rows(of) => Self { what: "rows", ..nothing.at(of) },
            What::Letter(key) => Self { what: "dead_letter", key: Some(key), ..nothing },
            What::Start => nothing,
        }
    }
}

impl Tried {
    fn at(self, Place { query_id, epoch, sequence }: Place) -> Self {
        let (query_id, epoch, sequence) = (Some(query_id.into()), Some(Epoch(epoch)), Some(sequence));
        Self { query_id, epoch, sequence, ..self }
    }
}
