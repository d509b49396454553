//! `GET /errors/CODE`: the page of an error code, to which problem documents point.

use super::call::{Call, call};
use super::description::written;
use super::problem::Problem;
use crate::explain;
use axum::extract::Path;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let page = call(Method::GET, "/errors/{code}", page, "The page of an error code");
    vec![page.answers(200, "Markdown").content(200, "text/markdown", written::<String>)]
}

async fn page(Path(code): Path<String>) -> Result<Response, Problem> {
    let page =
        explain::page(&code).ok_or_else(|| Problem::new(404, "LW0702", "there is no such error code"))?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page).into_response())
}
