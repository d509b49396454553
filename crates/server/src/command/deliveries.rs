//! `livewell deliveries` and `livewell send-now`: what a reaction has tried to deliver, and the end of its pause.

use super::find::Found;
use super::offline;
use crate::cli::{Deliveries, SendNow, TextFormat};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::render::counted;
use serde_json::Value as Json;
use std::io::{self, Write};

/// Shows the last attempts of a reaction.
pub fn run(asked: &Deliveries, found: &Found) -> Result<(), Failure> {
    let client = server("livewell deliveries", found)?;
    let (id, limit, failed) = (encoded(&asked.reaction), asked.limit, asked.failed);
    let made = client.get(&format!("/api/v1/reactions/{id}/deliveries?limit={limit}&failed={failed}"))?;
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{made:#}")?);
    }
    for attempt in made["attempts"].as_array().into_iter().flatten().rev() {
        writeln!(out, "{}", line(attempt))?;
    }
    if let Some(time) = made["waits_until"].as_str() {
        let id = &asked.reaction;
        writeln!(out, "waits until {time}; `livewell send-now {id}` tries at once")?;
    }
    Ok(())
}

/// Ends the pause before the next attempt of a reaction.
pub fn send_now(asked: &SendNow, found: &Found) -> Result<(), Failure> {
    let client = server("livewell send-now", found)?;
    let id = &asked.reaction;
    client.post(&format!("/api/v1/reactions/{}/send-now", encoded(id)))?;
    Ok(writeln!(io::stdout(), "asked for; `livewell deliveries {id}` shows what comes of it")?)
}

fn server<'a>(command: &str, found: &'a Found) -> Result<&'a Client, Failure> {
    match found {
        Found::Store(directory) => Err(offline::needs_a_run(&format!("`{command}`"), directory)),
        Found::Server(client) => Ok(client),
    }
}

/// Returns the line of an attempt for people.
fn line(attempt: &Json) -> String {
    let text = |field: &str| attempt[field].as_str().unwrap_or_default();
    let number = |field: &str| attempt[field].as_u64().unwrap_or_default();
    let mut line = format!("{}  ", text("timestamp"));
    if !attempt["query_id"].is_null() {
        line.push_str(&format!("{} {}-{}  ", text("query_id"), text("epoch"), number("sequence")));
    }
    line.push_str(&match text("what") {
        "message" if !attempt["change"].is_null() => text("change").to_lowercase(),
        "message" => counted(number("diffs"), "diff", "diffs"),
        "results" => {
            let (results, diffs) = (number("results"), number("diffs"));
            format!("{}, {}", counted(results, "result", "results"), counted(diffs, "diff", "diffs"))
        }
        what => what.replace('_', " "),
    });
    line.push_str(&format!("  {}", text("outcome").replace('_', " ")));
    let answer: Vec<&str> = text("answer").split_whitespace().collect();
    if !answer.is_empty() {
        line.push_str(&format!(": {}", answer.join(" ")));
    }
    if let Some(code) = attempt["code"].as_str() {
        line.push_str(&format!(" [{code}]"));
    }
    let milliseconds = attempt["took_seconds"].as_f64().unwrap_or_default() * 1_000.0;
    line.push_str(&format!("  {milliseconds:.1} ms"));
    if number("attempt") > 1 {
        line.push_str(&format!(", attempt {}", number("attempt")));
    }
    if let Some(next) = attempt["next_try"].as_str() {
        line.push_str(&format!(", again at {next}"));
    }
    if let Some(key) = attempt["key"].as_str() {
        line.push_str(&format!("  {key}"));
    }
    // What targets and errors say must not control the terminal.
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_attempt_is_a_line_whatever_the_target_says() {
        let message = json!({ "timestamp": "T", "query_id": "late", "epoch": "1", "sequence": 42, "what": "message",
            "change": "ADD", "diffs": 1, "outcome": "taken", "answer": "answered 204 No Content", "code": null,
            "took_seconds": 0.0125, "attempt": 1, "next_try": null, "key": "s:hook:late:1:42:0" });
        let taken = "T  late 1-42  add  taken: answered 204 No Content  12.5 ms  s:hook:late:1:42:0";
        assert_eq!(line(&message), taken);
        let mut failed = message;
        for (name, value) in [
            ("outcome", json!("failed")),
            ("answer", json!("answered 503:\n \u{1b}[31mno")),
            ("code", json!("LW0409")),
            ("attempt", json!(3)),
            ("next_try", json!("U")),
        ] {
            failed[name] = value;
        }
        let shown = "T  late 1-42  add  failed: answered 503: \u{fffd}[31mno [LW0409]  12.5 ms, attempt 3, again at U  \
                     s:hook:late:1:42:0";
        assert_eq!(line(&failed), shown);
        let results = json!({ "timestamp": "T", "query_id": "late", "epoch": "1", "sequence": 42, "what": "results",
            "results": 3, "diffs": 9, "outcome": "taken", "answer": "", "took_seconds": 0.0, "attempt": 1 });
        assert_eq!(line(&results), "T  late 1-42  3 results, 9 diffs  taken  0.0 ms");
    }
}
