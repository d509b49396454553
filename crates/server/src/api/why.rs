//! `POST /api/v1/queries/ID/why` and `GET /api/v1/queries/ID/funnel`: why a row is there or is not, and where rows end.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::description::{JSON, read};
use super::problem::Problem;
use super::values;
use super::verifying::{self, Verifying};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, Uri};
use livewell::ComponentKind;
use livewell::why::{Answer, Given, Left, Question, Within};
use livewell::{ElementId, Values};
use livewell_model::json::value_from_json;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long an explanation may take.
const TIME_MAX: Duration = Duration::from_secs(20);
/// How many columns and variables may be named.
const GIVEN_MAX: usize = 100;

/// What both take beside values.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// Which row: by its signature, or by values of columns and elements of variables.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "WhyAsked",
    extend("anyOf" = [{ "required": ["row_signature"] }, { "required": ["where"] }, { "required": ["bindings"] }])
)]
pub struct Asked {
    /// The signature, as results show it.
    #[schemars(regex(pattern = "^[0-9A-Fa-f]{16}$"))]
    row_signature: Option<String>,
    /// The values of columns. A text also stands for the number or time that is written so.
    #[serde(rename = "where")]
    columns: Option<Map<String, Value>>,
    /// The elements that variables of the query are bound to.
    bindings: Option<std::collections::BTreeMap<String, Element>>,
}

/// An element, as answers show it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Element {
    source: String,
    id: String,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let of_values = "For a query with `for_each`: each of its parameters once, by its name; the query with these \
                     parameters is explained";
    let why = "Why a row is in the results, or why it is not";
    let left = "How many are left after each step of the query";
    vec![
        call(Method::POST, "/api/v1/queries/{id}/why", post, why)
            .takes_values(of_values)
            .takes_body(true, JSON, read::<Asked>)
            .explains_body(
                "By its signature, or by values of columns (`where`) and elements of variables (`bindings`)",
            )
            .answers(200, "The steps, the first false one of which decides")
            .refuses(&[400, 409, 503]),
        call(Method::GET, "/api/v1/queries/{id}/funnel", funnel, left)
            .takes_values(of_values)
            .answers(200, "The steps")
            .refuses(&[400, 409, 503]),
    ]
}

/// Explains a row, while the call waits.
async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Answer>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    let asked = serde_json::from_slice(&body).map_err(|error| refused(error.to_string()))?;
    let question = Asked::read(asked, given.values())?;
    let (_waiting, explaining) = verifying::begin_explaining(&api)?;
    let (livewell, bytes) = (api.livewell.clone(), api.limits.verify_bytes.get());
    let answer = tokio::task::spawn_blocking(move || {
        let answer = livewell.why(&id, &question, &within(bytes, &explaining));
        // The permit lasts as long as the computation.
        drop(explaining);
        answer
    });
    Ok(Json(answer.await.map_err(|error| broken_off(&error))??))
}

/// Counts what is left after each step, while the call waits.
async fn funnel(State(api): State<Shared>, Path(id): Path<String>, uri: Uri) -> Result<Json<Left>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    let values = given.values();
    let (_waiting, explaining) = verifying::begin_explaining(&api)?;
    let (livewell, bytes) = (api.livewell.clone(), api.limits.verify_bytes.get());
    let left = tokio::task::spawn_blocking(move || {
        let left = livewell.funnel(&id, values.as_ref(), &within(bytes, &explaining));
        drop(explaining);
        left
    });
    Ok(Json(left.await.map_err(|error| broken_off(&error))??))
}

fn within(bytes: usize, explaining: &Verifying) -> Within {
    Within::new(bytes, TIME_MAX).until(explaining.is_cancelled())
}

impl Asked {
    /// Returns the question of a body.
    ///
    /// # Errors
    /// Returns 400 if the body has another shape, names no row, or names one in two ways.
    pub fn read(body: Value, values: Option<Values>) -> Result<Question, Problem> {
        let asked: Self = serde_json::from_value(body).map_err(|error| refused(error.to_string()))?;
        asked.question(values)
    }

    fn question(self, values: Option<Values>) -> Result<Question, Problem> {
        let Self { row_signature, columns, bindings } = self;
        let (columns, bindings) = (columns.unwrap_or_default(), bindings.unwrap_or_default());
        let is_given = !columns.is_empty() || !bindings.is_empty();
        match row_signature {
            Some(signature) if !is_given => Ok(Question::Row(of_text(&signature)?, values)),
            Some(_) => {
                Err(refused("name the row by `row_signature`, or by `where` and `bindings`; not by both"))
            }
            None if !is_given => Err(refused(
                "name a row: by `row_signature`, by the values of columns in `where`, or by elements in `bindings`",
            )),
            None if columns.len() + bindings.len() > GIVEN_MAX => {
                Err(refused(format!("at most {GIVEN_MAX} columns and variables may be named")))
            }
            None => {
                let column = |(name, value): (String, Value)| {
                    let value = value_from_json(&value).map_err(|error| refused(error.to_string()))?;
                    Ok(Given::Column(name.into(), value))
                };
                let element = |(name, element): (String, Element)| {
                    Ok(Given::Variable(name.into(), ElementId::new(element.source, element.id)))
                };
                let columns = columns.into_iter().map(column);
                let given =
                    columns.chain(bindings.into_iter().map(element)).collect::<Result<_, Problem>>()?;
                Ok(Question::Given(given, values))
            }
        }
    }
}

/// Reads a signature, as results show it.
fn of_text(text: &str) -> Result<u64, Problem> {
    let is_one = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let signature = is_one.then(|| u64::from_str_radix(text, 16).ok()).flatten();
    signature.ok_or_else(|| refused("`row_signature` is sixteen hexadecimal digits, as results show it"))
}

fn refused(message: impl Into<String>) -> Problem {
    Problem::new(400, "LW0701", message)
}
