//! `POST /api/v1/queries/try`: the rows of a query over all that it reads, at one position. Nothing is kept.

use super::super::body::Body;
use super::super::broken_off::broken_off;
use super::super::call::{Call, call};
use super::super::components::find;
use super::super::context::Shared;
use super::super::problem::Problem;
use super::super::verifying;
use super::super::wire::{Hex, Row, members};
use super::draft::Draft;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use livewell::why::Within;
use livewell::{Asked, Compared, ComponentKind, TriedOver, Values};
use livewell_model::diff::Columns;
use livewell_model::json::{Data, value_from_json};
use livewell_model::{SmolStr, period};
use livewell_query::Engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// How many rows are shown if nothing is said.
const LIMIT: usize = 20;
/// How many rows are shown at most.
const LIMIT_MAX: usize = 1_000;
/// How long a try may take if nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a try may take at most.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// The query, and what is asked of its rows.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "QueryTry")]
struct Wanted {
    /// For a query with `for_each`: the values whose rows are asked for, each as a value or as text.
    values: Option<Map<String, Value>>,
    /// How many rows are shown, of each list; 20 if absent.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// How long it may take, as in `10s`, 60 seconds at most; 10 if absent.
    timeout: Option<String>,
    /// A running query, with whose rows at the same position these are compared.
    against: Option<String>,
    #[serde(flatten)]
    draft: Draft,
}

/// The rows of a query over all that it reads, at one position.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QueryTried")]
struct Answer {
    /// The position of the store up to which everything is included.
    position: u64,
    took_seconds: f64,
    /// How many elements were read.
    elements: u64,
    /// The names of the columns, in the order of RETURN.
    columns: Vec<String>,
    /// The first rows: in the query's order, if it has one, else by signature.
    rows: Vec<Row>,
    /// How many rows there are.
    rows_total: usize,
    /// Whether these are more than are shown.
    truncated: bool,
    /// The difference to the rows of `against` at the same position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Against")]
    against: Option<Against>,
}

/// How the rows differ from those of a running query, by signature.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QueryTriedAgainst")]
struct Against {
    query_id: String,
    /// The running query's sequence.
    sequence: u64,
    /// The first rows that only this query has.
    added: Vec<Row>,
    /// The first rows that only the running query has.
    removed: Vec<Row>,
    /// The first rows that both have with other values or other columns.
    changed: Vec<Changed>,
    counts: Counts,
}

/// A row that both have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Changed {
    row_signature: Hex,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

/// How many rows there are of each.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Counts {
    added: u64,
    removed: u64,
    changed: u64,
    /// Rows that both have.
    unchanged: u64,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "The rows of a query over all that it reads, at one position, and how they differ from those of a \
                   running query; nothing is kept, and nothing else waits";
    let post = call(Method::POST, "/api/v1/queries/try", post, summary);
    vec![post.answers(200, "The first rows").refuses(&[404, 409, 503])]
}

/// Computes the rows, while the call waits.
async fn post(State(api): State<Shared>, body: Body<Wanted>) -> Result<Json<Answer>, Problem> {
    let asked = body.read()?;
    asked.draft.check_size()?;
    if let Some(id) = &asked.against {
        find(&api, ComponentKind::Query, id)?;
    }
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}")));
    }
    let (time, asked) = (asked.time()?, asked.read(limit)?);
    let (_waiting, trying) = verifying::begin_explaining(&api)?;
    let (livewell, bytes) = (api.livewell.clone(), api.limits.verify_bytes.get());
    let begun = Instant::now();
    let tried = tokio::task::spawn_blocking(move || {
        let tried = livewell.try_over(&asked, &Within::new(bytes, time).until(trying.is_cancelled()));
        // The permit lasts as long as the computation.
        drop(trying);
        tried
    });
    let tried = tried.await.map_err(|error| broken_off(&error))??;
    Ok(Json(Answer::of(&tried, limit, begun.elapsed())))
}

impl Wanted {
    fn time(&self) -> Result<Duration, Problem> {
        let Some(text) = &self.timeout else { return Ok(TIMEOUT) };
        let time = period::parse(text).filter(|time| !time.is_zero() && *time <= TIMEOUT_MAX);
        time.ok_or_else(|| refused("`timeout` is a duration of at most 60 seconds, as in `500ms` or `10s`"))
    }

    fn read(self, listed: usize) -> Result<Asked, Problem> {
        let query = self.draft.query(self.draft.id.as_deref().unwrap_or("query"));
        let query = query.map_err(|error| refused(error.to_string()))?;
        // Refused here, it has its place in the text.
        Engine::compile_with(&query.cypher, &query.params, &query.engine_settings()).map_err(|problem| {
            Problem::new(400, problem.code, problem.render(&query.cypher, "query").trim_end())
        })?;
        let values = self.values.map(values).transpose()?;
        Ok(Asked { query, values, against: self.against, listed })
    }
}

/// Reads values: each as what it is, or all as text.
fn values(given: Map<String, Value>) -> Result<Values, Problem> {
    if given.values().all(Value::is_string) {
        let texts = given.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        return Ok(Values::of_text(texts));
    }
    let value = |(name, value): (String, Value)| {
        Ok((SmolStr::from(name), value_from_json(&value).map_err(|error| refused(error.to_string()))?))
    };
    Ok(Values::of(given.into_iter().map(value).collect::<Result<Vec<_>, Problem>>()?))
}

impl Answer {
    fn of(tried: &TriedOver, limit: usize, took: Duration) -> Self {
        let rows_total = tried.rows.len();
        let row = |row: &(u64, Columns)| shown(&tried.columns, row);
        Self {
            position: tried.position,
            took_seconds: took.as_secs_f64(),
            elements: tried.elements,
            rows: tried.rows.iter().take(limit).map(row).collect(),
            rows_total,
            truncated: rows_total > limit,
            against: tried.against.as_ref().map(|against| Against::of(against, &tried.columns)),
            columns: tried.columns.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Against {
    fn of(compared: &Compared, columns: &[SmolStr]) -> Self {
        let changed = |(signature, before, after): &(u64, Columns, Columns)| Changed {
            row_signature: Hex(*signature),
            before: members(&Data { names: &compared.columns, columns: before }),
            after: members(&Data { names: columns, columns: after }),
        };
        let counts = compared.counts;
        Self {
            query_id: compared.query_id.clone(),
            sequence: compared.sequence,
            added: compared.added.iter().map(|row| shown(columns, row)).collect(),
            removed: compared.removed.iter().map(|row| shown(&compared.columns, row)).collect(),
            changed: compared.changed.iter().map(changed).collect(),
            counts: Counts {
                added: counts.added,
                removed: counts.removed,
                changed: counts.changed,
                unchanged: counts.unchanged,
            },
        }
    }
}

fn shown(names: &[SmolStr], (signature, columns): &(u64, Columns)) -> Row {
    Row { row_signature: Hex(*signature), data: members(&Data { names, columns }) }
}

fn refused(message: impl Into<String>) -> Problem {
    Problem::new(400, "LW0701", message)
}
