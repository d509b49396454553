//! `GET /openapi.json`: every call, in OpenAPI 3.1, assembled from the calls themselves: see [`super::description`].

use super::call::{Call, call};
use super::description::{JSON, Schemas, written};
use super::problem::Document;
use super::scopes::{Need, need};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};
use std::sync::OnceLock;

/// Returns the call; `all` returns all calls, with this one.
pub fn calls(all: fn() -> Vec<Call>) -> Vec<Call> {
    let get = async move || -> Response {
        static DOCUMENT: OnceLock<String> = OnceLock::new();
        let document = DOCUMENT.get_or_init(|| text(&all()));
        ([(header::CONTENT_TYPE, JSON)], document.as_str()).into_response()
    };
    let get = call(Method::GET, "/openapi.json", get, "This document");
    vec![get.answers(200, "OpenAPI 3.1").content(200, JSON, written::<Map<String, Json>>)]
}

/// Returns the document as it is sent, and kept in `docs/`.
fn text(calls: &[Call]) -> String {
    format!("{:#}\n", document(calls))
}

/// Assembles the document: the paths in the order of the calls, the schemas by name.
fn document(calls: &[Call]) -> Json {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for call in calls {
        let method = call.method.as_str().to_ascii_lowercase();
        let mut operation = call.describe(security(call), &mut schemas);
        operation["operationId"] = name(&method, &call.path).into();
        paths.entry(&call.path).or_insert_with(|| json!({}))[method] = operation;
    }
    let problem = json!({
        "description": "A problem (RFC 9457) with its code; 429 and 503 say after how many seconds to try again in \
                        `Retry-After`",
        "headers": { "Retry-After": { "schema": { "type": "integer", "minimum": 0 } } },
        "content": { "application/problem+json": { "schema": written::<Document>(&mut schemas) } },
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Livewell",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "responses": { "Problem": problem },
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// Returns the name of a call for programs that are generated: its method and the parts of its path, in the singular where
/// one of them is meant, as in `getSource` for `GET /api/v1/sources/{id}`.
fn name(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut name = method.to_owned();
    for (at, part) in parts.iter().enumerate().filter(|(_, part)| !part.starts_with('{')) {
        let is_one = parts.get(at + 1).is_some_and(|next| next.starts_with('{'));
        let part = match part.strip_suffix('s').filter(|_| is_one) {
            Some(stem) => stem.strip_suffix("ie").map_or_else(|| stem.to_owned(), |stem| format!("{stem}y")),
            None => (*part).to_owned(),
        };
        for word in part.split(['-', '.']) {
            let (first, rest) = word.split_at(word.len().min(1));
            name.extend([&first.to_uppercase(), rest]);
        }
    }
    // The path of the console has no parts.
    if parts.is_empty() { format!("{name}Console") } else { name }
}

/// Returns what a caller needs: a token with a scope, unless the server has no tokens.
fn security(call: &Call) -> Json {
    match need(&call.method, &call.path) {
        Need::Nothing => json!([]),
        Need::Token => json!([{ "token": [] }, {}]),
        Need::Scope(scope) => json!([{ "token": [scope.name()] }, {}]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dead_letters::DeadLetter;
    use super::super::deliveries::Deliveries;
    use super::super::description::published;
    use super::super::elements::{Counts, Element};
    use super::super::foreseen::Foreseen;
    use super::super::overview::history::History;
    use super::super::overview::store::Store;
    use super::super::parked::Parked;
    use super::super::planned::Plan;
    use super::super::progress::Progress;
    use super::super::routes::calls;
    use super::super::schema::Schema;
    use super::super::shape::Status;
    use super::super::target::Outcome;
    use super::super::transactions::Page as Transactions;
    use super::super::wire::Row;
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Returns every part of a document, and where it is.
    fn parts<'a>(at: &str, json: &'a Json, parts: &mut Vec<(String, &'a Json)>) {
        parts.push((at.to_owned(), json));
        let members = json.as_object().into_iter().flatten().map(|(name, member)| (name.clone(), member));
        let items = json.as_array().into_iter().flatten().enumerate();
        for (name, part) in members.chain(items.map(|(at, item)| (at.to_string(), item))) {
            self::parts(&format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), part, parts);
        }
    }

    /// Returns the operations with their names.
    fn operations(document: &Json) -> Vec<(String, &Json)> {
        let paths = document["paths"].as_object().unwrap().iter();
        paths
            .flat_map(|(path, item)| {
                let operations = item.as_object().unwrap().iter();
                operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
            })
            .collect()
    }

    /// Compares a file of the documentation with what the code says, or writes it.
    fn hold(file: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file);
        if std::env::var_os("LIVEWELL_WRITE_OPENAPI").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "LIVEWELL_WRITE_OPENAPI=1 cargo test -p livewell-server openapi writes {file}");
    }

    #[test]
    fn each_call_has_a_name_of_its_own_that_follows_from_its_path() {
        for (method, path, expected) in [
            ("get", "/", "getConsole"),
            ("get", "/openapi.json", "getOpenapiJson"),
            ("get", "/api/v1/sources", "getSources"),
            ("get", "/api/v1/queries/{id}", "getQuery"),
            ("delete", "/api/v1/reactions/{id}", "deleteReaction"),
            ("get", "/api/v1/sources/{id}/elements/{element}", "getSourceElement"),
            ("post", "/api/v1/reactions/{id}/dead-letters/replay", "postReactionDeadLettersReplay"),
        ] {
            assert_eq!(name(method, path), expected);
        }
        let document = document(&calls());
        let names: Vec<&str> =
            operations(&document).iter().map(|(_, one)| one["operationId"].as_str().unwrap()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric())), "{names:?}");
    }

    #[test]
    fn the_copy_in_the_documentation_is_what_the_code_says() {
        hold("openapi.json", &text(&calls()));
    }

    #[test]
    fn the_schemas_of_commands_that_print_what_calls_answer_are_those_of_the_calls() {
        for (name, schema) in [
            ("apply", published::<Plan>("livewell apply --format json")),
            ("component", published::<Status>("livewell start and stop --format json")),
            ("dead-letter", published::<DeadLetter>("A line of livewell dead-letters")),
            (
                "element",
                published::<Element>("livewell elements SOURCE ID, and a line of --label and --type"),
            ),
            ("compare", published::<Outcome>("livewell compare --format json")),
            ("deliveries", published::<Deliveries>("livewell deliveries --format json")),
            ("elements", published::<Counts>("livewell elements SOURCE --format json")),
            ("foreseen", published::<Foreseen>("livewell remove and reset --dry-run --format json")),
            ("history", published::<History>("livewell history --format json")),
            ("progress", published::<Progress>("livewell progress --format json")),
            ("transactions", published::<Transactions>("livewell transactions --format json")),
            ("store-size", published::<Store>("livewell store size --format json")),
            ("source-schema", published::<Schema>("livewell elements SOURCE --schema --format json")),
            ("parked", published::<Parked>("A line of livewell parked")),
            ("row", published::<Row>("A line of livewell results, try and export --format ndjson")),
            ("rows", published::<Vec<Row>>("livewell results and try --format json")),
        ] {
            hold(&format!("schemas/{name}.schema.json"), &format!("{schema:#}\n"));
        }
    }

    #[test]
    fn no_call_is_there_twice() {
        let mut seen = BTreeSet::new();
        for call in calls() {
            assert!(
                seen.insert((call.method.to_string(), call.path.clone())),
                "{} {}",
                call.method,
                call.path
            );
        }
        assert_eq!(operations(&document(&calls())).len(), seen.len());
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document(&calls());
        let mut all = Vec::new();
        parts("", &document, &mut all);
        let references: BTreeSet<&str> =
            all.iter().filter_map(|(_, part)| part.get("$ref")?.as_str()?.strip_prefix('#')).collect();
        for reference in &references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(
                references.contains(format!("/components/schemas/{name}").as_str()),
                "{name} is not used"
            );
        }
    }

    #[test]
    fn every_answer_says_what_it_is_and_has_a_shape() {
        let document = document(&calls());
        for (name, operation) in operations(&document) {
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
            let responses = operation["responses"].as_object().unwrap();
            let good: Vec<_> =
                responses.iter().filter(|(status, _)| status.starts_with(['2', '3'])).collect();
            assert!(!good.is_empty(), "{name}");
            for (status, answer) in good {
                assert!(
                    answer["description"].as_str().is_some_and(|what| !what.is_empty()),
                    "{name} {status}"
                );
                let has_body = !matches!(status.as_str(), "204" | "304");
                assert_eq!(answer.get("content").is_some(), has_body, "{name} {status}");
                for (media, content) in answer["content"].as_object().into_iter().flatten() {
                    let schema = content["schema"].as_object();
                    assert!(schema.is_some_and(|schema| !schema.is_empty()), "{name} {status} {media}");
                }
            }
        }
    }

    #[test]
    fn every_parameter_is_described_and_those_of_the_path_are_those_in_braces() {
        for (name, operation) in operations(&document(&calls())) {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for parameter in &parameters {
                assert!(parameter["schema"].is_object(), "{name} {parameter}");
                assert!(parameter["description"].is_string(), "{name} {parameter}");
            }
            let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let of_path: BTreeSet<_> =
                of_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
            let in_braces = name.split('/').filter(|part| part.starts_with('{')).map(ToOwned::to_owned);
            assert_eq!(of_path, in_braces.collect(), "{name}");
        }
    }
}
