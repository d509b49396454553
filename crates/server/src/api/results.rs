//! `GET /api/v1/queries/ID/results`: live results, whole or in pages, at a position if one is requested.

use super::built::built;
use super::call::{Call, call};
use super::conditional::{etag, has, preferred_wait};
use super::context::{Api, Shared};
use super::description::{JSON, SchemaOf, read, written};
use super::form::{CSV, Form, Media, NDJSON};
use super::page::Cursor;
use super::parameters::{Given, OF_RESULTS, refused};
use super::problem::Problem;
use super::shape::Trouble;
use super::stream;
use super::until::until;
use super::values;
use super::wire::{Binary, Doing, Epoch, Hex, Row, ascii, json};
use crate::render::{Formulas, Numbers};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use livewell::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;
use tokio::time::Instant;

const WAIT: Duration = Duration::from_secs(5);
const WAIT_MAX: Duration = Duration::from_secs(60);
const LIMIT_MAX: usize = 10_000;
/// The header with the number of rows.
const ROWS: &str = "livewell-rows";
/// How many characters of an error's message a header contains.
const ERROR_CHARS_MAX: usize = 500;
/// How long the text may be that is searched for, in bytes.
const SEARCH_MAX: usize = 1_000;

/// The parameters of the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Wait until this position is in the results.
    position: Option<u64>,
    /// How long, as in `500ms` or `5s`; 5s where nothing is said, 60s at most.
    #[schemars(regex(pattern = "^[0-9]{1,9}(ms|s|m|h|d)$"))]
    wait: Option<String>,
    /// How many rows a page has.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// The `cursor` of the page before; goes with `limit`.
    #[schemars(regex(pattern = "^[0-9]{1,19}-[0-9]{1,19}-[0-9]{1,19}-[0-9a-f]{16}(-[0-9a-f]{16})?$"))]
    cursor: Option<String>,
    /// Only rows of which a value contains this text, whatever its case; all of them, so without `limit`.
    search: Option<String>,
    /// In CSV `quoted`: texts that a spreadsheet would take for a formula come behind an apostrophe; `plain` where nothing
    /// is said.
    #[serde(default)]
    formulas: Formulas,
    /// `string`: integers beyond 2^53 - 1 as strings, which JavaScript would round; `number` where nothing is said. CSV has
    /// all digits.
    #[serde(default)]
    numbers: Numbers,
}

/// The live results of a query at one sequence.
#[derive(Debug, Serialize, JsonSchema)]
struct Results {
    /// The epoch in which the sequence counts.
    epoch: Epoch,
    /// The sequence that the rows are of.
    sequence: u64,
    /// The last position of the store that is in them.
    position: u64,
    /// Whether the rows are exactly what the upstreams of the query's sources had at this position; null if none of its
    /// sources can tell.
    checked: Option<bool>,
    /// What the query is doing.
    state: Doing,
    /// What keeps the query from coming on; its rows are then as of `position`.
    error: Option<Trouble>,
    /// Another one if the query's definition is another.
    config_hash: Hex,
    /// Whether the rows come in the order of the query's ORDER BY; otherwise they come by signature.
    ordered: bool,
    /// The names of the columns, in the order of RETURN.
    columns: Vec<String>,
    /// In pages alone; null in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Option<String>>,
    /// Those of an ordered query in its order, others by signature.
    // They are written one by one, after the rest.
    rows: Vec<Row>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary =
        "The live results at one sequence; rows of an ordered query in its order, others by signature";
    let get = call(Method::GET, "/api/v1/queries/{id}/results", get, summary)
        .takes::<Asked>()
        .takes_values(
            "For one value of a query with `for_each`: each of its parameters once, by its name, as in \
             `?customer=c42`; the columns are those behind the parameters then",
        )
        .takes_header(
            "If-None-Match",
            read::<String>,
            "The `ETag` of results that the reader has: 304 if nothing has changed since",
        )
        .takes_header(
            "Prefer",
            read::<String>,
            "`wait=30` with `If-None-Match`: wait so many seconds for other results, 60 at most, before 304",
        )
        .answers(200, "The results")
        .content(200, JSON, written::<Results>)
        .content(200, NDJSON, written::<Row>)
        .content(200, CSV, written::<Binary>)
        .answers(304, "Nothing has changed since the results that `If-None-Match` names")
        .shows(304, "Preference-Applied", written::<String>, "How long `Prefer` let the call wait")
        .refuses(&[410, 503, 504]);
    vec![described_headers(get)]
}

/// Describes the headers of results, with which readers of lines know what they have.
fn described_headers(mut get: Call) -> Call {
    let of_lines: [(&str, SchemaOf, &str); 9] = [
        (
            "ETag",
            written::<String>,
            "Another one if the rows may be others; weak, since `position` moves by itself",
        ),
        ("livewell-epoch", written::<u64>, "The epoch in which the sequence counts"),
        ("livewell-sequence", written::<u64>, "The sequence that the rows are of"),
        (ROWS, written::<u64>, "How many rows there are, on all pages; absent with `search`"),
        ("livewell-position", written::<u64>, "The last position of the store that is in them"),
        ("livewell-checked", written::<bool>, "`checked`; absent if it is null"),
        ("livewell-state", written::<Doing>, "What the query is doing"),
        ("livewell-config-hash", written::<Hex>, "Another one if the query's definition is another"),
        ("livewell-columns", written::<String>, "The names of the columns, as a JSON array"),
    ];
    for (name, schema, what) in of_lines {
        get = get.shows(200, name, schema, what);
    }
    get.shows(200, "livewell-cursor", written::<String>, "The `cursor` of the next page, if there is one").shows(
        200,
        "livewell-error",
        written::<String>,
        "As JSON what keeps the query from coming on (Trouble), if something does; a long message is cut off",
    )
}

/// Returns the live results of a query, or of one value.
async fn get(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (asked, given): (Asked, _) = values::split(&api, &id, &uri, OF_RESULTS)?;
    let form = Form { media: Media::accepted(&headers), numbers: asked.numbers, formulas: asked.formulas };
    check_search(&asked)?;
    if let Some(position) = asked.position {
        wait(&api, &id, position, asked.wait.as_deref()).await?;
    }
    if asked.cursor.is_none() && headers.contains_key(header::IF_NONE_MATCH) {
        let wait = preferred_wait(&headers);
        if let Some(known) = unchanged(&api, (&id, &given), &headers, wait.unwrap_or_default()).await? {
            return Ok(not_modified(&api, &known, wait));
        }
    }
    let Some(limit) = asked.limit else {
        if asked.cursor.is_some() {
            return Err(Problem::new(
                400,
                "LW0701",
                "`cursor` goes with `limit`: say how many rows a page has",
            ));
        }
        return whole(&api, built(&api, given.results(&api, &id)?)?, asked.search, form);
    };
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::new(400, "LW0701", format!("`limit` is from 1 to {LIMIT_MAX}")));
    }
    let no_cursor = || Problem::new(400, "LW0701", "`cursor` is not one that a page has given");
    let cursor = asked.cursor.map(|text| Cursor::parse(&text).ok_or_else(no_cursor)).transpose()?;
    page(&api, (&id, &given), limit, cursor, form)
}

/// Checks that a search is short, and of all rows.
fn check_search(asked: &Asked) -> Result<(), Problem> {
    let Some(text) = &asked.search else { return Ok(()) };
    if asked.limit.is_some() {
        let message = "`search` returns all rows that it finds, without `limit`; `views` have them by offset";
        return Err(refused(message));
    }
    if text.len() > SEARCH_MAX {
        return Err(refused(format!("`search` has at most {SEARCH_MAX} bytes")));
    }
    Ok(())
}

/// Waits until the query's results include everything up to `position`.
async fn wait(api: &Api, id: &str, position: u64, wait: Option<&str>) -> Result<(), Problem> {
    let wait = match wait {
        Some(text) => livewell_model::period::parse(text)
            .ok_or_else(|| Problem::new(400, "LW0701", "`wait` is a duration, as in `500ms` or `5s`"))?
            .min(WAIT_MAX),
        None => WAIT,
    };
    let deadline = Instant::now() + wait;
    let mut pause = Duration::from_millis(2);
    loop {
        let results = api.livewell.results(id)?;
        let reached = if results.is_to_come() { 0 } else { results.position };
        if reached >= position && !results.is_to_come() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let message =
                format!("`{id}` has come to position {reached}, and {position} was asked for; try again");
            return Err(Problem::new(504, "LW0705", message).with("position", reached));
        }
        tokio::select! {
            () = tokio::time::sleep_until((Instant::now() + pause).min(deadline)) => {}
            () = until(api.stop.clone()) => return Err(Problem::new(503, "LW0712", "the server is stopping")),
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Waits until the results are others than the reader has. Returns those that it has if there are none in time.
async fn unchanged(
    api: &Api,
    (id, given): (&str, &Given),
    headers: &HeaderMap,
    wait: Duration,
) -> Result<Option<livewell::Results>, Problem> {
    // The answer comes before the call's own time is up.
    let most = api.limits.request.saturating_sub(Duration::from_secs(1));
    let deadline = Instant::now() + wait.min(most);
    let mut pause = Duration::from_millis(2);
    loop {
        let results = built(api, given.results(api, id)?)?;
        if !has(headers, &results) {
            return Ok(None);
        }
        if Instant::now() >= deadline || *api.stop.borrow() {
            return Ok(Some(results));
        }
        drop(results);
        tokio::select! {
            () = tokio::time::sleep_until((Instant::now() + pause).min(deadline)) => {}
            () = until(api.stop.clone()) => {}
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Returns the answer that the reader has these results.
fn not_modified(api: &Api, results: &livewell::Results, wait: Option<Duration>) -> Response {
    let mut headers = headers(results, &api.livewell.condition(&results.query_id), Media::Document);
    headers.remove(header::CONTENT_TYPE);
    if let Some(wait) = wait {
        headers.insert("preference-applied", ascii(&format!("wait={}", wait.as_secs())));
    }
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

/// Returns all rows, or those with a text, streamed from one snapshot.
fn whole(
    api: &Api,
    results: livewell::Results,
    search: Option<String>,
    form: Form,
) -> Result<Response, Problem> {
    let search = search.filter(|text| !text.is_empty());
    let condition = api.livewell.condition(&results.query_id);
    let mut headers = headers(&results, &condition, form.media);
    if search.is_some() {
        headers.remove(ROWS);
    }
    let body = stream::written(api, stream::permit(api)?, move |out| {
        let reader = out.reader();
        let rows = match &search {
            Some(text) => results.search(text, move || reader.is_gone()).map_err(io::Error::other)?,
            None => results.rows().map_err(io::Error::other)?,
        };
        let rows = rows.map(|row| row.map_err(io::Error::other));
        form.write(out, || document(&results, &condition, None), &results.columns, rows)
    });
    Ok((headers, body).into_response())
}

fn page(
    api: &Api,
    (id, given): (&str, &Given),
    limit: usize,
    cursor: Option<Cursor>,
    form: Form,
) -> Result<Response, Problem> {
    let of = given.hash();
    let results = built(api, api.pins.results(id, of, cursor, || given.results(api, id))?)?;
    let mut rows = results.page(cursor.map(|cursor| cursor.after), limit + 1)?;
    let before = cursor.map_or(0, |cursor| cursor.rows);
    let next = if rows.len() > limit {
        rows.truncate(limit);
        api.pins.keep(&results, of);
        rows.last().map(|(signature, _)| Cursor::new(&results, of, before + limit as u64, *signature))
    } else {
        results.check_count(before + rows.len() as u64)?;
        None
    };
    let condition = api.livewell.condition(id);
    let mut headers = headers(&results, &condition, form.media);
    if let Some(next) = next {
        headers.insert("livewell-cursor", ascii(&next.to_string()));
    }
    let mut body = Vec::new();
    let before = || document(&results, &condition, Some(next));
    let written = form.write(&mut body, before, &results.columns, rows.into_iter().map(Ok));
    written.map_err(|error| Problem::new(500, "LW0300", error.to_string()))?;
    Ok((headers, Body::from(body)).into_response())
}

/// Returns the results as one document, up to its rows; with a cursor in pages alone, null in the last.
fn document(
    results: &livewell::Results,
    condition: &Condition,
    cursor: Option<Option<Cursor>>,
) -> io::Result<String> {
    let document = Results {
        epoch: Epoch(results.epoch),
        sequence: results.sequence,
        position: results.position,
        checked: results.checked,
        state: Doing(condition.state),
        error: Trouble::of(condition),
        config_hash: Hex(results.config_hash),
        ordered: results.is_ordered().map_err(io::Error::other)?,
        columns: results.columns.iter().map(ToString::to_string).collect(),
        cursor: cursor.map(|cursor| cursor.map(|cursor| cursor.to_string())),
        rows: Vec::new(),
    };
    let document = serde_json::to_string(&document)?;
    // The rows are its last member, and there may be more of them than memory holds.
    Ok(document.strip_suffix("[]}").unwrap_or(&document).to_owned())
}

fn shown(checked: bool) -> &'static str {
    if checked { "true" } else { "false" }
}

/// Returns the content of the envelope as headers, for readers of lines.
fn headers(results: &livewell::Results, condition: &Condition, media: Media) -> HeaderMap {
    let names: Vec<&str> = results.columns.iter().map(|name| name.as_str()).collect();
    let columns = serde_json::to_string(&names).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.name()));
    headers.insert(header::ETAG, etag(results));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert("livewell-epoch", results.epoch.into());
    headers.insert("livewell-sequence", results.sequence.into());
    headers.insert(ROWS, results.row_count().into());
    headers.insert("livewell-position", results.position.into());
    if let Some(checked) = results.checked {
        headers.insert("livewell-checked", HeaderValue::from_static(shown(checked)));
    }
    headers.insert("livewell-state", HeaderValue::from_static(condition.state.name()));
    if let Some(trouble) = Trouble::of(condition) {
        headers.insert("livewell-error", ascii(&json(&brief(trouble)).to_string()));
    }
    headers.insert("livewell-config-hash", ascii(&format!("{:016x}", results.config_hash)));
    headers.insert("livewell-columns", ascii(&columns));
    headers
}

/// Returns the error with no more of its message than a header should have.
fn brief(mut error: Trouble) -> Trouble {
    if error.message.chars().count() > ERROR_CHARS_MAX {
        let begin: String = error.message.chars().take(ERROR_CHARS_MAX).collect();
        error.message = format!("{begin}...");
    }
    error
}
