//! `livewell events`: what happened, the newest last.

use super::find::Found;
use super::offline;
use crate::cli::{Events, TextFormat};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::journal::{self, What};
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How many events a page has at most.
const PAGE: u64 = 1_000;
/// How often to look for more.
const LOOK: Duration = Duration::from_secs(1);

/// Shows what happened, and with `--follow` what happens.
pub fn run(asked: &Events, found: &Found) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let client = match found {
        Found::Store(directory) if asked.follow => {
            return Err(offline::needs_a_run("`livewell events --follow`", directory));
        }
        Found::Store(directory) => {
            for event in stored(directory, asked)? {
                show(&event, asked.format, &mut out)?;
            }
            return Ok(out.flush()?);
        }
        Found::Server(client) => client,
    };
    let wanted = wanted(asked);
    let mut last = 0;
    for event in newest(client, &wanted, asked.limit, 0)? {
        last = show(&event, asked.format, &mut out)?;
    }
    out.flush()?;
    if !asked.follow {
        return Ok(());
    }
    loop {
        thread::park_timeout(LOOK);
        for event in newest(client, &wanted, u64::MAX, last)? {
            last = show(&event, asked.format, &mut out)?;
        }
        out.flush()?;
    }
}

/// Returns the wanted events of a store that nobody runs, the newest last.
fn stored(directory: &Path, asked: &Events) -> Result<Vec<Json>, Failure> {
    offline::check_is_there(directory)?;
    let is_one = |what: &String| serde_json::from_value::<What>(json!(what)).is_ok();
    if let Some(what) = asked.what.as_ref().filter(|what| !is_one(what)) {
        let message = format!("error: `{what}` is not `start`, `stop`, `state`, `call` or `gap`\n");
        return Err(Failure::Usage(message));
    }
    let events = journal::stored(directory)
        .map_err(|error| Failure::failed(format!("the events cannot be read: {error} [LW0811]")))?;
    let events: Vec<Json> = events.iter().map(|event| json!(event)).collect();
    let Events { component, what, caller, code, .. } = asked;
    let is = |wanted: &Option<String>, found: &Json| {
        wanted.as_deref().is_none_or(|wanted| found.as_str() == Some(wanted))
    };
    let is_wanted = |event: &Json| {
        is(component, &event["component"]["id"])
            && is(what, &event["what"])
            && is(caller, &event["caller"])
            && is(code, &event["code"])
    };
    let mut wanted: Vec<Json> = events.into_iter().filter(is_wanted).collect();
    let most = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    Ok(wanted.split_off(wanted.len().saturating_sub(most)))
}

/// Returns the parameters that say which events are wanted.
fn wanted(asked: &Events) -> String {
    let Events { component, what, caller, code, .. } = asked;
    let all = [("component", component), ("what", what), ("caller", caller), ("code", code)];
    let given = all.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    given.map(|(name, value)| format!("&{name}={}", encoded(value))).collect()
}

/// Returns at most `most` events after the number `after`, the newest last.
fn newest(client: &Client, wanted: &str, most: u64, after: u64) -> Result<Vec<Json>, Failure> {
    let mut found = Vec::new();
    let mut before = String::new();
    while (found.len() as u64) < most {
        let limit = PAGE.min(most - found.len() as u64);
        let page = client.get(&format!("/api/v1/events?limit={limit}{wanted}{before}"))?;
        let events = page["events"].as_array().cloned().unwrap_or_default();
        let read = events.len();
        found.extend(events.into_iter().filter(|event| number(event) > after));
        match page["next"].as_u64().filter(|next| *next > after + 1 && read > 0) {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    found.reverse();
    Ok(found)
}

fn number(event: &Json) -> u64 {
    event["number"].as_u64().unwrap_or_default()
}

/// Writes an event, and returns its number.
fn show(event: &Json, format: TextFormat, out: &mut dyn Write) -> io::Result<u64> {
    match format {
        TextFormat::Json => writeln!(out, "{event}")?,
        TextFormat::Text => writeln!(out, "{}", line(event))?,
    }
    Ok(number(event))
}

/// Returns the line of an event for people.
fn line(event: &Json) -> String {
    let text = |field: &str| event[field].as_str();
    let mut line = format!("{}  ", text("time").unwrap_or_default());
    let of = &event["component"];
    if let (Some(kind), Some(id)) = (of["kind"].as_str(), of["id"].as_str()) {
        line.push_str(&format!("{kind} {id}: "));
    }
    match text("what").unwrap_or_default() {
        "state" => {
            let state = |field| text(field).unwrap_or_default().replace('_', " ");
            line.push_str(&format!("{} -> {}", state("from"), state("to")));
        }
        "call" => {
            let (call, caller) = (text("call").unwrap_or_default(), text("caller").unwrap_or_default());
            line.push_str(&format!("{call} by {caller}"));
        }
        what => line.push_str(what),
    }
    if let Some(message) = text("message") {
        line.push_str(&format!(": {}", message.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    if let Some(code) = text("code") {
        line.push_str(&format!(" [{code}]"));
    }
    // What callers and errors say must not control the terminal.
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_event_is_a_line_whatever_it_says() {
        for (event, shown) in [
            (json!({ "time": "T", "what": "start", "message": "0.1.0" }), "T  start: 0.1.0"),
            (
                json!({ "time": "T", "what": "state", "component": { "kind": "query", "id": "late" }, "from": "running",
                        "to": "error", "code": "LW0510", "message": "a / 0\n  at b\u{1b}[31m" }),
                "T  query late: running -> error: a / 0 at b\u{fffd}[31m [LW0510]",
            ),
            (
                json!({ "time": "T", "what": "call", "component": { "kind": "query", "id": "late" }, "caller": "ops",
                        "call": "reset", "status": 202 }),
                "T  query late: reset by ops",
            ),
        ] {
            assert_eq!(line(&event), shown);
        }
    }
}
