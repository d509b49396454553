//! `livewell results --watch`: on a terminal the rows, drawn again with every result and with what it changed; on a pipe each result as a line
//! of JSON, or, if another format is requested, the rows in that format after every result.
//!
//! Diffs do not show the place of a row in the order of an ordered query, so its rows are read from the server instead.

mod frame;

use crate::cli::Results;
use crate::client::{self, Client, Lines, parameters};
use crate::failure::Failure;
use crate::render::{self, Format, Screen};
use frame::Frame;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How all rows are shown after each result.
#[derive(Debug, Clone, Copy)]
struct Drawing {
    format: Format,
    /// Whether they are drawn over the previous ones, or after them.
    over: bool,
}

impl Drawing {
    /// Returns how rows are drawn; `None` if each result is shown as a line of JSON instead.
    fn of(format: Option<Format>, terminal: bool) -> Option<Self> {
        match format {
            None | Some(Format::Ndjson) if !terminal => None,
            _ => Some(Self { format: format.unwrap_or(Format::Table), over: terminal }),
        }
    }
}

/// Shows the changes of a query, or of one value of it, until the server stops.
pub fn watch(
    client: &Client,
    &Results { ref query, ref values, format, .. }: &Results,
    terminal: bool,
) -> Result<(), Failure> {
    let path = format!("/api/v1/queries/{query}/changes{}", parameters(values));
    let results = format!("/api/v1/queries/{query}/results{}", parameters(values));
    let mut lines = client.lines(&path, "text/event-stream")?;
    let mut picture = Picture::new(query);
    let (mut complete, mut is_told) = (false, false);
    while let Some((name, data)) = event(&mut lines)? {
        if let Some(drawing) = Drawing::of(format, terminal) {
            complete = match name.as_str() {
                "reset" => false,
                "snapshot_end" => true,
                _ => complete,
            };
            picture.take(&name, &data);
            if complete && name != "heartbeat" {
                picture.draw(client, &results, &data, drawing)?;
            }
        } else if name == "result" {
            let mut out = io::stdout().lock();
            writeln!(out, "{data}")?;
            out.flush()?;
        }
        if terminal {
            continue;
        }
        if matches!(name.as_str(), "snapshot_end" | "heartbeat") {
            let error = data["error"].as_object();
            if let Some(error) = error.filter(|_| !is_told) {
                say_trouble(query, &data["state"], &Json::Object(error.clone()))?;
            }
            is_told = error.is_some();
        }
        if name == "snapshot_end" && data["checked"] == false {
            super::received::say_unchecked(query)?;
        } else if name == "reset" {
            tracing::warn!(
                code = "LW0534",
                "{}",
                data["reason"].as_str().unwrap_or("the results started over")
            );
        }
    }
    Err(Failure::failed("the server has stopped; watch again once it runs [LW0710]"))
}

/// Prints what stops the query, since a person who watches it would wait for results that do not come.
fn say_trouble(query: &str, state: &Json, error: &Json) -> io::Result<()> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let what = if state == "error" { "is in error" } else { "waits" };
    let (since, message, code) = (text(&error["since"]), text(&error["message"]), text(&error["code"]));
    writeln!(io::stderr(), "note: `{query}` {what} since {since}: {message} [{code}]")
}

/// Returns the next event with its data.
fn event(lines: &mut Lines) -> Result<Option<(String, Json)>, Failure> {
    let (mut name, mut data) = (String::new(), Json::Null);
    while let Some(line) = lines.next()? {
        if line.is_empty() && !name.is_empty() {
            return Ok(Some((name, data)));
        }
        match line.split_once(": ") {
            Some(("event", value)) => name = value.to_owned(),
            Some(("data", value)) => {
                data = serde_json::from_str(value).map_err(|error| {
                    Failure::failed(format!("the server sent no event: {error} [LW0710]"))
                })?;
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The current rows.
struct Picture {
    names: Vec<SmolStr>,
    rows: BTreeMap<u64, Columns>,
    ordered: bool,
    /// The last sequence that was drawn of an ordered query.
    drawn: Option<u64>,
    frame: Frame,
}

impl Picture {
    fn new(query: &str) -> Self {
        let frame = Frame::new(query, Screen::of_stdout());
        Self { names: Vec::new(), rows: BTreeMap::new(), ordered: false, drawn: None, frame }
    }

    fn take(&mut self, name: &str, data: &Json) {
        match name {
            "reset" => {
                self.rows.clear();
                self.drawn = None;
                self.frame.reset();
            }
            "row" => self.put(data, "data"),
            "snapshot_end" => {
                let names = data["columns"].as_array().into_iter().flatten().filter_map(Json::as_str);
                self.names = names.map(SmolStr::from).collect();
                self.ordered = data["ordered"] == true;
            }
            "result" => {
                for diff in data["results"].as_array().into_iter().flatten() {
                    match diff["type"].as_str() {
                        Some("ADD") => self.put(diff, "data"),
                        Some("UPDATE") => self.put(diff, "after"),
                        _ => {
                            signature(diff).and_then(|signature| self.rows.remove(&signature));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, json: &Json, field: &str) {
        if let (Some(signature), Some((names, columns))) = (signature(json), client::columns(&json[field])) {
            self.names = names;
            self.rows.insert(signature, columns);
        }
    }

    /// Draws the current rows, unless the last drawing already includes this event.
    fn draw(&mut self, client: &Client, path: &str, event: &Json, drawing: Drawing) -> Result<(), Failure> {
        if !self.ordered {
            let rows = self.rows.iter().map(|(signature, columns)| Ok((*signature, columns.clone())));
            return Ok(draw(drawing, &mut self.frame, &self.names, rows, event)?);
        }
        if self.drawn >= event["sequence"].as_u64() {
            return Ok(());
        }
        let lines = client.lines(path, "application/x-ndjson")?;
        let sequence = lines.header("livewell-sequence").and_then(|sequence| sequence.parse().ok());
        draw(drawing, &mut self.frame, &self.names, super::received::rows(lines), event)?;
        self.drawn = sequence;
        Ok(())
    }
}

fn draw(
    drawing: Drawing,
    frame: &mut Frame,
    names: &[SmolStr],
    rows: impl Iterator<Item = io::Result<render::Row>>,
    event: &Json,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if drawing.over {
        // Moves the cursor home, then clears everything below it.
        out.write_all(b"\x1b[H\x1b[J")?;
    }
    if drawing.over && drawing.format == Format::Table {
        frame.draw(&mut out, names, rows.collect::<io::Result<_>>()?, event)?;
    } else {
        render::write(&mut out, drawing.format, names, rows)?;
    }
    if !drawing.over {
        // An empty line ends the rows, so that a reader sees that all of them have come.
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn signature(json: &Json) -> Option<u64> {
    u64::from_str_radix(json["row_signature"].as_str()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_picture_is_the_snapshot_and_every_result_since() {
        let mut picture = Picture::new("q");
        picture.take("row", &json!({"row_signature": "0000000000000001", "data": {"n": 1}}));
        picture.take("row", &json!({"row_signature": "0000000000000002", "data": {"n": 2}}));
        picture.take("snapshot_end", &json!({"columns": ["n"]}));
        picture.take("result", &json!({"results": [
            {"type": "DELETE", "row_signature": "0000000000000001", "data": {"n": 1}},
            {"type": "UPDATE", "row_signature": "0000000000000002", "before": {"n": 2}, "after": {"n": 5}},
            {"type": "ADD", "row_signature": "0000000000000003", "data": {"n": 3}},
        ]}));
        let rows: Vec<_> =
            picture.rows.iter().map(|(signature, columns)| (*signature, columns[0].clone())).collect();
        assert_eq!(rows, [(2, 5i64.into()), (3, 3i64.into())]);
        picture.take("reset", &json!({}));
        assert!(picture.rows.is_empty());
    }
}
