//! `GET /api/v1/sources/ID/transactions`: what came in last, and which results it caused.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::elements::blocking;
use super::problem::Problem;
use super::wire::{Epoch, Time};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell::transactions::{self, Shown, Taken};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many transactions a page has if nothing is said.
const LIMIT: usize = 20;
/// The most transactions on a page.
const LIMIT_MAX: usize = 100;
/// The outboxes of so many queries are looked at.
pub const QUERIES_MAX: usize = 50;

/// A page of transactions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Those before this position only.
    before: Option<u64>,
    /// How many transactions at most; 20 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
}

/// The latest transactions of a source.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Transactions")]
pub struct Page {
    source_id: String,
    /// The latest first.
    transactions: Vec<Transaction>,
    /// The `before` of the next page; null if nothing older is known.
    next: Option<u64>,
    /// The queries whose outboxes were looked at: those that read the source, directly or through others.
    queries: Vec<Looked>,
    /// How many such components there are; those beyond 50, the nearest first, are not looked at.
    readers: usize,
}

/// A transaction of a source.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceTransaction")]
struct Transaction {
    /// Its position in the store.
    position: u64,
    epoch: Epoch,
    /// Its number in its source.
    sequence: u64,
    /// Its time.
    timestamp: Time,
    /// How many elements it changed.
    changes: u64,
    /// How many of these did not exist before; null if that is not known.
    inserted: Option<u64>,
    /// How many exist before and after.
    updated: Option<u64>,
    /// How many no longer exist.
    deleted: Option<u64>,
    /// The ids of the first elements, at most five.
    ids: Vec<String>,
    /// The results that it caused, as far as the outboxes have them.
    results: Vec<Caused>,
}

/// A result of a query.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Caused {
    query_id: String,
    epoch: Epoch,
    sequence: u64,
    /// How many rows were added, updated or deleted.
    diffs: u64,
}

/// What the outbox of a query shows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Looked {
    query_id: String,
    /// The position of the oldest result in its outbox, null if it has none: what was caused before is not known.
    from: Option<u64>,
    /// The last position that the query has stored: what later ones cause is not known yet.
    to: u64,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "The latest transactions of a source, and which results they caused";
    vec![
        call(Method::GET, "/api/v1/sources/{id}/transactions", get, summary)
            .answers(
                200,
                "A page. The last 100 since the source was started are known, and what its log still has",
            )
            .refuses(&[503]),
    ]
}

async fn get(
    State(api): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `before`");
        return Err(Problem::new(400, "LW0701", message));
    }
    find(&api, ComponentKind::Source, &id)?;
    let (queries, readers) = api.livewell.dependents(&id, QUERIES_MAX);
    let (livewell, source, before) = (api.livewell.clone(), id.clone(), asked.before);
    let page = blocking(&api, move || livewell.transactions(&source, before, limit, &queries)).await?;
    Ok(Json(Page::of(id, page, readers)))
}

impl Page {
    fn of(source_id: String, page: transactions::Page, readers: usize) -> Self {
        let looked = |Shown { query, from, to }| Looked { query_id: query, from, to };
        Self {
            source_id,
            transactions: page.transactions.into_iter().map(Transaction::of).collect(),
            next: page.next,
            queries: page.queries.into_iter().map(looked).collect(),
            readers,
        }
    }
}

impl Transaction {
    fn of(Taken { of, caused }: Taken) -> Self {
        let result = |one: transactions::Caused| Caused {
            query_id: one.query,
            epoch: Epoch(one.epoch),
            sequence: one.sequence,
            diffs: one.diffs,
        };
        Self {
            position: of.position,
            epoch: Epoch(of.epoch),
            sequence: of.sequence,
            timestamp: Time(of.timestamp),
            changes: of.changes,
            inserted: of.kinds.map(|kinds| kinds.inserted),
            updated: of.kinds.map(|kinds| kinds.updated),
            deleted: of.kinds.map(|kinds| kinds.deleted),
            ids: of.ids.iter().map(ToString::to_string).collect(),
            results: caused.into_iter().map(result).collect(),
        }
    }
}
