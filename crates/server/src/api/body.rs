//! A body of JSON, which a handler reads once it knows what the call is about.

use super::description::{JSON, Operation, Part, Schemas, read};
use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use livewell_model::json::fault;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::marker::PhantomData;

/// The bytes of a `T`.
pub struct Body<T> {
    bytes: Bytes,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Body<T> {
    /// Reads it, whatever its media type.
    ///
    /// # Errors
    /// Returns 400 for what is not a `T`.
    pub fn read(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.bytes).map_err(|error| Problem::new(400, "LW0701", said(&error)))
    }
}

/// Says what is wrong with a body, and where.
fn said(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => format!("{place}: {}", fault(error)),
        _ => format!("{place}: not JSON: {}", fault(error)),
    }
}

impl<S: Send + Sync, T> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { bytes, of: PhantomData })
    }
}

impl<T: JsonSchema> Part for Body<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.take_body(true, JSON, read::<T>(schemas));
    }
}
