//! Which scope each call needs: the one table of it.

use super::beside::named_as_a_call;
use axum::http::Method;
use livewell_config::settings::Scope;

/// What a caller must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: liveness, and the files of the console, which asks for the token, reveal nothing.
    Nothing,
    /// A token, whatever its scopes.
    Token,
    /// A token with this scope.
    Scope(Scope),
}

/// Every call by what it needs; `{kind}` stands for `sources`, `queries` and `reactions`.
const CALLS: &[(Need, &[&str])] = &[
    (Need::Nothing, &["GET /", "GET /assets/{name}", "GET /health", "GET /ready"]),
    (Need::Token, &["GET /openapi.json", "GET /errors/{code}"]),
    (
        Need::Scope(Scope::Read),
        &[
            "GET /metrics",
            "GET /api/v1/server",
            "GET /api/v1/graph",
            "GET /api/v1/needs",
            "GET /api/v1/history",
            "GET /api/v1/events",
            "GET /api/v1/store",
            "GET /api/v1/stream",
            "GET /api/v1/config",
            "GET /api/v1/kinds",
            "POST /api/v1/sources/check",
            "POST /api/v1/reactions/check",
            "GET /api/v1/{kind}",
            "GET /api/v1/{kind}/{id}",
            "GET /api/v1/{kind}/{id}/definition",
            "GET /api/v1/queries/{id}/results",
            "GET /api/v1/queries/{id}/changes",
            "GET /api/v1/queries/{id}/explain",
            "POST /api/v1/queries/check",
            "POST /api/v1/queries/try",
            "POST /api/v1/queries/{id}/why",
            "GET /api/v1/queries/{id}/funnel",
            "POST /api/v1/queries/{id}/views",
            "GET /api/v1/queries/{id}/views/{view}",
            "DELETE /api/v1/queries/{id}/views/{view}",
            "GET /api/v1/queries/{id}/outbox",
            "GET /api/v1/queries/{id}/verify",
            "GET /api/v1/sources/{id}/counts",
            "GET /api/v1/sources/{id}/schema",
            "GET /api/v1/sources/{id}/elements",
            "GET /api/v1/sources/{id}/elements/{element}",
            "GET /api/v1/sources/{id}/elements/{element}/trace",
            "GET /api/v1/sources/{id}/transactions",
            "GET /api/v1/sources/{id}/progress",
            "GET /api/v1/sources/{id}/parked",
            "GET /api/v1/reactions/{id}/dead-letters",
            "GET /api/v1/reactions/{id}/deliveries",
            "GET /api/v1/reactions/{id}/target",
            "GET /api/v1/reactions/{id}/compare",
            "POST /api/v1/reactions/{id}/message/try",
        ],
    ),
    (Need::Scope(Scope::Ingest), &["POST /api/v1/sources/{id}/changes"]),
    (
        Need::Scope(Scope::Operate),
        &[
            "POST /api/v1/{kind}/{id}/start",
            "POST /api/v1/{kind}/{id}/stop",
            "POST /api/v1/{kind}/{id}/reset",
            "POST /api/v1/queries/{id}/verify",
            "POST /api/v1/sources/{id}/verify",
            "POST /api/v1/sources/{id}/try",
            "POST /api/v1/sources/{id}/parked/retry",
            "POST /api/v1/sources/{id}/parked/discard",
            "POST /api/v1/reactions/{id}/compare",
            "POST /api/v1/reactions/{id}/send-now",
            "POST /api/v1/reactions/{id}/dead-letters/replay",
            "POST /api/v1/reactions/{id}/dead-letters/discard",
        ],
    ),
    (
        Need::Scope(Scope::Administer),
        &[
            "POST /api/v1/apply",
            "POST /api/v1/sources/try",
            "POST /api/v1/reactions/try",
            "POST /api/v1/backup",
            "POST /api/v1/{kind}",
            "PUT /api/v1/{kind}/{id}",
            "DELETE /api/v1/{kind}/{id}",
        ],
    ),
];

/// Returns what the call `method` at the path with these parameters needs. One that is not in the table needs all that
/// there is.
pub fn need(method: &Method, path: &str) -> Need {
    find(method, path).unwrap_or(Need::Scope(Scope::Administer))
}

fn find(method: &Method, path: &str) -> Option<Need> {
    let path = if method == Method::POST { path } else { named_as_a_call(path).unwrap_or(path) };
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let is = |call: &str| {
        call.split_once(' ').is_some_and(|(of, pattern)| method == of && matches_path(pattern, path))
    };
    CALLS.iter().find(|(_, calls)| calls.iter().any(|call| is(call))).map(|(need, _)| *need)
}

/// Returns whether both are the same path, but for the kind of component.
fn matches_path(pattern: &str, path: &str) -> bool {
    let Some((before, behind)) = pattern.split_once("{kind}") else { return pattern == path };
    let rest = path.strip_prefix(before);
    let behind_kind = rest
        .and_then(|rest| ["sources", "queries", "reactions"].iter().find_map(|kind| rest.strip_prefix(kind)));
    behind_kind == Some(behind)
}

#[cfg(test)]
mod tests {
    use super::super::routes::calls;
    use super::*;

    #[test]
    fn every_call_is_in_the_table_and_nothing_else_is() {
        for call in calls() {
            assert!(find(&call.method, &call.path).is_some(), "{} {} has no scope", call.method, call.path);
        }
        for call in CALLS.iter().flat_map(|(_, calls)| *calls) {
            let (method, pattern) = call.split_once(' ').unwrap();
            let is =
                calls().iter().filter(|one| one.method == method && matches_path(pattern, &one.path)).count();
            assert!(is == if pattern.contains("{kind}") { 3 } else { 1 }, "{call}: {is}");
        }
    }

    #[test]
    fn what_is_not_in_the_table_needs_everything() {
        let everything = Need::Scope(Scope::Administer);
        assert_eq!(need(&Method::POST, "/api/v1/new"), everything);
        assert_eq!(need(&Method::DELETE, "/metrics"), everything);
        assert_eq!(need(&Method::POST, "/health"), everything);
        assert_eq!(need(&Method::HEAD, "/metrics"), Need::Scope(Scope::Read));
        assert_eq!(need(&Method::GET, "/api/v1/queries/{id}/definition"), Need::Scope(Scope::Read));
        assert_eq!(need(&Method::GET, "/api/v1/queriesx/{id}/definition"), everything);
    }
}
