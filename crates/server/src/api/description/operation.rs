//! A call in the document: an operation of OpenAPI.

use super::schemas::{SchemaOf, Schemas, parameter};
use schemars::JsonSchema;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The media type of documents.
pub const JSON: &str = "application/json";

/// A call in the document, under construction.
#[derive(Default)]
pub struct Operation {
    parameters: Vec<Json>,
    body: Option<Json>,
    answers: BTreeMap<u16, Answered>,
    problems: BTreeSet<u16>,
}

/// An answer that is not a problem.
#[derive(Default)]
struct Answered {
    what: String,
    headers: Map<String, Json>,
    content: Map<String, Json>,
}

impl Operation {
    /// Adds parameters of the address, which may be refused.
    pub fn take<T: JsonSchema>(&mut self, schemas: &mut Schemas) {
        self.parameters.extend(schemas.parameters::<T>());
        self.problems.insert(400);
    }

    /// Adds one parameter.
    pub fn take_one(&mut self, parameter: Json) {
        self.parameters.push(parameter);
    }

    /// Leaves out a parameter.
    pub fn leave_out(&mut self, name: &str) {
        self.parameters.retain(|parameter| parameter["name"] != name);
    }

    /// Adds a form of the body, which may be refused.
    pub fn take_body(&mut self, required: bool, media: &str, schema: Json) {
        let body = self.body.get_or_insert_with(|| json!({ "required": required, "content": {} }));
        body["content"][media] = of(schema);
        self.problems.insert(400);
    }

    /// Says what the body is for.
    pub fn explain_body(&mut self, what: &str) {
        if let Some(body) = &mut self.body {
            body["description"] = what.into();
        }
    }

    /// Says what an answer is.
    pub fn explain(&mut self, status: u16, what: &str) {
        self.answers.entry(status).or_default().what = what.to_owned();
    }

    /// Adds a form of an answer, beside those of its media type.
    pub fn answer(&mut self, status: u16, media: &str, schema: Json) {
        let answered = self.answers.entry(status).or_default();
        let schema = match answered.content.shift_remove(media) {
            Some(mut before) => json!({ "anyOf": [before["schema"].take(), schema] }),
            None => schema,
        };
        answered.content.insert(media.to_owned(), of(schema));
    }

    /// Adds a header of an answer.
    pub fn show(&mut self, status: u16, name: &str, mut schema: Json, what: &str) {
        let answered = self.answers.entry(status).or_default();
        if let Some(members) = schema.as_object_mut() {
            members.shift_remove("description");
        }
        answered.headers.insert(name.to_owned(), json!({ "description": what, "schema": schema }));
    }

    /// Adds the statuses of problems.
    pub fn refuse(&mut self, statuses: &[u16]) {
        self.problems.extend(statuses);
    }

    /// Returns the operation.
    pub fn into_json(self, summary: &str, security: Json) -> Json {
        let mut operation = Map::new();
        operation.insert("summary".to_owned(), summary.into());
        operation.insert("security".to_owned(), security);
        if !self.parameters.is_empty() {
            operation.insert("parameters".to_owned(), self.parameters.into());
        }
        operation.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
        let problem = || json!({ "$ref": "#/components/responses/Problem" });
        let mut responses: BTreeMap<u16, Json> =
            self.problems.into_iter().map(|status| (status, problem())).collect();
        responses.extend(self.answers.into_iter().map(|(status, answer)| (status, answer.into_json())));
        let mut all: Map<String, Json> =
            responses.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        all.insert("default".to_owned(), problem());
        operation.insert("responses".to_owned(), all.into());
        operation.into()
    }
}

/// Returns the content that a schema is of.
fn of(schema: Json) -> Json {
    Map::from_iter([("schema".to_owned(), schema)]).into()
}

impl Answered {
    fn into_json(self) -> Json {
        let mut answer = Map::new();
        answer.insert("description".to_owned(), self.what.into());
        for (name, members) in [("headers", self.headers), ("content", self.content)] {
            if !members.is_empty() {
                answer.insert(name.to_owned(), members.into());
            }
        }
        answer.into()
    }
}

/// Returns a header that a call takes.
pub fn header(name: &str, schema: SchemaOf, what: &str, schemas: &mut Schemas) -> Json {
    let mut parameter = parameter("header", name, false, schema(schemas));
    parameter["description"] = what.into();
    parameter
}

/// Returns parameters whose names a query chooses.
pub fn values(what: &str) -> Json {
    json!({
        "name": "values",
        "in": "query",
        "required": false,
        "description": what,
        "style": "form",
        "explode": true,
        "schema": { "type": "object", "additionalProperties": { "type": "string" } },
    })
}

/// Returns the parameters in the parts of a path that are in braces.
///
/// # Panics
/// Panics if a part is none of those that are described here, which a test would find.
pub fn of_path(path: &str) -> Vec<Json> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let described = |name| match name {
        "id" => (json!({ "type": "string", "pattern": ID_PATTERN }), "The id in the configuration"),
        "name" => (json!({ "type": "string" }), "As the page names it, with a hash of what the file holds"),
        "element" => (json!({ "type": "string" }), "The id of the element"),
        "view" => {
            (json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" }), "The id that making it has given")
        }
        "code" => (json!({ "type": "string", "pattern": CODE_PATTERN }), "The code of an error"),
        _ => panic!("the part `{name}` of `{path}` is not described"),
    };
    names
        .map(|name| {
            let (schema, what) = described(name);
            json!({ "name": name, "in": "path", "required": true, "description": what, "schema": schema })
        })
        .collect()
}

/// The ids of components.
pub const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$";
/// The codes of errors.
pub const CODE_PATTERN: &str = "^LW[0-9]{4}$";
