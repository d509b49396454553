//! `GET /api/v1/KIND/ID/definition`: the definition of a component, its author, and whether the file differs.

use super::call::{Call, call};
use super::components::find_any;
use super::context::{Api, Shared};
use super::description::written;
use super::expected::hash;
use super::problem::Problem;
use super::wire::Kind;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, header};
use livewell::{Author, ComponentKind};
use livewell_config::print;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What a component is made of, by whom.
#[derive(Debug, Serialize, JsonSchema)]
struct Definition {
    id: String,
    kind: Kind,
    /// Who wrote it: the configuration file, a call, or a program that uses the library.
    #[schemars(extend("enum" = ["file", "call", "program"]), with = "String")]
    by: Author,
    /// As its author wrote it, without secrets; null of what only a program can make again.
    #[schemars(with = "Option<Map<String, Value>>")]
    definition: Option<Value>,
    /// What tells this definition from others, also in a secret: sent back as `If-Match`, a change is made only of this
    /// one. Null of what only a program can make again.
    hash: Option<String>,
    /// The definition in YAML, as an item of its own; a secret that was written out is not shown.
    text: Option<String>,
    /// Whether the configuration file says something else of it.
    differs_from_file: bool,
    /// What the file says, if that is something else.
    #[schemars(with = "Option<Map<String, Value>>")]
    in_file: Option<Value>,
    /// That in YAML.
    text_in_file: Option<String>,
    /// Where the file names it; null of what it does not name.
    place_in_file: Option<PlaceInFile>,
}

/// A place in a configuration file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PlaceInFile {
    /// The path, relative to the folder of the configuration; of an included file its own.
    file: String,
    /// The line, from 1.
    line: usize,
}

/// Returns the call for this kind.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let get = async move |State(api): State<Shared>, Path(id): Path<String>| {
        find_any(&api, kind, &id)?;
        let shown = shape(&api, kind, id.clone(), api.livewell.definition(&id)?);
        let mut headers = HeaderMap::new();
        if let Some(tag) = shown.hash.as_ref().and_then(|hash| format!("\"{hash}\"").parse().ok()) {
            headers.insert(header::ETAG, tag);
        }
        Ok::<_, Problem>((headers, Json(shown)))
    };
    let path = format!("/api/v1/{}/{{id}}/definition", kind.plural());
    let summary = "What it is made of, as its author has written it, without secrets";
    vec![call(Method::GET, path, get, summary).answers(200, "The definition").shows(
        200,
        "ETag",
        written::<String>,
        "The hash in quotes, as `If-Match` takes it",
    )]
}

fn shape(api: &Api, kind: ComponentKind, id: String, stored: livewell::Definition) -> Definition {
    let config = api.config();
    let in_file = config.in_file(kind, &id, &api.seal);
    let place = config.place_in_file(kind, &id);
    drop(config);
    let differs_from_file =
        in_file.as_ref().is_some_and(|in_file| stored.spec.settings.as_ref() != Some(in_file));
    Definition {
        id,
        kind: Kind(kind),
        hash: hash(api, &stored),
        by: stored.spec.by,
        text: stored.spec.settings.as_ref().map(print::item),
        definition: stored.spec.settings,
        differs_from_file,
        text_in_file: in_file.as_ref().filter(|_| differs_from_file).map(print::item),
        in_file: in_file.filter(|_| differs_from_file),
        place_in_file: place.map(|(file, line)| PlaceInFile { file: file.display().to_string(), line }),
    }
}
