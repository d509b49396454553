//! Errors about an unknown id: which one was probably meant, or which ones exist.

use crate::error::{Error, ErrorKind};
use livewell_source::suggest::advice;
use livewell_store::Snapshot;
use livewell_store::catalog::{self, Kind};

/// Returns the error that there is no `what` (such as "query") called `id`, with the one of `names` that was probably
/// meant, or all of them.
pub fn unknown(what: &str, id: &str, names: &[&str]) -> Error {
    let advice = if names.is_empty() { "there is none at all".to_owned() } else { advice(id, names) };
    Error::new(ErrorKind::NotFound, "LW0501", format!("there is no {what} `{id}` here; {advice}"))
}

/// Returns the error that a store has nothing called `id`, or if a `kind` is asked for, nothing of that kind.
pub(crate) fn in_store(snapshot: &dyn Snapshot, id: &str, kind: Option<Kind>) -> Error {
    let all = match catalog::all(snapshot) {
        Ok(all) => all,
        Err(error) => return error.into(),
    };
    let what = kind.map_or("component", noun);
    if let Some(other) = all.iter().find(|entry| entry.id == id) {
        let message = format!("`{id}` is a {}, not a {what}", noun(other.kind));
        return Error::new(ErrorKind::NotFound, "LW0501", message);
    }
    let is_meant = |entry: &&catalog::Registered| kind.is_none_or(|kind| entry.kind == kind);
    let names: Vec<&str> = all.iter().filter(is_meant).map(|entry| entry.id.as_str()).collect();
    unknown(what, id, &names)
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => "source",
        Kind::Query | Kind::Bare => "query",
        Kind::Reaction => "reaction",
    }
}
