//! `livewell progress` and `livewell transactions`: how far a source is outside, and what came in last.

use super::find::Found;
use super::offline;
use crate::cli::{Progress, TextFormat, Transactions};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::render::{Grid, Screen, Shown, counted, size};
use serde_json::Value as Json;
use std::io::{self, Write};

/// How many results of a transaction are named.
const RESULTS_MAX: usize = 5;

/// Shows how far a source is outside.
pub fn progress(asked: &Progress, found: &Found) -> Result<(), Failure> {
    let client = server("livewell progress", found)?;
    let progress = client.get(&format!("/api/v1/sources/{}/progress", encoded(&asked.source)))?;
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{progress:#}")?);
    }
    let parts = items(&progress["parts"]);
    if !parts.is_empty() {
        let mut grid = Grid::new(["part", "state", "read", "of"]);
        for part in parts {
            let unit = text(&part["unit"]);
            let state = text(&part["state"]).replace('_', " ");
            grid.add(vec![
                Shown::text(text(&part["name"])),
                Shown::text(&state),
                Shown::number(amount(&part["done"], unit)),
                Shown::number(amount(&part["total"], unit)),
            ]);
        }
        grid.write(&mut out, &Screen::of_stdout())?;
        writeln!(out)?;
    }
    for line in remarks(&progress) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Shows the latest transactions of a source, the newest last.
pub fn transactions(asked: &Transactions, found: &Found) -> Result<(), Failure> {
    let client = server("livewell transactions", found)?;
    let (id, limit) = (encoded(&asked.source), asked.limit);
    let page = client.get(&format!("/api/v1/sources/{id}/transactions?limit={limit}"))?;
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{page:#}")?);
    }
    for transaction in items(&page["transactions"]).iter().rev() {
        writeln!(out, "{}", line(transaction))?;
    }
    Ok(())
}

fn server<'a>(command: &str, found: &'a Found) -> Result<&'a Client, Failure> {
    match found {
        Found::Store(directory) => Err(offline::needs_a_run(&format!("`{command}`"), directory)),
        Found::Server(client) => Ok(client),
    }
}

/// Returns what there is to say of a source as a whole.
fn remarks(progress: &Json) -> Vec<String> {
    let state = text(&progress["state"]).replace('_', " ");
    let mut first = format!("{}: {state}", text(&progress["source_id"]));
    if let Some(more) =
        progress["parts_total"].as_u64().map(|all| all as usize - items(&progress["parts"]).len())
        && more > 0
    {
        first.push_str(&format!(", {more} more parts"));
    }
    let unit = text(&progress["unit"]);
    if let Some(done) = progress["done"].as_u64() {
        let total = match progress["total"].as_u64() {
            Some(total) if total > 0 => {
                let percent = done as f64 / total as f64 * 100.0;
                format!(" of {} ({:.0} %)", amount(&progress["total"], unit), percent.min(100.0))
            }
            _ => String::new(),
        };
        first.push_str(&format!(", {}{total} read", amount(&progress["done"], unit)));
    }
    let rate = progress["per_second"].as_f64().filter(|rate| *rate > 0.0);
    if let Some(rate) = rate {
        first.push_str(&format!(", {} a second", counted_in(rate as u64, unit)));
    }
    if let Some(left) = progress["seconds_left"].as_f64() {
        first.push_str(&format!(", about {left:.0} s left"));
    }
    let mut lines = vec![first];
    let behind = progress["behind_bytes"].as_u64().map(size);
    let behind =
        behind.or_else(|| Some(counted(progress["behind_messages"].as_u64()?, "message", "messages")));
    if let Some(behind) = behind {
        let lag = progress["lag_seconds"].as_f64().map_or_else(String::new, |lag| format!(", {lag:.1} s"));
        lines.push(format!("behind: {behind}{lag}"));
    }
    if let Some(held) = progress["held"].as_object() {
        let name = held["name"].as_str().map_or_else(String::new, |name| format!(" `{name}`"));
        let left = held["left_bytes"].as_u64();
        let left =
            left.map_or_else(String::new, |left| format!("; {} are left before its limit", size(left)));
        let bytes = size(held["bytes"].as_u64().unwrap_or_default());
        lines.push(format!("the {}{name} keeps {bytes} for it{left}", text(&held["kind"])));
    }
    lines.extend(progress["waits_for"].as_str().map(|what| format!("waits for {what}")));
    lines.into_iter().map(|line| printable(&line)).collect()
}

/// Returns an amount that may not be known.
fn amount(of: &Json, unit: &str) -> String {
    of.as_u64().map_or_else(|| "?".to_owned(), |amount| counted_in(amount, unit))
}

fn counted_in(amount: u64, unit: &str) -> String {
    if unit == "bytes" { size(amount) } else { format!("{amount} {unit}").trim_end().to_owned() }
}

/// Returns the line of a transaction for people.
fn line(transaction: &Json) -> String {
    let ids: Vec<&str> = items(&transaction["ids"]).iter().map(text).collect();
    let changes = transaction["changes"].as_u64().unwrap_or_default();
    let more = if changes > ids.len() as u64 { ", ..." } else { "" };
    let results = items(&transaction["results"]);
    let named: Vec<String> = results
        .iter()
        .take(RESULTS_MAX)
        .map(|result| {
            let diffs = counted(result["diffs"].as_u64().unwrap_or_default(), "diff", "diffs");
            format!(
                "{} {}-{} ({diffs})",
                text(&result["query_id"]),
                text(&result["epoch"]),
                result["sequence"]
            )
        })
        .collect();
    let others = results.len() - named.len();
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    let caused = if named.is_empty() { String::new() } else { format!("  -> {}{others}", named.join(", ")) };
    let changed = counted(changes, "change", "changes");
    printable(&format!(
        "{}  {}  {changed}: {}{more}{caused}",
        text(&transaction["timestamp"]),
        transaction["position"],
        ids.join(", ")
    ))
}

/// Returns a text that does not control the terminal, whatever ids and servers say.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn items(list: &Json) -> &[Json] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn text(of: &Json) -> &str {
    of.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_transaction_is_a_line_whatever_its_ids_say() {
        let transaction = json!({ "timestamp": "T", "position": 7, "changes": 6, "ids": ["o1", "a\u{1b}[31m"],
            "results": [{ "query_id": "late", "epoch": "1", "sequence": 4, "diffs": 1 }] });
        assert_eq!(line(&transaction), "T  7  6 changes: o1, a\u{fffd}[31m, ...  -> late 1-4 (1 diff)");
    }

    #[test]
    fn what_is_known_of_a_source_is_said_and_nothing_else() {
        let nothing = json!({ "source_id": "s", "state": "caught_up", "parts": [], "parts_total": 0 });
        assert_eq!(remarks(&nothing), ["s: caught up"]);
        let much = json!({ "source_id": "s", "state": "running", "parts": [], "parts_total": 2, "done": 500, "total": 2000,
            "unit": "rows", "per_second": 100.4, "seconds_left": 15.0, "behind_bytes": 1500, "lag_seconds": 2.0,
            "waits_for": "its turn", "held": { "kind": "slot", "name": "n", "bytes": 2000, "left_bytes": 10 } });
        assert_eq!(
            remarks(&much),
            [
                "s: running, 2 more parts, 500 rows of 2000 rows (25 %) read, 100 rows a second, about 15 s left",
                "behind: 1.5 kB, 2.0 s",
                "the slot `n` keeps 2.0 kB for it; 10 bytes are left before its limit",
                "waits for its turn",
            ]
        );
    }
}
