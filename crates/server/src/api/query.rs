//! Verification and plan of a query: `verify` and `explain`.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::editor::plan::{Operator, Pattern, Plan};
use super::elements::blocking;
use super::problem::Problem;
use super::shape::Trouble;
use super::values;
use super::verifying::Waiting;
use super::wire::Doing;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, Uri};
use livewell::{ComponentKind, holdings};
use livewell_query::Engine;
use livewell_query::outline::Outline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `verify` takes beside values.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// What a verification of a query has found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QueryVerified")]
struct Verified {
    query_id: String,
    /// The sequence at which rows and evaluation were compared.
    sequence: u64,
    /// How many live rows there are.
    rows: u64,
    /// Whether nothing differs.
    equal: bool,
    /// The first differences, in words.
    differences: Vec<String>,
    /// What the query is doing.
    state: Doing,
    /// What keeps the query from coming on.
    error: Option<Trouble>,
}

/// A query and how it is maintained.
#[derive(Debug, Serialize, JsonSchema)]
struct Explained {
    query_id: String,
    cypher: String,
    /// The ids of what it reads.
    sources: Vec<String>,
    /// The names of its columns, in the order of RETURN.
    columns: Vec<String>,
    /// The parameters of `for_each`; their columns come first.
    for_each: Vec<String>,
    /// The variables of its elements, as `why` takes them in `bindings`.
    variables: Vec<String>,
    /// How it is maintained, in words, an operator a line.
    plan: String,
    /// What it matches, as a graph.
    pattern: Pattern,
    /// The operators that maintain its rows, each behind those whose rows it takes.
    operators: Vec<Operator>,
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let verify = call(
        Method::POST,
        "/api/v1/queries/{id}/verify",
        verify,
        "Evaluates the query from scratch and compares",
    )
    .takes_values(
        "For one value of a query with `for_each`: each of its parameters once, by its name; its rows are compared with those of the query with these parameters",
    )
    .answers(200, "What was found")
    .refuses(&[400, 503]);
    let explain = call(Method::GET, "/api/v1/queries/{id}/explain", explain, "The query's text and its plan");
    vec![verify, explain.answers(200, "The plan")]
}

/// `POST /api/v1/queries/ID/verify`: the live results, or those of one value, against an evaluation from scratch.
async fn verify(
    State(api): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Verified>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let (Nothing {}, given) = values::split(&api, &id, &uri, &[])?;
    let values = given.values();
    let (_waiting, verifying) = super::verifying::begin(&api)?;
    let (livewell, query, bytes_max) = (api.livewell.clone(), id.clone(), api.limits.verify_bytes.get());
    let shown = api.verifications.begin(&id);
    let verified = tokio::task::spawn_blocking(move || {
        let (is_cancelled, on_progress) = (verifying.is_cancelled(), |progress| shown.at(progress));
        match values {
            Some(values) => {
                livewell.verify_value_within(&query, &values, bytes_max, is_cancelled, &on_progress)
            }
            None => livewell.verify_within(&query, bytes_max, is_cancelled, &on_progress),
        }
    });
    let verified = verified.await.map_err(|error| broken_off(&error))??;
    let condition = api.livewell.condition(&id);
    Ok(Json(Verified {
        query_id: id,
        sequence: verified.sequence,
        rows: verified.rows,
        equal: verified.differences.is_empty(),
        differences: verified.differences,
        state: Doing(condition.state),
        error: Trouble::of(&condition),
    }))
}

/// `GET /api/v1/queries/ID/explain`: its text and how it is maintained.
async fn explain(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Explained>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let query = livewell::stored_query(&**api.livewell.store(), &id)?;
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())
        .map_err(livewell::Error::from)?;
    let variables = livewell::why::variables(&query.cypher)?;
    let outline = Outline::of(&query.cypher).map_err(livewell::Error::from)?;
    let only = if let [only] = query.sources.as_slice() { Some(only) } else { None };
    let Plan { pattern, mut operators } = Plan::of(&query.cypher, &outline, &engine, &|_, _| only.cloned());
    // It may have been changed, and another plan may run, since its definition was read.
    if let Some(passed) = api.livewell.passed(&id)?.filter(|passed| passed.len() == operators.len()) {
        operators = operators.into_iter().map(|operator| operator.with_rows(&passed)).collect();
    }
    let numbers = engine.operators().iter().map(|operator| operator.number).collect();
    let explained = Explained {
        pattern,
        operators,
        query_id: id.clone(),
        for_each: query.for_each.iter().map(|parameter| parameter.name.to_string()).collect(),
        variables: variables.iter().map(ToString::to_string).collect(),
        columns: engine.columns().iter().map(ToString::to_string).collect(),
        plan: engine.explain(),
        cypher: query.cypher,
        sources: query.sources,
    };
    // Nothing of the engine is held while the store is read.
    drop(engine);
    let operators = with_state(&api, &id, numbers, explained.operators).await?;
    Ok(Json(Explained { operators, ..explained }))
}

/// Adds how much each operator of a query remembers, under these numbers.
async fn with_state(
    api: &Shared,
    id: &str,
    numbers: Vec<Option<u16>>,
    operators: Vec<Operator>,
) -> Result<Vec<Operator>, Problem> {
    let waiting = Waiting::default();
    let (is_gone, query, store) = (waiting.is_gone(), id.to_owned(), api.livewell.store().clone());
    let having: Vec<u16> = numbers.iter().flatten().copied().collect();
    let read = move || holdings::of_operators(&*store, &query, &having, &is_gone);
    let Some(extents) = blocking(api, read).await? else { return Ok(operators) };
    let mut extents = extents.into_iter();
    let states = numbers.into_iter().map(|number| number.and_then(|_| extents.next()));
    Ok(operators.into_iter().zip(states).map(|(operator, state)| operator.with_state(state)).collect())
}
