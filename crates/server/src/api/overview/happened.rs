//! `GET /api/v1/events`: what happened, the newest first.

use crate::api::context::Shared;
use crate::api::parameters::refused;
use crate::api::problem::Problem;
use crate::journal::{EVENTS_MAX, Event};
use axum::Json;
use axum::extract::{Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

/// How many events a page has if the caller does not say.
const LIMIT: usize = 100;
/// The most events on a page.
pub const LIMIT_MAX: usize = 1_000;

/// Which events are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The number that all of them are below.
    before: Option<u64>,
    /// How many; 100 by default.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
}

/// A page of events.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Events")]
pub struct Page {
    /// The newest first.
    #[schemars(with = "Vec<Event>")]
    events: Vec<Happened>,
    /// The `before` of the next page; null in the last.
    next: Option<u64>,
    /// How many events are kept.
    max: usize,
    /// Whether a restart finds them again.
    durable: bool,
}

/// An event, which is shared with the journal.
#[derive(Debug)]
struct Happened(Arc<Event>);

impl Serialize for Happened {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(out)
    }
}

/// Returns a page of what happened.
pub async fn get(State(api): State<Shared>, Query(asked): Query<Asked>) -> Result<Json<Page>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `before`")));
    }
    let (events, has_more) = api.journal.before(asked.before, limit);
    let next = events.last().filter(|_| has_more).map(|last| last.number);
    let events = events.into_iter().map(Happened).collect();
    Ok(Json(Page { events, next, max: EVENTS_MAX, durable: api.journal.is_durable() }))
}
