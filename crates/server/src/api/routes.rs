//! All calls, and the checks that each passes before it is answered.

use super::call::Call;
use super::context::Shared;
use super::problem::Problem;
use super::{
    access, apply, audited, backup, caller, change, components, console, cors, dead_letters, definition,
    elements, error_pages, events, ingest, limits, metrics, openapi, overview, parked, probes, progress,
    query, results, schema, source, trace, transactions, try_out, verifying, why,
};
use axum::Router;
use axum::routing::MethodFilter;
use livewell::ComponentKind;

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
    calls.extend(dead_letters::calls());
    calls.extend(elements::calls());
    calls.extend(schema::calls());
    calls.extend(progress::calls());
    calls.extend(trace::calls());
    calls.extend(transactions::calls());
    calls.extend(parked::calls());
    calls.extend(overview::calls());
    calls.extend(verifying::calls());
    calls.extend(why::calls());
    calls
}

/// Creates the router of all calls, each within its time.
fn router(api: &Shared) -> Router<Shared> {
    let mut routes = Router::new();
    for Call { method, path, answer, .. } in calls() {
        let method = MethodFilter::try_from(method).expect("the methods used here are common ones");
        routes = routes.route(&path, answer(method));
    }
    routes
        .fallback(async || {
            Problem::new(404, "LW0702", "there is no such call; `/openapi.json` lists all calls")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(
                405,
                "LW0702",
                "this path does not take this method; the answer's `Allow` lists those it takes",
            )
        })
        .layer(axum::middleware::from_fn_with_state(api.clone(), audited::write))
        .layer(axum::middleware::from_fn_with_state(api.clone(), limits::hold))
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
        .layer(axum::middleware::from_fn_with_state(api.clone(), cors::answer))
        .layer(axum::middleware::from_fn_with_state(api.clone(), metrics::count))
}
