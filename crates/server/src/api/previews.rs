//! What a reaction would send or write, made of the rows that its query has now. Nothing is sent.
//!
//! Messages are made by the driver that sends them, with a transport that keeps them instead.

use livewell::clock::{Clock, SystemClock};
use livewell::{Livewell, Results};
use livewell_model::diff::Columns;
use livewell_model::json::{Data, RowShape};
use livewell_model::{Diff, QueryResult, SmolStr};
use livewell_reaction::messenger::{Answer, Message, Messenger, MessengerSettings, Transport};
use livewell_reaction::{Outgoing, Reaction, ReactionError, Settings, Start};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// How many rows messages or lines are made of.
const ROWS_MAX: usize = 20;
/// How much of a body is shown, in characters.
const BODY_CHARS: usize = 20_000;

/// A message as it would be sent, or a line or row as it would be written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Previewed {
    /// Where it would go.
    target: String,
    /// What would be sent along.
    headers: Vec<Header>,
    /// The body, or the row; cut after 20,000 characters.
    body: String,
}

/// Something that is sent along.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Header {
    name: String,
    /// Its value; null of one that is not shown, or is made as it is sent.
    value: Option<String>,
}

/// What was made, and what that does not show.
pub type Previews = (Vec<Previewed>, String);

/// Why nothing could be made: a code and what is wrong.
pub type Refusal = (&'static str, String);

/// Makes what a reaction with these settings would send or write of the first rows of its first query.
///
/// # Errors
/// Returns why the rows cannot be read, or why a template makes no message of them.
pub fn previews(livewell: &Livewell, settings: &Settings) -> Result<Previews, Refusal> {
    let Some(query) = settings.shared.queries.first() else {
        return Ok((Vec::new(), "It reads no query.".into()));
    };
    let read = |error: livewell::Error| (error.code, error.message);
    let results = livewell.results(query).map_err(read)?;
    let rows = results.page(None, ROWS_MAX).map_err(read)?;
    if rows.is_empty() {
        return Ok((
            Vec::new(),
            format!("`{query}` has no rows now, so there is nothing to make a message of."),
        ));
    }
    // The settings of kinds that this binary has, with secrets left out.
    let connector = serde_json::to_value(&settings.connector).unwrap_or_default();
    let text = |name: &str| connector[name].as_str().unwrap_or_default().to_owned();
    let note = |note: &str| format!("Made of rows that `{query}` has now, as if each were new. {note}");
    let made = match (settings.connector.kind(), connector["mode"].as_str()) {
        ("webhook" | "nats", _) => {
            let made = messages(livewell, settings, &connector, &results, rows)?;
            (made, note("Nothing was sent; the id of a real message has other numbers."))
        }
        ("file", Some("table")) => (
            written(&results, &rows, &text("path")),
            note("Nothing was written; the file has a line for each row."),
        ),
        ("file", _) => {
            let result = result_of(&results, rows);
            let line = serde_json::to_string(&outgoing(&results, &result).shape()).unwrap_or_default();
            (
                vec![Previewed::new(text("path"), Vec::new(), line)],
                note("Nothing was written; each result is a line."),
            )
        }
        ("kafka", _) if text("value") == "row" => (
            written(&results, &rows, &text("topic")),
            note("Nothing was written; a record has the row, and its key beside it."),
        ),
        ("kafka", _) => {
            let made = records(livewell, settings, &text("topic"), &results, rows)?;
            (made, note("Nothing was written; the id of a real record has other numbers."))
        }
        ("postgres", Some("table") | None) | ("redis", _) => {
            let target = [text("table"), text("prefix")].concat();
            (
                written(&results, &rows, &target),
                note(
                    "Nothing was written, and the target was not asked: how it has columns or keys is not shown.",
                ),
            )
        }
        _ => (Vec::new(), "What a reaction of this kind does cannot be shown before it runs.".to_owned()),
    };
    Ok(made)
}

/// Has the driver of messengers make messages.
fn messages(
    livewell: &Livewell,
    settings: &Settings,
    connector: &Value,
    results: &Results,
    rows: Vec<(u64, Columns)>,
) -> Result<Vec<Previewed>, Refusal> {
    let text = |name: &str| connector[name].as_str().map(ToOwned::to_owned);
    let kept = Arc::<Mutex<Vec<Previewed>>>::default();
    let mut headers = vec![("content-type", text("content_type"))];
    headers.retain(|(_, value)| value.is_some());
    if !connector["secret"].is_null() {
        headers.push(("webhook-signature", None));
    }
    let own = connector["headers"].as_object().into_iter().flatten().map(|(name, _)| (name.as_str(), None));
    let headers: Vec<(String, Option<String>)> =
        headers.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value)).collect();
    let made = MessengerSettings {
        each: serde_json::from_value(connector["each"].clone()).unwrap_or_default(),
        template: text("template"),
        address: text("subject"),
        ..MessengerSettings::default()
    };
    let keeper = Keeper { kind: settings.connector.kind(), headers, kept: kept.clone() };
    let mut messenger = Messenger::new(keeper, made);
    let refused = |error: ReactionError| ("LW0831", error.to_string());
    let store = format!("{:x}", livewell.store_id().0);
    let now = Arc::new(|| SystemClock.now());
    let (attempts, reaction) = (Arc::default(), &settings.shared.id);
    let start = Start { store: &store, reaction, detail: None, heads: &[], now, attempts };
    messenger.start(&start).map_err(refused)?;
    let result = result_of(results, rows);
    messenger.deliver(&[outgoing(results, &result)]).map_err(refused)?;
    Ok(std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Makes the records of a topic.
fn records(
    livewell: &Livewell,
    settings: &Settings,
    topic: &str,
    results: &Results,
    rows: Vec<(u64, Columns)>,
) -> Result<Vec<Previewed>, Refusal> {
    let refused = |error: ReactionError| ("LW0831", error.to_string());
    let Some(previewed) = settings.preview(None) else { return Ok(Vec::new()) };
    let mut previewer = previewed.previewer;
    let store = format!("{:x}", livewell.store_id().0);
    let now = Arc::new(|| SystemClock.now());
    let (attempts, reaction) = (Arc::default(), &settings.shared.id);
    let start = Start { store: &store, reaction, detail: None, heads: &[], now, attempts };
    previewer.prepare(&start).map_err(refused)?;
    let result = result_of(results, rows);
    let outgoing = outgoing(results, &result);
    let mut made = Vec::new();
    for index in 0..previewer.count(&outgoing).map_err(refused)? {
        let preview = previewer.preview(&outgoing, index).map_err(refused)?;
        let (key, body) = preview.made.map_err(|cause| ("LW0831", cause))?;
        let headers = vec![Header { name: "livewell-id".into(), value: Some(preview.key) }];
        let target = format!("{topic}, key {}", key.unwrap_or_default());
        made.push(Previewed::new(target, headers, String::from_utf8_lossy(&body).into_owned()));
    }
    Ok(made)
}

/// Returns the rows as a result that adds them.
fn result_of(results: &Results, rows: Vec<(u64, Columns)>) -> QueryResult {
    let add = |(row_signature, data)| Diff::Add { row_signature, data };
    QueryResult {
        sequence: results.sequence + 1,
        position: results.position,
        timestamp: SystemClock.now(),
        diffs: rows.into_iter().map(add).collect(),
    }
}

fn outgoing<'a>(results: &'a Results, result: &'a QueryResult) -> Outgoing<'a> {
    let columns: &[SmolStr] = &results.columns;
    Outgoing { query_id: &results.query_id, epoch: results.epoch, columns, result }
}

/// Returns rows as a copy of them has them.
fn written(results: &Results, rows: &[(u64, Columns)], target: &str) -> Vec<Previewed> {
    let line = |(row_signature, columns): &(u64, Columns)| {
        let shape =
            RowShape { row_signature: *row_signature, data: Data { names: &results.columns, columns } };
        let body = serde_json::to_string(&shape).unwrap_or_default();
        Previewed::new(target.to_owned(), Vec::new(), body)
    };
    rows.iter().map(line).collect()
}

impl Previewed {
    fn new(target: String, headers: Vec<Header>, body: String) -> Self {
        let cut = body.char_indices().nth(BODY_CHARS).map(|(at, _)| at);
        let body = match cut {
            Some(at) => format!("{}...", &body[..at]),
            None => body,
        };
        Self { target, headers, body }
    }
}

/// A transport that keeps what it is given.
struct Keeper {
    kind: &'static str,
    headers: Vec<(String, Option<String>)>,
    kept: Arc<Mutex<Vec<Previewed>>>,
}

impl Transport for Keeper {
    fn target(&self) -> String {
        self.kind.to_owned()
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        let id = if self.kind == "nats" { "Nats-Msg-Id" } else { "webhook-id" };
        let all =
            [(id.to_owned(), Some(message.key.to_owned()))].into_iter().chain(self.headers.iter().cloned());
        let headers = all.map(|(name, value)| Header { name, value }).collect();
        let target = if message.address.is_empty() { "its address" } else { message.address };
        let body = String::from_utf8_lossy(message.body).into_owned();
        let made = Previewed::new(target.to_owned(), headers, body);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(made);
        Ok(Answer::Taken(String::new()))
    }
}
