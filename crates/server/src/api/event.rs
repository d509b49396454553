//! The events of a query, as the text of server-sent events.

use super::context::Api;
use super::shape::Trouble;
use super::wire::{Doing, Epoch};
use crate::render::Numbers;
use livewell::{Event, Position, Subscription};
use livewell_model::json::{Data, ResultShape, RowShape};
use serde::Serialize;

/// The data of `heartbeat`.
#[derive(Serialize)]
pub struct Heartbeat {
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

/// Returns an event without data for a subscriber to one value: a browser takes its `id`, so that after a long time
/// without results it resumes where it is, and not where the outbox no longer reaches back.
pub fn keep_alive(subscription: &Subscription) -> String {
    let at = subscription.position().filter(|_| subscription.is_of_a_value());
    at.map(|Position { epoch, sequence }| format!("id: {epoch}-{sequence}\n\n")).unwrap_or_default()
}

/// Returns the state of the query, so that a client without results for a while learns whether more can come.
pub fn heartbeat(api: &Api, id: &str) -> Heartbeat {
    let condition = api.livewell.condition(id);
    Heartbeat { state: Doing(condition.state), error: Trouble::of(&condition) }
}

/// Writes an event of a subscription.
pub fn write(
    out: &mut String,
    api: &Api,
    (id, numbers): (&str, Numbers),
    subscription: &Subscription,
    event: &Event,
) {
    let names = subscription.columns();
    match event {
        Event::Reset { reason } => put(out, "reset", None, &Reset { reason }),
        Event::Row { row_signature, data } => {
            let row = RowShape { row_signature: *row_signature, data: Data { names, columns: data } };
            put_json(out, "row", None, &numbers.text(&row));
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
            put_json(out, "result", Some((*epoch, result.sequence)), &numbers.text(&shape));
        }
    }
}

fn columns(names: &[livewell_model::SmolStr]) -> Vec<&str> {
    names.iter().map(|name| name.as_str()).collect()
}

/// Writes one event.
pub fn put(out: &mut String, name: &str, id: Option<(u64, u64)>, data: &impl Serialize) {
    put_json(out, name, id, &Numbers::Number.text(data));
}

/// Writes one event; JSON has no line breaks, so its data is one line.
fn put_json(out: &mut String, name: &str, id: Option<(u64, u64)>, data: &str) {
    out.push_str(&format!("event: {name}\n"));
    if let Some((epoch, sequence)) = id {
        out.push_str(&format!("id: {epoch}-{sequence}\n"));
    }
    out.push_str(&format!("data: {data}\n\n"));
}
