//! `GET /api/v1/KIND/ID/definition`: the definition of a component, its author, and whether the file differs.

use super::call::{Call, by_hand as call};
use super::components::find_any;
use super::context::{Api, Shared};
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::{ComponentKind, Definition};
use serde_json::{Value, json};

/// Returns the call for this kind.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let get = async move |State(api): State<Shared>, Path(id): Path<String>| {
        find_any(&api, kind, &id)?;
        Ok::<_, Problem>(Json(shape(&api, kind, &id, &api.livewell.definition(&id)?)))
    };
    vec![call(Method::GET, format!("/api/v1/{}/{{id}}/definition", kind.plural()), get)]
}

fn shape(api: &Api, kind: ComponentKind, id: &str, definition: &Definition) -> Value {
    let config = api.config();
    let in_file = config.in_file(kind, id, &api.seal);
    let differs = in_file.as_ref().is_some_and(|in_file| definition.spec.settings.as_ref() != Some(in_file));
    json!({
        "id": id,
        "kind": kind.noun(),
        "by": definition.spec.by,
        "definition": definition.spec.settings,
        "differs_from_file": differs,
        "in_file": in_file.filter(|_| differs),
    })
}
