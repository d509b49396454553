//! `GET /api/v1/queries/ID/changes`: a query's snapshot and its results as they come, as server-sent events.
//!
//! Only the event that ends a snapshot, results, and what keeps a stream of one value up to date have an `id`, so a client that is cut off in the middle of a
//! snapshot gets it again and nothing is skipped.

use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::description::{read, written};
use super::parameters::OF_CHANGES;
use super::problem::Problem;
use super::shape::Trouble;
use super::stream::{self, Lane};
use super::values;
use super::wire::{Doing, Epoch};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use livewell::{ComponentKind, Error, ErrorKind, Event, Position, Subscription};
use livewell_model::json::{Data, ResultShape, RowShape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const HEARTBEAT: Duration = Duration::from_secs(15);

/// The parameters of the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// EPOCH-SEQUENCE to continue after.
    #[schemars(regex(pattern = "^[0-9]{1,19}-[0-9]{1,19}$"))]
    after: Option<String>,
}

/// The id of the last event, as a browser sends it.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the schema is all that is used of it")]
struct LastId(#[schemars(regex(pattern = "^([0-9]{1,19}-[0-9]{1,19})?$"))] String);

/// A server-sent event; its `data` is JSON.
#[derive(JsonSchema)]
#[schemars(rename = "Event")]
#[expect(dead_code, reason = "events are written as text")]
struct Sent {
    #[schemars(extend("enum" = ["row", "snapshot_end", "result", "reset", "heartbeat"]))]
    event: String,
    /// EPOCH-SEQUENCE, to continue after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9]+-[0-9]+$"))]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    data: Option<String>,
}

/// The data of `heartbeat`.
#[derive(Serialize)]
struct Heartbeat {
    state: Doing,
    error: Option<Trouble>,
}

/// The data of `snapshot_end`.
#[derive(Serialize)]
struct SnapshotEnd<'a> {
    epoch: Epoch,
    sequence: u64,
    columns: Vec<&'a str>,
    ordered: bool,
    checked: Option<bool>,
    state: Doing,
    error: Option<Trouble>,
}

/// The data of `reset`.
#[derive(Serialize)]
struct Reset<'a> {
    reason: &'a str,
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
        .content(200, "text/event-stream", written::<Sent>)
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
    let subscription = given.subscribe(&api, &id, after).await;
    let mut subscription = subscription.map_err(|error| not_found(&api, &id, error))?;
    subscription.look_ahead()?;
    let (lane, body) = stream::lane(&api, stream::follower(&api)?);
    tokio::spawn(send(api, id, subscription, lane));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// Returns the problem of an unknown id, with the one that was probably meant.
fn not_found(api: &Api, id: &str, error: Error) -> Problem {
    let is_unknown = error.kind == ErrorKind::NotFound;
    let unknown = is_unknown.then(|| find(api, ComponentKind::Query, id).err()).flatten();
    unknown.unwrap_or_else(|| error.into())
}

fn position(text: &str) -> Result<Position, Problem> {
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

/// Sends events until the reader is gone or everything stops. While it sends a snapshot it counts as one of the
/// `streams`, and waits until there is room.
async fn send(api: Shared, id: String, mut subscription: Subscription, lane: Lane) {
    let mut sending = None;
    loop {
        if subscription.is_following() {
            sending = None;
        } else if sending.is_none() {
            sending = tokio::select! {
                permit = api.streams.clone().acquire_owned() => permit.ok(),
                () = lane.closed() => return,
            };
        }
        let mut chunk = String::new();
        tokio::select! {
            event = tokio::time::timeout(HEARTBEAT, subscription.next()) => match event {
                Ok(Ok(Some(event))) => write(&mut chunk, &api, &id, &subscription, &event),
                Ok(Ok(None)) => return,
                Ok(Err(error)) => return tracing::warn!(query = %id, code = error.code, "a stream of changes ended: {error}"),
                Err(_) => {
                    chunk.push_str(&keep_alive(&subscription));
                    put(&mut chunk, "heartbeat", None, &heartbeat(&api, &id));
                }
            },
            () = lane.closed() => return,
        }
        // Events that are there already are sent together.
        while chunk.len() < lane.chunk_bytes && (sending.is_some() || subscription.is_following()) {
            match subscription.try_next() {
                Ok(Some(event)) => write(&mut chunk, &api, &id, &subscription, &event),
                // A failure is repeated with the next event.
                Ok(None) | Err(_) => break,
            }
        }
        if lane.send(chunk.into()).await.is_err() {
            return;
        }
    }
}

/// Returns an event without data for a subscriber to one value: a browser takes its `id`, so that after a long time
/// without results it resumes where it is, and not where the outbox no longer reaches back.
fn keep_alive(subscription: &Subscription) -> String {
    let at = subscription.position().filter(|_| subscription.is_of_a_value());
    at.map(|Position { epoch, sequence }| format!("id: {epoch}-{sequence}\n\n")).unwrap_or_default()
}

/// Returns the state of the query, so that a client without results for a while learns whether more can come.
fn heartbeat(api: &Api, id: &str) -> Heartbeat {
    let condition = api.livewell.condition(id);
    Heartbeat { state: Doing(condition.state), error: Trouble::of(&condition) }
}

fn write(out: &mut String, api: &Api, id: &str, subscription: &Subscription, event: &Event) {
    let names = subscription.columns();
    match event {
        Event::Reset { reason } => put(out, "reset", None, &Reset { reason }),
        Event::Row { row_signature, data } => {
            let row = RowShape { row_signature: *row_signature, data: Data { names, columns: data } };
            put(out, "row", None, &row);
        }
        Event::SnapshotEnd { at, ordered, checked } => {
            let condition = api.livewell.condition(id);
            let end = SnapshotEnd {
                epoch: Epoch(at.epoch),
                sequence: at.sequence,
                columns: columns(names),
                ordered: *ordered,
                checked: *checked,
                state: Doing(condition.state),
                error: Trouble::of(&condition),
            };
            put(out, "snapshot_end", Some((at.epoch, at.sequence)), &end);
        }
        Event::Result { epoch, result } => {
            let shape = ResultShape { query_id: id, epoch: *epoch, names, result };
            put(out, "result", Some((*epoch, result.sequence)), &shape);
        }
    }
}

fn columns(names: &[livewell_model::SmolStr]) -> Vec<&str> {
    names.iter().map(|name| name.as_str()).collect()
}

/// Writes one event; JSON has no line breaks, so its data is one line.
fn put(out: &mut String, name: &str, id: Option<(u64, u64)>, data: &impl Serialize) {
    let data = serde_json::to_string(data).expect("rows and results are JSON");
    out.push_str(&format!("event: {name}\n"));
    if let Some((epoch, sequence)) = id {
        out.push_str(&format!("id: {epoch}-{sequence}\n"));
    }
    out.push_str(&format!("data: {data}\n\n"));
}
