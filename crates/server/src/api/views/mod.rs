//! `/api/v1/queries/ID/views`: the rows of a query in an order, pinned to one sequence and read by offset.

mod kept;

use super::accepted::Created;
use super::broken_off::broken_off;
use super::built::built;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::description::{JSON, read, written};
use super::parameters::{OF_VIEWS, refused};
use super::problem::Problem;
use super::values;
use super::verifying;
use super::wire::{Epoch, Hex, answer};
use crate::render::Numbers;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use livewell::ComponentKind;
use livewell::view::{self, Bounds, Sort, View};
use livewell_model::json::{Data, value_from_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kept::{UNUSED_MAX, gone};

pub use kept::Views;

/// How long putting rows in order may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// How many columns may be named.
const COLUMNS_MAX: usize = 100;
/// How many rows are read at once.
const LIMIT_MAX: usize = 200;
/// How long the text may be that is searched for, in bytes.
const SEARCH_MAX: usize = 1_000;

/// A column by which rows are sorted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct By {
    column: String,
    /// Whether the greatest comes first.
    #[serde(default)]
    descending: bool,
}

/// Which rows, in which order.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ViewAsked")]
struct Asked {
    /// The columns by which rows are sorted, ties by signature. Without: as the query orders, or by signature.
    #[serde(default)]
    sort: Vec<By>,
    /// Text that a value of each row contains, whatever its case.
    search: Option<String>,
    /// Values that columns of each row have. A text also stands for the number or time that is written so.
    #[serde(default, rename = "where")]
    columns: Map<String, Value>,
}

/// An order of rows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "View")]
struct Made {
    /// Its id, with which its rows are read.
    view: String,
    query_id: String,
    epoch: Epoch,
    /// The sequence whose rows are in order.
    sequence: u64,
    /// The last position of the store that is in them.
    position: u64,
    columns: Vec<String>,
    /// Whether the rows come in the order of the query's ORDER BY.
    ordered: bool,
    /// How many rows there are.
    total: usize,
    /// After how many seconds it goes if nobody uses it.
    unused_seconds: u64,
}

/// Which rows of a view are read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
    /// How many rows come before the first; 0 where nothing is said.
    offset: Option<usize>,
    /// How many rows at most; 200 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// `string`: integers beyond 2^53 - 1 as strings, which JavaScript would round; `number` where nothing is said.
    #[serde(default)]
    numbers: Numbers,
}

/// What takes no parameters but values.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// Rows of a view. Their places are those of `sequence`, their values those of `now`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ViewPage")]
struct Page<'a> {
    epoch: Epoch,
    /// The sequence whose rows are in order.
    sequence: u64,
    /// The sequence that the values are of.
    now: u64,
    /// How many rows come before the first of these.
    offset: usize,
    /// How many rows the view has.
    total: usize,
    rows: Vec<Placed<'a>>,
}

/// A row in its place.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ViewRow")]
struct Placed<'a> {
    row_signature: Hex,
    /// Its values now; null if it is gone.
    #[schemars(with = "Option<Map<String, Value>>")]
    data: Option<Data<'a>>,
    /// Whether it is another than the one that was sorted.
    changed: bool,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let path = "/api/v1/queries/{id}/views";
    let one = format!("{path}/{{view}}");
    let of_values =
        "For a query with `for_each`: each of its parameters once, by its name, in each call for a view";
    vec![
        call(Method::POST, path, post, "Puts the rows in an order that stays, to be read by offset")
            .takes_values(of_values)
            .takes_body(false, JSON, read::<Asked>)
            .explains_body("The order; of the rows that `search` and `where` leave")
            .answers(201, "The view")
            .refuses(&[400, 409, 503]),
        call(Method::GET, &one, get, "Rows of a view by offset: in their places then, with their values now")
            .takes::<Range>()
            .takes_values(of_values)
            .answers(200, "The rows; none behind the last")
            .content(200, JSON, written::<Page<'static>>)
            .refuses(&[400, 410]),
        call(Method::DELETE, &one, delete, "Forgets a view")
            .takes_values(of_values)
            .answers(204, "It is gone")
            .refuses(&[400, 410]),
    ]
}

/// Puts rows in order, while the call waits.
async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Created<Made>, Problem> {
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    let asked = asked(&body)?;
    let results = built(&api, given.results(&api, &id)?)?;
    let (_waiting, ordering) = verifying::begin_ordering(&api)?;
    let bounds = Bounds { bytes: api.limits.verify_bytes.get(), time: TIME_MAX };
    let view = tokio::task::spawn_blocking(move || {
        let view = results.view(&asked, bounds, ordering.is_cancelled());
        // The permit lasts as long as the computation.
        drop(ordering);
        view
    });
    let view = Arc::new(view.await.map_err(|error| broken_off(&error))??);
    let key = api.views.keep(view.clone(), given.hash(), bounds.bytes, Instant::now())?;
    Ok(Created(Made::of(key, &view)))
}

/// Returns rows by offset.
async fn get(
    State(api): State<Shared>,
    Path((id, view)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Range { offset, limit, numbers }, given) = values::split(&api, &id, &uri, OF_VIEWS)?;
    let (offset, limit) = (offset.unwrap_or(0), limit.unwrap_or(LIMIT_MAX));
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}")));
    }
    check_form(&view)?;
    let view = api.views.get(&view, &id, given.hash(), Instant::now())?;
    let now = given.results(&api, &id)?;
    if now.epoch != view.epoch {
        return Err(gone(&id));
    }
    let placed = view.page(&now, offset, limit)?;
    let rows = placed.iter().map(|row| Placed {
        row_signature: Hex(row.row_signature),
        data: row.columns.as_ref().map(|columns| Data { names: &view.columns, columns }),
        changed: row.is_changed,
    });
    let page = Page {
        epoch: Epoch(view.epoch),
        sequence: view.sequence,
        now: now.sequence,
        offset,
        total: view.total(),
        rows: rows.collect(),
    };
    Ok(answer(numbers, &page))
}

async fn delete(
    State(api): State<Shared>,
    Path((id, view)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    check_form(&view)?;
    api.views.forget(&view, &id, given.hash(), Instant::now())?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reads what is asked for; an empty body asks for all rows.
fn asked(body: &[u8]) -> Result<view::Asked, Problem> {
    let Asked { sort, search, columns } = match body {
        [] => Asked::default(),
        body => serde_json::from_slice(body).map_err(|error| refused(error.to_string()))?,
    };
    if sort.len().max(columns.len()) > COLUMNS_MAX {
        return Err(refused(format!("at most {COLUMNS_MAX} columns may be named")));
    }
    if search.as_ref().is_some_and(|text| text.len() > SEARCH_MAX) {
        return Err(refused(format!("`search` has at most {SEARCH_MAX} bytes")));
    }
    let sort = sort.into_iter().map(|By { column, descending }| Sort { column: column.into(), descending });
    let columns = columns.into_iter().map(|(name, value)| {
        Ok((name.into(), value_from_json(&value).map_err(|error| refused(error.to_string()))?))
    });
    Ok(view::Asked { sort: sort.collect(), search, columns: columns.collect::<Result<_, Problem>>()? })
}

impl Made {
    fn of(key: String, view: &View) -> Self {
        Self {
            view: key,
            query_id: view.query_id.clone(),
            epoch: Epoch(view.epoch),
            sequence: view.sequence,
            position: view.position,
            columns: view.columns.iter().map(ToString::to_string).collect(),
            ordered: view.is_own_order,
            total: view.total(),
            unused_seconds: UNUSED_MAX.as_secs(),
        }
    }
}

/// Checks that a text may be the id of a view.
///
/// # Errors
/// Returns 400 for one that no view ever had.
fn check_form(view: &str) -> Result<(), Problem> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if view.len() == 16 && view.bytes().all(is_digit) {
        return Ok(());
    }
    Err(refused("the id of a view has 16 hexadecimal digits, as the call that makes it answers"))
}
