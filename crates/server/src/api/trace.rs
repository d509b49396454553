//! `GET /api/v1/sources/ID/elements/ELEMENT/trace`: what touched an element last, and which queries look at it.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::elements::{blocking, missing};
use super::problem::Problem;
use super::verifying::Waiting;
use super::wire::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::ComponentKind;
use schemars::JsonSchema;
use serde::Serialize;

/// So many queries are asked.
const QUERIES_MAX: usize = 50;

/// What is known of an element beside its contents.
#[derive(Debug, Serialize, JsonSchema)]
struct Trace {
    source_id: String,
    /// The id of the element.
    id: String,
    /// The last position of the source.
    position: u64,
    /// The transaction that changed the element last.
    last_change: LastChange,
    /// The queries that look at an element like this. Whether it is in a row also depends on what is around it:
    /// `POST /api/v1/queries/{id}/why` with `bindings` tells. It is in no row of the others that were asked.
    queries: Vec<String>,
    /// How many queries were asked: those that read the source directly, at most 50.
    asked: usize,
    /// How many components read the source directly.
    readers: usize,
}

/// The transaction that changed an element last.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LastChange {
    /// Its time.
    timestamp: Time,
    /// Its position; null if that is no longer known, as of most that are not among the last 100.
    position: Option<u64>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "What changed an element of a source last, and which queries look at it";
    vec![
        call(Method::GET, "/api/v1/sources/{id}/elements/{element}/trace", get, summary)
            .answers(200, "What is known")
            .refuses(&[400, 503]),
    ]
}

async fn get(
    State(api): State<Shared>,
    Path((id, element)): Path<(String, String)>,
) -> Result<Json<Trace>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let neighbours = api.livewell.neighbours(&id, QUERIES_MAX);
    let (asked, readers) = (neighbours.read_by.len(), neighbours.readers);
    let waiting = Waiting::default();
    let (livewell, is_gone) = (api.livewell.clone(), waiting.is_gone());
    let (source, wanted) = (id.clone(), element.clone());
    let read = move || livewell.trace(&source, &wanted, &neighbours.read_by, &is_gone);
    let found = blocking(&api, read).await?.ok_or_else(|| missing(&id, &element))?;
    Ok(Json(Trace {
        source_id: id,
        id: element,
        position: found.position,
        last_change: LastChange { timestamp: Time(found.changed), position: found.changed_by },
        queries: found.queries,
        asked,
        readers,
    }))
}
