//! `GET /api/v1/config`: what runs, as a configuration file would have it.

use super::call::{Call, call};
use super::context::Shared;
use super::description::written;
use axum::extract::{Query, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

/// The media type of YAML (RFC 9512).
const YAML: &str = "application/yaml";
/// What the text begins with.
const HEAD: &str = "# The components as they run. References to values outside are as they were written; a secret that was written out \
                    is not shown.\n";

/// Which components.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Only those that calls have made or changed, and that are not so in the file.
    by: Option<By>,
}

/// Who has written a component.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum By {
    /// A call.
    Call,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let get = async |State(api): State<Shared>, Query(asked): Query<Asked>| -> Response {
        let printed =
            tokio::task::spawn_blocking(move || api.config().text(&api.seal, asked.by.is_some())).await;
        match printed {
            Ok(text) => ([(header::CONTENT_TYPE, YAML)], format!("{HEAD}{text}")).into_response(),
            Err(error) => super::broken_off::broken_off(&error).into_response(),
        }
    };
    let summary = "All components as they run, as a configuration has them, to keep what calls have made";
    vec![
        call(Method::GET, "/api/v1/config", get, summary)
            .content(200, YAML, written::<Option<serde_json::Map<String, serde_json::Value>>>)
            .answers(200, "The sections `sources`, `queries` and `reactions`"),
    ]
}
