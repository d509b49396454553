//! A call of the API; each resource lists its own.

use super::context::Shared;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

/// A call: its method, its path, and its handler.
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) answer: Box<dyn FnOnce(MethodFilter) -> MethodRouter<Shared>>,
}

/// Creates the call of `method` at `path`, answered by `handler`.
pub fn call<H, T>(method: Method, path: impl Into<String>, handler: H) -> Call
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Call { method, path: path.into(), answer: Box::new(|method| on(method, handler)) }
}
