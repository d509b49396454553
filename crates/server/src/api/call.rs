//! A call of the API; each resource lists its own.

use super::context::Shared;
use super::description::{self, Described, Operation, SchemaOf, Schemas};
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::JsonSchema;
use serde_json::Value as Json;

type Describe = Box<dyn Fn(&mut Operation, &mut Schemas)>;

/// A call: its method, its path, its handler, and what is said of it.
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) answer: Box<dyn FnOnce(MethodFilter) -> MethodRouter<Shared>>,
    summary: String,
    /// What the handler's type says, and then what the call adds to that.
    said: Vec<Describe>,
}

/// Creates the call of `method` at `path`, answered by `handler`.
pub fn call<H, T>(method: Method, path: impl Into<String>, handler: H, summary: impl Into<String>) -> Call
where
    H: Handler<T, Shared> + Described<T>,
    T: 'static,
{
    let answer = Box::new(|method| on(method, handler));
    let said: Vec<Describe> = vec![Box::new(H::describe)];
    Call { method, path: path.into(), answer, summary: summary.into(), said }
}

impl Call {
    /// Says what the answer with this status is.
    pub fn answers(self, status: u16, what: impl Into<String>) -> Self {
        let what = what.into();
        self.and(move |operation, _| operation.explain(status, &what))
    }

    /// Adds a form of an answer that the handler's type does not say.
    pub fn content(self, status: u16, media: &'static str, schema: SchemaOf) -> Self {
        self.and(move |operation, schemas| operation.answer(status, media, schema(schemas)))
    }

    /// Adds a header of an answer.
    pub fn shows(self, status: u16, name: &'static str, schema: SchemaOf, what: &'static str) -> Self {
        self.and(move |operation, schemas| operation.show(status, name, schema(schemas), what))
    }

    /// Adds statuses of refusals.
    pub fn refuses(self, statuses: &'static [u16]) -> Self {
        self.and(move |operation, _| operation.refuse(statuses))
    }

    /// Adds parameters that the handler reads from the address itself.
    pub fn takes<T: JsonSchema>(self) -> Self {
        self.and(|operation, schemas| operation.take::<T>(schemas))
    }

    /// Adds the values of a query with `for_each`, which are parameters by names of its own.
    pub fn takes_values(self, what: &'static str) -> Self {
        self.and(move |operation, _| operation.take_one(description::values(what)))
    }

    /// Leaves out a parameter of the handler that this call does not take.
    pub fn without(self, name: &'static str) -> Self {
        self.and(move |operation, _| operation.leave_out(name))
    }

    /// Adds a header that the handler reads.
    pub fn takes_header(self, name: &'static str, schema: SchemaOf, what: &'static str) -> Self {
        self.and(move |operation, schemas| {
            operation.take_one(description::header(name, schema, what, schemas));
        })
    }

    /// Adds a form of the body that the handler reads piece by piece.
    pub fn takes_body(self, required: bool, media: &'static str, schema: SchemaOf) -> Self {
        self.and(move |operation, schemas| operation.take_body(required, media, schema(schemas)))
    }

    /// Says what the body is for.
    pub fn explains_body(self, what: impl Into<String>) -> Self {
        let what = what.into();
        self.and(move |operation, _| operation.explain_body(&what))
    }

    fn and(mut self, describe: impl Fn(&mut Operation, &mut Schemas) + 'static) -> Self {
        self.said.push(Box::new(describe));
        self
    }

    /// Returns the call as the document shows it; `security` says what a caller needs.
    pub fn describe(&self, security: Json, schemas: &mut Schemas) -> Json {
        let mut operation = Operation::default();
        description::of_path(&self.path).into_iter().for_each(|part| operation.take_one(part));
        if self.path.contains('{') {
            operation.refuse(&[404]);
        }
        self.said.iter().for_each(|describe| describe(&mut operation, schemas));
        operation.into_json(&self.summary, security)
    }
}
