//! Warns about rows that are behind their sources: the query is in error, waits, or has not caught up.

use crate::client::{Client, Lines};
use crate::failure::Failure;
use livewell::StoredPlace;
use livewell_store::{Store, catalog};
use serde_json::{Value as Json, json};
use std::io::{self, Write};

/// Warns about a query of a running server.
pub fn say_of_server(client: &Client, query: &str) -> Result<(), Failure> {
    let one = client.get(&format!("/api/v1/queries/{query}"))?;
    match of_status(query, &one) {
        Some(note) => Ok(writeln!(io::stderr(), "note: {note}")?),
        None => Ok(()),
    }
}

/// Returns what an answer with rows says about their query.
pub fn shown(lines: &Lines) -> Json {
    let trouble: Json =
        lines.header("livewell-error").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let error = trouble["message"].as_str().zip(trouble["code"].as_str());
    json!({
        "state": lines.header("livewell-state"),
        "error": error.map(|(message, code)| format!("{message} [{code}]")),
        "error_since": trouble["since"],
        "position": lines.header("livewell-position").and_then(|position| position.parse::<u64>().ok()),
    })
}

/// Warns about the query of rows that a server has sent. A token that is bound to the rows may not read the status, of
/// which `shown`, what came with the rows, has a part.
pub fn say_of_rows(client: &Client, query: &str, shown: &Json) -> Result<(), Failure> {
    let one = client.permitted(&format!("/api/v1/queries/{query}"))?;
    match of_status(query, one.as_ref().unwrap_or(shown)) {
        Some(note) => Ok(writeln!(io::stderr(), "note: {note}")?),
        None => Ok(()),
    }
}

/// Warns about a query of a store that nobody runs.
pub fn say_of_store(store: &dyn Store, query: &str) -> Result<(), Failure> {
    let failed = |error| Failure::failed(livewell::Error::from(error));
    let snapshot = store.snapshot().map_err(failed)?;
    let Some(entry) = catalog::find(&*snapshot, query).map_err(failed)? else { return Ok(()) };
    let StoredPlace { position, is_complete, lag, .. } =
        livewell::stored_place(&snapshot, &entry).map_err(Failure::failed)?;
    if is_complete {
        return Ok(());
    }
    let how = if lag > 0 { format!("is {lag} behind") } else { "follows one that is behind".to_owned() };
    Ok(writeln!(
        io::stderr(),
        "note: `{query}` {how}: it was stopped before it caught up, or is in error, which `livewell run` says; rows as of \
         position {position}"
    )?)
}

/// Returns the warning for a status. A running query that is behind needs none, because it catches up soon.
fn of_status(query: &str, one: &Json) -> Option<String> {
    let state = one["state"].as_str()?;
    let lag = one["lag"].as_u64();
    let (error, since) = (one["error"].as_str(), one["error_since"].as_str().unwrap_or_default());
    let what = match (state, error) {
        ("error", Some(error)) => format!("is in error since {since}: {error}"),
        (_, Some(error)) => format!("waits since {since}: {error}"),
        ("paused" | "stopped", None) => match lag {
            Some(0) => return None,
            Some(lag) => format!("is {state} and {lag} behind"),
            None => format!("is {state}, and may be behind"),
        },
        _ => return None,
    };
    Some(format!("`{query}` {what}; rows as of position {}", one["position"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_query_that_does_not_come_on_is_told() {
        let of = |json: Json| of_status("q", &json);
        let error = json!({"state": "error", "error": "no", "error_since": "T", "position": 9, "lag": 1});
        assert_eq!(of(error).unwrap(), "`q` is in error since T: no; rows as of position 9");
        let waits = json!({"state": "waiting", "error": "for `s`", "error_since": "T", "position": 9});
        assert_eq!(of(waits).unwrap(), "`q` waits since T: for `s`; rows as of position 9");
        let paused = json!({"state": "paused", "error": null, "position": 9, "lag": 2});
        assert_eq!(of(paused).unwrap(), "`q` is paused and 2 behind; rows as of position 9");
        let unknown = json!({"state": "stopped", "error": null, "position": 9});
        assert_eq!(of(unknown).unwrap(), "`q` is stopped, and may be behind; rows as of position 9");
        assert_eq!(of(json!({"state": "running", "error": null, "position": 9, "lag": 2})), None);
        assert_eq!(of(json!({"state": "caught_up", "error": null, "position": 9, "lag": 0})), None);
    }
}
