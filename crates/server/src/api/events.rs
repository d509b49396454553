//! `GET /api/v1/queries/ID/changes`: a query's snapshot and its results as they come, as server-sent events.
//!
//! Only the event that ends a snapshot, results, and what keeps a stream of one value up to date have an `id`, so a client that is cut off in the middle of a
//! snapshot gets it again and nothing is skipped.

use super::backup::STORE;
use super::call::{Call, call};
use super::context::Shared;
use super::description::{read, written};
use super::follow::Follow;
use super::parameters::OF_CHANGES;
use super::problem::Problem;
use super::stream::{self, Lane};
use super::told::OfQuery;
use super::values;
use super::wire::LastId;
use crate::render::Numbers;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use livewell::Position;
use schemars::JsonSchema;
use serde::Deserialize;

/// The parameters of the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// EPOCH-SEQUENCE to continue after.
    #[schemars(regex(pattern = "^[0-9]{1,19}-[0-9]{1,19}$"))]
    after: Option<String>,
    /// `string`: integers beyond 2^53 - 1 as strings, which JavaScript would round; `number` where nothing is said.
    #[serde(default)]
    numbers: Numbers,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "A snapshot, then results as they come: the events `row`, `snapshot_end`, `result`, `reset`, \
                   `heartbeat`";
    let get = call(Method::GET, "/api/v1/queries/{id}/changes", get, summary)
        .takes::<Asked>()
        .takes_header(
            "Last-Event-ID",
            read::<LastId>,
            "The same as `after`, as a browser sends it; empty: from the beginning",
        )
        .takes_values(
            "For one value of a query with `for_each`: each of its parameters once, by its name, as in \
             `?customer=c42`; an event without data then has the `id` to come back with, while nothing is heard for \
             long",
        )
        .answers(
            200,
            "Server-sent events; `id: EPOCH-SEQUENCE` stands on `snapshot_end` and `result`; `snapshot_end` and \
             `heartbeat` say what the query is doing (`state`) and what keeps it from coming on (`error`)",
        )
        .content(200, "text/event-stream", written::<OfQuery>)
        .shows(
            200,
            STORE,
            written::<String>,
            "The store that the events are of, in hexadecimal digits: positions of another one mean nothing here",
        )
        .refuses(&[503]);
    vec![get]
}

/// Streams the events of a query, or of one value.
async fn get(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (asked, given): (Asked, _) = values::split(&api, &id, &uri, OF_CHANGES)?;
    // A browser that reconnects sends the last id and its first address: the id is the later position.
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?").to_owned());
    let after = last.filter(|id| !id.is_empty()).or(asked.after).map(|text| position(&text)).transpose()?;
    let follow = Follow::begin(&api, (&id, asked.numbers), &given, after).await?;
    let (lane, body) = stream::lane(&api, stream::follower(&api)?);
    let store = format!("{:032x}", api.livewell.store_id().0);
    tokio::spawn(send(api, follow, lane));
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream".to_owned()),
        (header::CACHE_CONTROL.as_str(), "no-store".to_owned()),
        (STORE, store),
    ];
    Ok((headers, body).into_response())
}

/// Reads the `id` of an event.
///
/// # Errors
/// Returns 400 if it is none.
pub(super) fn position(text: &str) -> Result<Position, Problem> {
    let parsed = text.split_once('-').and_then(|(epoch, sequence)| {
        Some(Position { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
    });
    parsed.ok_or_else(|| {
        Problem::new(
            400,
            "LW0701",
            format!("`{text}` is not a position; write EPOCH-SEQUENCE, as an event's `id` has it"),
        )
    })
}

/// Sends events until the reader is gone or everything stops.
async fn send(api: Shared, mut follow: Follow, lane: Lane) {
    loop {
        let chunk = tokio::select! {
            chunk = follow.next(&api, lane.chunk_bytes) => chunk,
            () = lane.closed() => return,
        };
        let Some(chunk) = chunk else { return };
        if lane.send(chunk.into()).await.is_err() {
            return;
        }
    }
}
