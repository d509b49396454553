//! Writes an entry of the audit log for each call that changes something.

use super::audit::Entry;
use super::caller::Caller;
use super::context::Shared;
use super::foreseen::NothingDone;
use super::limits::peer;
use super::problem::{Code, documented};
use super::turned_away::Refused;
use crate::journal::{Event, Of, What};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use livewell::ComponentKind;
use smol_str::SmolStr;
use std::time::Instant;

/// The id of the component that a call is about, in its answer, if it is not in its path.
#[derive(Debug, Clone)]
pub struct About(pub String);

/// That what came of a call is written, an extension of its answer.
#[derive(Debug, Clone, Copy)]
struct Audited;

/// The caller of a call without a token that is known.
const UNKNOWN: SmolStr = SmolStr::new_static("unknown");

/// Answers a call, and writes what came of it. A call that is broken off, or panics, has an entry too.
pub async fn write(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let Some(entry) = entry(&request) else { return next.run(request).await };
    let mut pending = Pending { api, entry: Some(entry) };
    // A refusal of the framework's has its code only as a document.
    let mut answer = documented(next.run(request).await).await;
    answer.extensions_mut().insert(Audited);
    let entry = pending.entry.take();
    if answer.extensions().get::<NothingDone>().is_some() {
        return answer;
    }
    if let Some(mut entry) = entry {
        entry.status = Some(answer.status().as_u16());
        entry.code = answer.extensions().get::<Code>().map(|Code(code)| *code);
        if let Some(About(id)) = answer.extensions().get::<About>() {
            entry.id = Some(id.clone());
        }
        // Before the answer: whoever has it finds the entry.
        if entry.result() == "done" {
            pending.api.journal.record(event(&entry));
        }
        let audit = pending.api.audit.clone();
        let _ = tokio::task::spawn_blocking(move || audit.write(&entry)).await;
    }
    answer
}

/// Answers a call, and writes that it was refused if [`write`], which is behind the checks of callers, has not.
pub async fn write_refused(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let Some(mut entry) = entry(&request) else { return next.run(request).await };
    let answer = next.run(request).await;
    let extensions = answer.extensions();
    if !answer.status().is_client_error() || extensions.get::<Audited>().is_some() {
        return answer;
    }
    let caller = extensions.get::<Refused>().map(|Refused(caller)| caller.clone());
    if let Some(left_out) = api.turned_away.take(caller.is_some(), Instant::now()) {
        entry.caller = caller.unwrap_or(UNKNOWN);
        entry.status = Some(answer.status().as_u16());
        entry.code = extensions.get::<Code>().map(|Code(code)| *code);
        entry.left_out = left_out;
        let audit = api.audit.clone();
        let _ = tokio::task::spawn_blocking(move || audit.write(&entry)).await;
    }
    answer
}

/// An entry that is written even if its call does not come to an answer.
struct Pending {
    api: Shared,
    entry: Option<Entry>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.api.audit.write(&entry);
        }
    }
}

/// Returns the entry of a call that changes something, with the status of one that is broken off.
fn entry(request: &Request) -> Option<Entry> {
    let (call, kind, id) = about(request.method(), request.uri().path())?;
    let caller = request.extensions().get::<Caller>().map(|caller| caller.name.clone());
    Some(Entry {
        time: None,
        caller: caller.unwrap_or_default(),
        address: peer(request),
        call,
        kind,
        id,
        parameters: request.uri().query().map(ToOwned::to_owned),
        status: Some(500),
        code: Some("LW0542"),
        left_out: 0,
    })
}

/// Returns the event of a call that has changed something.
fn event(entry: &Entry) -> Event {
    let component = entry.kind.zip(entry.id.as_deref()).map(|(kind, id)| Of::new(kind, id));
    let event = Event {
        component,
        caller: Some(entry.caller.to_string()),
        call: Some(entry.call.clone()),
        status: entry.status,
        ..Event::new(What::Call)
    };
    match &entry.parameters {
        Some(parameters) => event.with(parameters),
        None => event,
    }
}

/// Returns what a call does, and to what; `None` if it changes nothing, or only sends changes.
fn about(method: &Method, path: &str) -> Option<(String, Option<ComponentKind>, Option<String>)> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let parts: Vec<&str> = path.strip_prefix("/api/v1/")?.split('/').collect();
    if method == Method::POST && matches!(parts[..], [_, "check" | "try"]) {
        return None;
    }
    let kind = ComponentKind::ALL.into_iter().find(|kind| kind.plural() == parts[0]);
    let id = parts.get(1).filter(|_| kind.is_some()).map(|id| (*id).to_owned());
    let rest = if kind.is_some() { parts.get(2..).unwrap_or_default() } else { &parts[..] };
    let call = match (rest, method) {
        (["changes" | "verify" | "compare" | "try" | "why"] | ["message", "try"] | ["views", ..], _) => {
            return None;
        }
        ([], &Method::POST) => "create".to_owned(),
        ([], &Method::PUT) => "change".to_owned(),
        ([], &Method::DELETE) => "remove".to_owned(),
        ([], _) => return None,
        (rest, _) => rest.join(" "),
    };
    Some((call, kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_named_and_what_does_not_is_left_out() {
        use ComponentKind::{Query, Reaction, Source};
        for (method, path, expected) in [
            (Method::POST, "queries", Some(("create", Some(Query), None))),
            (Method::PUT, "queries/late", Some(("change", Some(Query), Some("late")))),
            (Method::DELETE, "sources/ops", Some(("remove", Some(Source), Some("ops")))),
            (Method::POST, "sources/ops/reset", Some(("reset", Some(Source), Some("ops")))),
            (Method::POST, "sources/ops/parked/discard", Some(("parked discard", Some(Source), Some("ops")))),
            (
                Method::POST,
                "reactions/hook/dead-letters/replay",
                Some(("dead-letters replay", Some(Reaction), Some("hook"))),
            ),
            (Method::POST, "reactions/hook/send-now", Some(("send-now", Some(Reaction), Some("hook")))),
            (Method::POST, "backup", Some(("backup", None, None))),
            (Method::POST, "tokens/reload", Some(("tokens reload", None, None))),
            (Method::POST, "sources/ops/changes", None),
            (Method::POST, "queries/late/verify", None),
            (Method::POST, "queries/late/why", None),
            (Method::POST, "reactions/copy/compare", None),
            (Method::POST, "sources/check", None),
            (Method::POST, "sources/try", None),
            (Method::PUT, "sources/try", Some(("change", Some(Source), Some("try")))),
            (Method::POST, "reactions/hook/message/try", None),
            (Method::GET, "queries/late", None),
        ] {
            let found = about(&method, &format!("/api/v1/{path}"));
            let found = found.as_ref().map(|(call, kind, id)| (call.as_str(), *kind, id.as_deref()));
            assert_eq!(found, expected, "{method} {path}");
        }
        assert_eq!(about(&Method::POST, "/nowhere"), None);
    }
}
