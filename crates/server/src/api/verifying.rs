//! Running verifications: a few at once, each ends soon after nobody waits for it, and callers can see how far they are.

use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::problem::Problem;
use super::verifications::Done;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::ComponentKind;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many verifications are computed at once: each takes a processor and much memory.
pub const VERIFYING_MAX: usize = 2;
/// How many explanations are. Whoever may read may ask for them, and they keep nobody from verifying.
pub const EXPLAINING_MAX: usize = 2;
/// How many looks at what the store holds are. Each holds a snapshot.
pub const MEASURING_MAX: usize = 2;
/// How many views are made at once.
pub const ORDERING_MAX: usize = 2;

/// The verifications of a query that are running.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Verifications")]
struct Running {
    query_id: String,
    verifications: Vec<Done>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "How far the verifications of a query are that are running";
    vec![call(Method::GET, "/api/v1/queries/{id}/verify", get, summary).answers(200, "Each of them")]
}

/// `GET /api/v1/queries/ID/verify`: how far the verifications are that are running.
async fn get(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Running>, Problem> {
    find(&api, ComponentKind::Query, &id)?;
    let verifications = api.verifications.of(&id);
    Ok(Json(Running { query_id: id, verifications }))
}

/// A call that waits for a computation. Once it is dropped, the computation has to end.
#[derive(Debug, Default)]
pub struct Waiting(Arc<AtomicBool>);

impl Waiting {
    /// Returns a function that tells whether the call is gone, even after this is dropped.
    pub fn is_gone(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let is_gone = self.0.clone();
        move || is_gone.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A permit to verify, to be kept until the computation has ended, not only the call.
pub struct Verifying {
    is_gone: Arc<AtomicBool>,
    stop: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Verifying {
    /// Returns a function that tells whether the computation has to end: nobody waits for it any more, or everything
    /// stops.
    pub fn is_cancelled(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let (is_gone, stop) = (self.is_gone.clone(), self.stop.clone());
        move || is_gone.load(Ordering::Relaxed) || *stop.borrow()
    }
}

/// Begins a verification for the call that keeps the [`Waiting`].
///
/// # Errors
/// Returns 503 if as many verifications are running as this server allows.
pub fn begin(api: &Api) -> Result<(Waiting, Verifying), Problem> {
    begin_with(api, &api.verifying, (VERIFYING_MAX, "verifications"))
}

/// Begins an explanation of a row, in the same way.
///
/// # Errors
/// Returns 503 if as many are running as this server allows.
pub fn begin_explaining(api: &Api) -> Result<(Waiting, Verifying), Problem> {
    begin_with(api, &api.explaining, (EXPLAINING_MAX, "explanations"))
}

/// Begins a look at what the store holds, in the same way.
///
/// # Errors
/// Returns 503 if as many are running as this server allows.
pub fn begin_measuring(api: &Api) -> Result<(Waiting, Verifying), Problem> {
    begin_with(api, &api.measuring, (MEASURING_MAX, "looks at the store"))
}

/// Begins to put rows in order, in the same way.
///
/// # Errors
/// Returns 503 if that is done for as many as this server allows.
pub fn begin_ordering(api: &Api) -> Result<(Waiting, Verifying), Problem> {
    begin_with(api, &api.ordering, (ORDERING_MAX, "views"))
}

fn begin_with(
    api: &Api,
    permits: &Arc<Semaphore>,
    (most, what): (usize, &str),
) -> Result<(Waiting, Verifying), Problem> {
    let permit = permits.clone().try_acquire_owned().map_err(|_| {
        let message =
            format!("{most} {what} are under way, as many as this server computes at once; try again");
        Problem::new(503, "LW0704", message).retry_after(1)
    })?;
    let is_gone = Arc::<AtomicBool>::default();
    let waiting = Waiting(is_gone.clone());
    Ok((waiting, Verifying { is_gone, stop: api.stop.clone(), _permit: permit }))
}
