//! An item of a section of the configuration, in JSON, as the body of a call.

use super::description::{ID_PATTERN, JSON, Operation, Part, Schemas};
use super::problem::Problem;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use serde_json::{Value, json};

/// The text of an item, which the code that reads the configuration reads.
pub struct Section(pub String);

impl Section {
    /// Returns the id of the component.
    ///
    /// # Errors
    /// Returns 400 if the text is not JSON, or has no id.
    pub fn id(&self) -> Result<String, Problem> {
        let json: Value = serde_json::from_str(&self.0)
            .map_err(|error| Problem::new(400, "LW0701", format!("the body is not JSON: {error}")))?;
        let id = json.get("id").and_then(Value::as_str).map(ToOwned::to_owned);
        id.ok_or_else(|| {
            Problem::new(400, "LW0605", "the body is a section of the configuration and has an `id`")
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Section {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let text = String::from_request(request, state).await;
        text.map(Self).map_err(axum::response::IntoResponse::into_response)
    }
}

impl Part for Section {
    fn describe(operation: &mut Operation, _schemas: &mut Schemas) {
        let id = json!({ "type": "string", "pattern": ID_PATTERN });
        let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": id } });
        operation.take_body(true, JSON, schema);
    }
}

/// The sections of a configuration, in YAML; empty: those of the server's own file.
pub struct Sections(pub String);

impl<S: Send + Sync> FromRequest<S> for Sections {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        Section::from_request(request, state).await.map(|Section(text)| Self(text))
    }
}

impl Part for Sections {
    fn describe(operation: &mut Operation, _schemas: &mut Schemas) {
        let what = "A configuration: the sections `sources`, `queries` and `reactions` as a file has them";
        operation.take_body(false, "application/yaml", json!({ "type": "object", "description": what }));
    }
}
