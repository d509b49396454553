//! `GET /openapi.json`: every call, in OpenAPI 3.1.

use axum::http::header;
use axum::response::IntoResponse;

const DOCUMENT: &str = include_str!("openapi.json");

/// Returns the description of the API.
pub async fn get() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use super::super::routes::calls;
    use super::*;
    use serde_json::Value as Json;
    use std::collections::BTreeSet;

    fn document() -> Json {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn every_call_is_described_and_nothing_else_is() {
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                described.insert((method.to_ascii_uppercase(), path.clone()));
            }
        }
        let answered: BTreeSet<_> =
            calls().into_iter().map(|call| (call.method.as_str().to_owned(), call.path)).collect();
        assert_eq!(described, answered);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_parameter_of_a_path_is_described() {
        let document = document();
        let mut ahead = vec![&document];
        while let Some(json) = ahead.pop() {
            if let Some(reference) = json.get("$ref").and_then(Json::as_str) {
                let pointer = reference.trim_start_matches('#');
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            ahead.extend(json.as_object().into_iter().flat_map(|members| members.values()));
            ahead.extend(json.as_array().into_iter().flatten());
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            assert_eq!(path.contains('{'), item.get("parameters").is_some(), "{path}");
            for operation in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
                assert!(operation.1["summary"].is_string() && operation.1["responses"].is_object(), "{path}");
            }
        }
    }
}
