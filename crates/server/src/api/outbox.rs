//! `GET /api/v1/queries/ID/outbox`: what the query's outbox holds, the latest results first.

use super::broken_off::broken_off;
use super::built::built;
use super::call::{Call, call};
use super::context::Shared;
use super::description::{JSON, written};
use super::events::position;
use super::parameters::{OF_OUTBOX, refused};
use super::problem::Problem;
use super::values;
use super::wire::{Epoch, Hex, Time, answer};
use crate::render::Numbers;
use axum::extract::{Path, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use livewell::Position;
use livewell::past::{Kind, Past, Wanted};
use livewell_model::json::DiffShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many results are returned if nothing is said, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 200;
/// How long the text may be that is searched for, in bytes.
const SEARCH_MAX: usize = 1_000;

/// The parameters of the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Only results before this one, as `EPOCH-SEQUENCE`; the `next` of the answer before. Without: the latest.
    #[schemars(regex(pattern = "^[0-9]{1,19}-[0-9]{1,19}$"))]
    before: Option<String>,
    /// How many results at most; 100 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// Only diffs of this kind.
    kind: Option<Of>,
    /// Only diffs of which a value contains this text, whatever its case.
    search: Option<String>,
    /// `string`: integers beyond 2^53 - 1 as strings, which JavaScript would round; `number` where nothing is said.
    #[serde(default)]
    numbers: Numbers,
}

/// A kind of diff.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
enum Of {
    Add,
    Update,
    Delete,
}

/// A part of an outbox, the latest results first.
#[derive(Debug, Serialize, JsonSchema)]
struct Outbox<'a> {
    epoch: Epoch,
    /// The last sequence of the query.
    sequence: u64,
    /// The first sequence that the outbox still has.
    from: u64,
    /// The names of the columns.
    columns: Vec<&'a str>,
    results: Vec<Looked<'a>>,
    /// The `before` of the next part; null at the end of the outbox. A part may be empty, and not the last: each call looks
    /// at 10,000 results at most.
    next: Option<String>,
}

/// A result with the diffs that were asked for; without any it is left out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OutboxResult")]
struct Looked<'a> {
    epoch: Epoch,
    sequence: u64,
    /// The position of the transaction that caused it.
    position: u64,
    /// The time of that transaction.
    timestamp: Time,
    /// The first of its diffs, 200 at most.
    #[schemars(with = "Vec<Diff>")]
    results: Vec<DiffShape<'a>>,
    /// How many of its diffs were asked for; null if it is too large to be looked at here: `changes` has it.
    count: Option<usize>,
}

/// A diff, as it is described.
#[derive(JsonSchema)]
#[schemars(rename = "OutboxDiff")]
#[expect(dead_code, reason = "the schema is all that is used of it")]
struct Diff {
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["ADD", "UPDATE", "DELETE"]))]
    kind: String,
    row_signature: Hex,
    /// The row that came or went.
    #[serde(default)]
    data: Map<String, Value>,
    /// The row before an update.
    #[serde(default)]
    before: Map<String, Value>,
    /// The row after an update.
    #[serde(default)]
    after: Map<String, Value>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "The results that the outbox holds, the latest first";
    let get = call(Method::GET, "/api/v1/queries/{id}/outbox", get, summary)
        .takes::<Asked>()
        .takes_values(
            "For one value of a query with `for_each`: each of its parameters once, by its name; only its part of each \
             result is returned then",
        )
        .answers(200, "A part of the outbox")
        .content(200, JSON, written::<Outbox<'static>>)
        .refuses(&[410, 503]);
    vec![get]
}

async fn get(State(api): State<Shared>, Path(id): Path<String>, uri: Uri) -> Result<Response, Problem> {
    let (Asked { before, limit, kind, search, numbers }, given) = values::split(&api, &id, &uri, OF_OUTBOX)?;
    let limit = limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}")));
    }
    if search.as_ref().is_some_and(|text| text.len() > SEARCH_MAX) {
        return Err(refused(format!("`search` has at most {SEARCH_MAX} bytes")));
    }
    let before = before.map(|text| position(&text)).transpose()?;
    let results = built(&api, given.results(&api, &id)?)?;
    if let Some(Position { epoch, .. }) = before.filter(|before| before.epoch != results.epoch) {
        let message = format!(
            "the outbox of `{id}` has no results of epoch {epoch}: the query was built again, and epoch {} counts now",
            results.epoch
        );
        return Err(Problem::new(410, "LW0864", message));
    }
    let wanted = Wanted { kind: kind.map(Kind::from), search };
    let before = before.map(|before| before.sequence);
    let (past, results) = tokio::task::spawn_blocking(move || {
        let past = results.past(before, limit, &wanted);
        past.map(|past| (past, results))
    })
    .await
    .map_err(|error| broken_off(&error))??;
    Ok(answer(numbers, &Outbox::of(&past, &results)))
}

impl From<Of> for Kind {
    fn from(of: Of) -> Self {
        match of {
            Of::Add => Self::Add,
            Of::Update => Self::Update,
            Of::Delete => Self::Delete,
        }
    }
}

impl<'a> Outbox<'a> {
    fn of(past: &'a Past, of: &'a livewell::Results) -> Self {
        let looked = past.results.iter().map(|looked| Looked {
            epoch: Epoch(of.epoch),
            sequence: looked.result.sequence,
            position: looked.result.position,
            timestamp: Time(looked.result.timestamp),
            results: looked.result.diffs.iter().map(|diff| DiffShape { names: &of.columns, diff }).collect(),
            count: looked.count,
        });
        Self {
            epoch: Epoch(of.epoch),
            sequence: of.sequence,
            from: past.from,
            columns: of.columns.iter().map(|name| name.as_str()).collect(),
            results: looked.collect(),
            next: past.next.map(|next| format!("{}-{next}", of.epoch)),
        }
    }
}
