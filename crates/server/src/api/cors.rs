//! Calls from web pages of other origins (CORS): those that `server.cors` lists, and no others.

use super::context::Shared;
use super::names::sole_origin;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Duration;
use tower::{Layer, ServiceExt};
use tower_http::cors::CorsLayer;

/// How long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(600);
/// What callers may send.
const SENT: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("prefer"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
];
/// What callers may read of an answer.
const READ: [HeaderName; 15] = [
    header::ETAG,
    header::LINK,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("livewell-epoch"),
    HeaderName::from_static("livewell-sequence"),
    HeaderName::from_static("livewell-position"),
    HeaderName::from_static("livewell-rows"),
    HeaderName::from_static("livewell-columns"),
    HeaderName::from_static("livewell-cursor"),
    HeaderName::from_static("livewell-checked"),
    HeaderName::from_static("livewell-config-hash"),
    HeaderName::from_static("livewell-state"),
    HeaderName::from_static("livewell-store"),
    HeaderName::from_static("livewell-error"),
];

/// Answers what browsers ask before a call of a page that may call, and says in each answer that this page may read it.
/// Other pages, and names that this server does not have, are left to the checks behind.
pub async fn answer(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let guard = api.guard();
    let may_call = |origin: &[u8]| guard.allows(origin);
    let origin = sole_origin(request.headers()).filter(|origin| may_call(origin.as_bytes())).cloned();
    let Some(origin) = origin.filter(|_| api.names.check(&request, may_call).is_ok()) else {
        let mut answer = next.run(request).await;
        if !guard.origins.is_empty() {
            // What is kept of this answer is not one for the pages that may call.
            answer.headers_mut().append(header::VARY, HeaderValue::from_name(header::ORIGIN));
        }
        return answer;
    };
    match layer(origin).layer(next).oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// Creates the layer for pages of an origin. Cookies and other credentials of the browser are never allowed: a page sends
/// its token itself.
fn layer(origin: HeaderValue) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(SENT)
        .expose_headers(READ)
        .max_age(MAX_AGE)
}
