//! `GET /`: one page that shows the components and the live rows of a query. It has no build step, and loads
//! nothing from elsewhere.

use super::call::{Call, call};
use super::context::Shared;
use super::description::written;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

const PAGE: &str = include_str!("dashboard.html");
/// The page needs only its own script and style, and calls to this server; no other page may show it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A browser that has seen the page by TLS asks for it in no other way for a year.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let page = call(Method::GET, "/", page, "The dashboard");
    vec![page.answers(200, "A page").content(200, "text/html", written::<String>)]
}

/// Returns the page of the dashboard.
async fn page(State(api): State<Shared>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut answer = (headers, PAGE).into_response();
    if api.tls.is_some() {
        answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    answer
}
