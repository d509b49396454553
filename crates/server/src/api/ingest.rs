//! `POST /api/v1/sources/ID/changes`: takes one change, one transaction, or one transaction a line; all of it or
//! nothing.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::description::{JSON, read as taken};
use super::form::NDJSON;
use super::metrics::Brought;
use super::problem::Problem;
use super::sent::{Lines, Sent};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, header};
use axum::{Extension, Json};
use futures::StreamExt;
use livewell::ComponentKind;
use livewell_model::Transaction;
use livewell_source::InputError;
use livewell_source::json::Reader;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// How long a caller may take for a piece of the body.
const STALL: Duration = Duration::from_secs(30);
const KEY_BYTES_MAX: usize = 255;

/// Where the last transaction of a body stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Receipt {
    /// Its position in the store.
    position: u64,
    /// Its sequence in the log of the source.
    sequence: u64,
}

/// A key that a caller has made up.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the schema is all that is used of it")]
struct Key(#[schemars(length(min = 1, max = KEY_BYTES_MAX))] String);

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "Takes changes or records into an `http` source: all of the body or nothing, durable when it is answered";
    let post = call(Method::POST, "/api/v1/sources/{id}/changes", post, summary)
        .takes_header(
            "Idempotency-Key",
            taken::<Key>,
            "The same key with the same body is taken in once; with another body it is 422",
        )
        .takes_body(true, JSON, taken::<Sent>)
        .takes_body(true, NDJSON, taken::<Lines>)
        .answers(200, "Where the last transaction stands")
        .refuses(&[408, 409, 413, 422, 429, 503, 507]);
    vec![post]
}

/// Takes in a body, and answers once it is durable.
async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Extension<Brought>, Json<Receipt>), Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let settings = api.http(&id).ok_or_else(|| {
        let message = format!("`{id}` does not take changes by HTTP; only a source of `kind: http` does");
        Problem::new(409, "LW0708", message)
    })?;
    let key = key(&headers)?;
    // The permits count the bytes that all calls together hold, until this one is answered.
    let (body, _held) = read(&api, settings.body_bytes_max, "body_bytes_max", &headers, body).await?;
    let reader = settings.reader().map_err(|error| Problem::new(500, error.code, error.message))?;
    let parsed = tokio::task::spawn_blocking(move || {
        let hash = xxhash_rust::xxh3::xxh3_128(&body);
        parse(&body, &reader).map(|transactions| (transactions, hash))
    });
    let (transactions, hash) = parsed.await.map_err(|error| broken_off(&error))??;
    let handle = api.livewell.source(&id)?;
    let sent = match key {
        Some(key) => handle.send_once(transactions, key, hash).await,
        None => handle.send_all(transactions).await,
    };
    let receipts = sent.map_err(|(index, error)| {
        let is_about_a_line = error.kind == livewell::ErrorKind::Invalid && error.code != "LW0526";
        let problem = Problem::from(error);
        if is_about_a_line { problem.with("index", index) } else { problem }
    })?;
    let last = receipts
        .last()
        .ok_or_else(|| Problem::new(503, "LW0525", format!("the source `{id}` is stopped")))?;
    let answer = Json(Receipt { position: last.position, sequence: last.sequence });
    Ok((Extension(Brought(last.position)), answer))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let message = "an `Idempotency-Key` has 1 to 255 printable ASCII characters";
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Problem::new(400, "LW0701", message))
}

/// Reads the body, within the limit of the source, which has this name, and the limit on all bodies together.
///
/// # Errors
/// Returns 413 if the body is too large, 429 if all bodies together are, and 408 or 400 if it does not come to its end.
pub async fn read(
    api: &Api,
    max: usize,
    limit: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Vec<u8>, Vec<tokio::sync::OwnedSemaphorePermit>), Problem> {
    let (max, limit) = match api.limits.body_bytes {
        Some(all) if all.get() < max => (all.get(), "server.limits.body_bytes"),
        _ => (max, limit),
    };
    let too_large = || {
        let message = format!("the body has more than {max} bytes; send it in parts, or raise `{limit}`");
        Problem::new(413, "LW0703", message)
    };
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large());
    }
    let (mut bytes, mut held, mut pieces) = (Vec::new(), Vec::new(), body.into_data_stream());
    loop {
        let piece = tokio::time::timeout(STALL, pieces.next()).await;
        let piece = piece.map_err(|_| Problem::new(408, "LW0701", "the body did not come to its end"))?;
        let Some(piece) = piece else { return Ok((bytes, held)) };
        let piece =
            piece.map_err(|error| Problem::new(400, "LW0701", format!("the body broke off: {error}")))?;
        if bytes.len() + piece.len() > max {
            return Err(too_large());
        }
        let count = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        let permit = api.bodies.clone().try_acquire_many_owned(count).map_err(|_| {
            Problem::new(429, "LW0704", "too much is being sent at once; try again").retry_after(1)
        })?;
        held.push(permit);
        bytes.extend_from_slice(&piece);
    }
}

/// Returns the transactions of a body: of its lines, or of the whole body if it is one document over several lines.
fn parse(body: &[u8], reader: &Reader) -> Result<Vec<Transaction>, Problem> {
    let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    let mut lines =
        body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !is_blank(line)).peekable();
    if lines.peek().is_none() {
        return Err(Problem::new(400, "LW0202", "the body is empty; a change is expected, or one a line")
            .with("index", 0));
    }
    let mut transactions = Vec::new();
    for (at, line) in lines {
        match reader.transaction(line) {
            Ok(transaction) => transactions.push(transaction),
            Err(error) => {
                // The first line shows whether a document is written over several lines.
                if transactions.is_empty()
                    && let Ok(whole) = reader.transaction(body)
                {
                    return Ok(vec![whole]);
                }
                return Err(refused(&error, transactions.len(), at + 1));
            }
        }
    }
    Ok(transactions)
}

fn refused(error: &InputError, index: usize, line: usize) -> Problem {
    let at = error.column.map_or_else(String::new, |column| format!(", column {column}"));
    let detail = format!("line {line}{at}: {error}; nothing of the body was taken in");
    let status = if error.code == "LW0203" { 413 } else { 400 };
    Problem::new(status, error.code, detail)
        .with("index", index)
        .with("line", line)
        .with("column", error.column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_str;

    const ONE: &str = r#"{"operation":"delete","id":"o1"}"#;

    fn count(body: &str) -> Option<usize> {
        count_by(r#"{"id":"s"}"#, body)
    }

    fn count_by(settings: &str, body: &str) -> Option<usize> {
        let settings: livewell_source::settings::HttpSettings = from_str(settings).unwrap();
        parse(body.as_bytes(), &settings.reader().unwrap()).ok().map(|transactions| transactions.len())
    }

    #[test]
    fn a_record_is_a_transaction_on_a_line_or_over_several() {
        let mapped = r#"{"id":"s","node":{"label":"N","id":"{id}"}}"#;
        assert_eq!(count_by(mapped, "{\"id\":1}\n{\"id\":2}\n"), Some(2));
        assert_eq!(count_by(mapped, "{\n\"id\":1,\n\"x\":[]\n}"), Some(1));
        assert_eq!(count_by(mapped, ONE.trim_end_matches('}')), None);
    }

    #[test]
    fn a_line_is_a_transaction_and_so_is_a_document_over_several_lines() {
        assert_eq!(count(ONE), Some(1));
        assert_eq!(count(&format!("{ONE}\n\n{ONE}\r\n")), Some(2));
        assert_eq!(count(&ONE.replace(',', ",\n")), Some(1));
        assert_eq!(count(&format!("{{\"transaction\":[\n{ONE},\n{ONE}\n]}}")), Some(1));
    }

    #[test]
    fn one_bad_line_refuses_all() {
        assert_eq!(count(&format!("{ONE}\nnonsense\n{ONE}")), None);
        assert_eq!(count(" \n"), None);
    }
}
