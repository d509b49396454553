//! All calls, and the checks that each passes before it is answered.

use super::beside::named_as_a_call;
use super::call::Call;
use super::context::Shared;
use super::problem::Problem;
use super::{
    access, apply, audited, backup, caller, change, components, configured, console, cors, dead_letters,
    definition, deliveries, editor, elements, error_pages, events, ingest, items, kinds, limits, message,
    metrics, openapi, outbox, overview, parked, probes, progress, query, results, schema, source, target,
    trace, transactions, try_out, verifying, views, why,
};
use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use livewell::ComponentKind;
use tower::ServiceExt;

/// Returns all calls, of which `/openapi.json` is made.
pub(super) fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for kind in [ComponentKind::Source, ComponentKind::Query, ComponentKind::Reaction] {
        calls.extend(components::calls(kind));
        calls.extend(change::calls(kind));
        calls.extend(definition::calls(kind));
    }
    calls.extend(console::calls());
    calls.extend(probes::calls());
    calls.extend(metrics::calls());
    calls.extend(openapi::calls(self::calls));
    calls.extend(error_pages::calls());
    calls.extend(backup::calls());
    calls.extend(ingest::calls());
    calls.extend(results::calls());
    calls.extend(events::calls());
    calls.extend(query::calls());
    calls.extend(source::calls());
    calls.extend(try_out::calls());
    calls.extend(apply::calls());
    calls.extend(configured::calls());
    calls.extend(kinds::calls());
    calls.extend(items::calls());
    calls.extend(dead_letters::calls());
    calls.extend(deliveries::calls());
    calls.extend(message::calls());
    calls.extend(target::calls());
    calls.extend(elements::calls());
    calls.extend(schema::calls());
    calls.extend(progress::calls());
    calls.extend(trace::calls());
    calls.extend(transactions::calls());
    calls.extend(parked::calls());
    calls.extend(overview::calls());
    calls.extend(verifying::calls());
    calls.extend(why::calls());
    calls.extend(views::calls());
    calls.extend(outbox::calls());
    calls.extend(editor::calls());
    calls
}

/// Creates the router of all calls, each within its time.
fn router(api: &Shared) -> Router<Shared> {
    // A component may be named as a call beside it is: `PUT /api/v1/sources/check` is about that component.
    let named: Router = routed(calls().into_iter().filter(|call| is_of_one(&call.path)))
        .method_not_allowed_fallback(async || not_allowed())
        .with_state(api.clone());
    routed(calls())
        .fallback(async || {
            Problem::new(404, "LW0702", "there is no such call; `/openapi.json` lists all calls")
        })
        .method_not_allowed_fallback(async move |request: Request| {
            let is_of_one =
                matches!(*request.method(), Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
            if is_of_one && named_as_a_call(request.uri().path()).is_some() {
                return named.oneshot(request).await.unwrap_or_else(|never| match never {});
            }
            not_allowed()
        })
        .layer(axum::middleware::from_fn_with_state(api.clone(), audited::write))
        .layer(axum::middleware::from_fn_with_state(api.clone(), limits::hold))
}

fn routed(calls: impl IntoIterator<Item = Call>) -> Router<Shared> {
    let mut routes = Router::new();
    for Call { method, path, answer, .. } in calls {
        let method = MethodFilter::try_from(method).expect("the methods used here are common ones");
        routes = routes.route(&path, answer(method));
    }
    routes
}

fn not_allowed() -> Response {
    let message = "this path does not take this method; the answer's `Allow` lists those it takes";
    Problem::new(405, "LW0702", message).into_response()
}

/// Whether a path is that of one component.
fn is_of_one(path: &str) -> bool {
    path.strip_prefix("/api/v1/")
        .and_then(|rest| rest.strip_suffix("/{id}"))
        .is_some_and(|kind| !kind.contains('/'))
}

/// Creates the router of all calls for the owner of the store.
pub(super) fn open(api: &Shared) -> Router<Shared> {
    router(api)
        .layer(axum::middleware::from_fn(caller::owner))
        .layer(axum::middleware::from_fn_with_state(api.clone(), metrics::count))
}

/// Creates the router of all calls behind the checks of access.
pub(super) fn guarded(api: &Shared) -> Router<Shared> {
    router(api)
        .layer(axum::middleware::from_fn_with_state(api.clone(), access::check))
        .layer(axum::middleware::from_fn_with_state(api.clone(), limits::count))
        .layer(axum::middleware::from_fn_with_state(api.clone(), audited::write_refused))
        .layer(axum::middleware::from_fn_with_state(api.clone(), cors::answer))
        .layer(axum::middleware::from_fn_with_state(api.clone(), metrics::count))
}
