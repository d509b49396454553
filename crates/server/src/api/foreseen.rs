//! Dry runs of single calls: a call with `dry_run=true` passes the checks of one without, and says what that would do.

use super::context::Api;
use super::description::{Answer, JSON, Operation, Schemas, written};
use super::expected::hash;
use super::problem::Problem;
use super::step::Stepped;
use axum::Json;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether something is to be done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a call would do, and what that costs. Nothing was done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Foreseen {
    #[schemars(extend("const" = true))]
    dry_run: bool,
    /// The hash of the definition for which this holds: with `If-Match`, nothing else is changed. Null of a component that
    /// is not there yet, or that only a program can make again.
    hash: Option<String>,
    #[serde(flatten)]
    step: Box<Stepped>,
}

impl Foreseen {
    /// Creates the answer for a component with this hash.
    pub fn new(hash: Option<String>, step: Stepped) -> Self {
        Self { dry_run: true, hash, step: Box::new(step) }
    }

    /// Creates the answer for a component that is there. `step` is found out after its hash is read, so that a hash never
    /// stands for what was not looked at.
    ///
    /// # Errors
    /// Returns the errors of `step`, or an error if the store cannot be read.
    pub fn of(api: &Api, id: &str, step: impl FnOnce() -> Result<Stepped, Problem>) -> Result<Self, Problem> {
        let hash = hash(api, &api.livewell.definition(id)?);
        Ok(Self::new(hash, step()?))
    }
}

/// That an answer is one of a call that has changed nothing.
#[derive(Debug, Clone, Copy)]
pub struct NothingDone;

/// What was done, or would be.
pub enum Done<T> {
    /// It would be.
    Foreseen(Foreseen),
    /// It was.
    Done(T),
}

impl<T: IntoResponse> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Foreseen(foreseen) => {
                let mut answer = Json(foreseen).into_response();
                answer.extensions_mut().insert(NothingDone);
                answer
            }
            Self::Done(done) => done.into_response(),
        }
    }
}

impl<T: Answer> Answer for Done<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
        operation.answer(200, JSON, written::<Foreseen>(schemas));
        operation.explain(200, "With `dry_run`: what would be done");
    }
}
