//! `GET /metrics`: what is measured, in the text format of OpenMetrics, which Prometheus reads. `docs/guide/metrics.md`
//! lists all families; a test compares that list with what a running server shows.

mod components;
pub mod family;
mod http;
mod pipeline;
mod process;

pub use http::{Brought, count};

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::context::{Api, Shared};
use super::description::written;
use super::problem::Problem;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use family::Family;
pub use process::{note_start, resident, started};

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "What is measured of components, the store, calls and the process, for Prometheus";
    let get = call(Method::GET, "/metrics", get, summary);
    vec![get.answers(200, "OpenMetrics text").content(200, "application/openmetrics-text", written::<String>)]
}

/// Returns the metrics.
async fn get(State(api): State<Shared>) -> Result<Response, Problem> {
    let text = tokio::task::spawn_blocking(move || {
        family::text(families(&api)?).map_err(|error| Problem::new(500, "LW0300", error.to_string()))
    });
    let text = text.await.map_err(|error| broken_off(&error))??;
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}

/// Returns all families, always in the same order.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn families(api: &Api) -> Result<Vec<Family>, Problem> {
    let measured = components::measured(api)?;
    let mut families = components::families(&measured);
    families.push(components::effects(api, &measured));
    families.extend(pipeline::totals(&api.livewell, measured.len()));
    families.extend(pipeline::work(&api.livewell.measured()));
    families.extend(pipeline::scrub(&api.livewell.scrubbed()));
    families.extend(http::families(api));
    families.extend(process::families());
    Ok(families)
}
