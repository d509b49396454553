//! An answer as a small tree for people: a line for each step, with a tick or a cross, and what it has used beside it.

use crate::render::{Screen, counted};
use anstyle::AnsiColor;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// How many characters of a value are shown.
const VALUE_CHARS: usize = 60;
/// How many members of a group are shown.
const MEMBERS: usize = 5;
/// How many results of the row's history are shown.
const HISTORY: usize = 5;

/// Writes an answer of `why` or `funnel`.
pub fn write(out: &mut dyn Write, screen: &Screen, answer: &Json) -> io::Result<()> {
    head(out, screen, answer)?;
    steps(out, screen, &answer["steps"], 1, &mut BTreeSet::new())?;
    if let Some(stopped) = answer["stopped"].as_str() {
        writeln!(out, "stopped early ({stopped}): these counts are what there is at least")?;
    }
    if let Some(note) = answer["note"].as_str().filter(|note| !note.is_empty()) {
        writeln!(out, "{note}")?;
    }
    history(out, answer)
}

fn head(out: &mut dyn Write, screen: &Screen, answer: &Json) -> io::Result<()> {
    let query = text(&answer["query_id"]);
    let place = format!("at sequence {}, position {}", answer["sequence"], answer["position"]);
    let Some(here) = answer["here"].as_bool() else {
        let rows = match answer["rows"].as_u64() {
            Some(rows) => counted(rows, "row", "rows"),
            None => "an unknown number of rows".to_owned(),
        };
        return writeln!(out, "`{query}` has {rows} {place}. What is left after each step:");
    };
    let row = &answer["row"];
    let named = match row["row_signature"].as_str() {
        Some(signature) => format!("row {signature}"),
        None => "a row like that".to_owned(),
    };
    let is = match here {
        true => screen.coloured("is here", AnsiColor::Green),
        false => screen.coloured("is not here", AnsiColor::Red),
    };
    writeln!(out, "{named} {is}, in `{query}` {place}")?;
    if let Some(data) = row["data"].as_object() {
        let data = data.iter().map(|(name, value)| format!("{name} {}", shown(value)));
        writeln!(out, "  {}", data.collect::<Vec<_>>().join(", "))?;
    }
    match answer["rows"].as_u64() {
        Some(rows) if rows > 1 => writeln!(out, "  {rows} rows are like that; this is the first"),
        _ => Ok(()),
    }
}

/// Writes steps; of elements only those that are not among `written` yet.
fn steps(
    out: &mut dyn Write,
    screen: &Screen,
    steps: &Json,
    depth: usize,
    written: &mut BTreeSet<String>,
) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    let mut branch = &Json::Null;
    for step in list(steps) {
        if step["branch"] != *branch {
            branch = &step["branch"];
            if branch.is_u64() {
                writeln!(out, "{indent}query {branch} of the UNION")?;
            }
        }
        line(out, screen, step, &indent)?;
        for element in list(&step["elements"]).map(element) {
            if !written.contains(&element) {
                writeln!(out, "{indent}    {element}")?;
                written.insert(element);
            }
        }
        members(out, step, &indent)?;
        rank(out, &step["rank"], &indent)?;
        self::steps(out, screen, &step["steps"], depth + 1, written)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, screen: &Screen, step: &Json, indent: &str) -> io::Result<()> {
    let mark = match step["ok"].as_bool() {
        Some(true) => screen.coloured("✓", AnsiColor::Green),
        Some(false) => screen.coloured("✗", AnsiColor::Red),
        None => "·".to_owned(),
    };
    let (kind, about) = (text(&step["kind"]), text(&step["text"]));
    let word = if matches!(kind.as_str(), "element" | "relationship" | "condition" | "given") {
        ""
    } else {
        kind.as_str()
    };
    let mut line = format!("{indent}{mark} ");
    if !word.is_empty() && !about.to_lowercase().starts_with(word) {
        line += &format!("{word}: ");
    }
    line += &about;
    let beside = beside(step);
    if !beside.is_empty() {
        line += &format!("    {}", beside.join(", "));
    }
    writeln!(out, "{line}")?;
    if let Some(note) = step["note"].as_str() {
        writeln!(out, "{indent}    {note}")?;
    }
    Ok(())
}

/// What stands behind a step: the values that it has used, its own value, and what is left.
fn beside(step: &Json) -> Vec<String> {
    let mut beside: Vec<String> = list(&step["used"])
        .map(|used| format!("{} = {}", text(&used["text"]), shown(&used["value"])))
        .collect();
    let is_plain = step["kind"] == "condition" && step["value"] == step["ok"];
    if let Some(value) = step.get("value").filter(|_| !is_plain) {
        beside.push(match text(&step["kind"]).as_str() {
            "given" => format!("it is {}", shown(value)),
            _ => format!("is {}", shown(value)),
        });
    }
    if let Some(left) = step["left"].as_u64() {
        beside.push(format!("{left} left"));
    }
    beside
}

fn element(element: &Json) -> String {
    let labels: Vec<String> = list(&element["labels"]).map(text).collect();
    let variable = element["variable"].as_str().map(|name| format!("{name}: ")).unwrap_or_default();
    let mut line = format!("{variable}{}/{}", text(&element["source"]), text(&element["id"]));
    if !labels.is_empty() {
        line += &format!(" :{}", labels.join(":"));
    }
    let properties = element["properties"].as_object().into_iter().flatten();
    let properties: Vec<String> =
        properties.map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    if !properties.is_empty() {
        line += &format!(" {{{}}}", properties.join(", "));
    }
    line
}

fn members(out: &mut dyn Write, step: &Json, indent: &str) -> io::Result<()> {
    let Some(count) = step["members"]["count"].as_u64() else { return Ok(()) };
    writeln!(out, "{indent}    of {}", counted(count, "row", "rows"))?;
    let first: Vec<&Json> = list(&step["members"]["first"]).take(MEMBERS).collect();
    for member in &first {
        writeln!(out, "{indent}      {}", self::member(member))?;
    }
    let more = count.saturating_sub(first.len() as u64);
    if more > 0 && !first.is_empty() {
        writeln!(out, "{indent}      and {more} more")?;
    }
    Ok(())
}

fn member(member: &Json) -> String {
    let elements = list(&member["elements"]).map(element);
    let values = member["values"].as_object().into_iter().flatten();
    let values = values.map(|(name, value)| format!("{name} {}", shown(value)));
    elements.chain(values).collect::<Vec<_>>().join(", ")
}

fn rank(out: &mut dyn Write, rank: &Json, indent: &str) -> io::Result<()> {
    let Some(of) = rank["of"].as_u64() else { return Ok(()) };
    let skip = rank["skip"].as_u64().unwrap_or_default();
    let window = match rank["limit"].as_u64() {
        Some(limit) => format!("{} to {} are kept", skip + 1, skip + limit),
        None => format!("those from {} on are kept", skip + 1),
    };
    match rank["rank"].as_u64() {
        Some(at) => writeln!(out, "{indent}    number {at} of {of}; {window}")?,
        None => writeln!(out, "{indent}    {of} are in the order; {window}")?,
    }
    for before in list(&rank["before"]) {
        writeln!(out, "{indent}      before it: {}", member(before))?;
    }
    Ok(())
}

fn history(out: &mut dyn Write, answer: &Json) -> io::Result<()> {
    let all: Vec<&Json> = list(&answer["history"]).collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "History, from sequence {} on:", answer["history_from"])?;
    for happened in &all[all.len().saturating_sub(HISTORY)..] {
        let values = |side: &str| {
            let values = happened[side].as_object()?.iter();
            Some(
                values.map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join(", "),
            )
        };
        let (op, sequence, position) = (text(&happened["op"]), &happened["sequence"], &happened["position"]);
        let after = values("after").or(values("before")).unwrap_or_default();
        writeln!(out, "  {op} {sequence} at position {position}, {}: {after}", text(&happened["time"]))?;
    }
    Ok(())
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

/// A text, without characters that a terminal acts on.
fn text(json: &Json) -> String {
    let is_shown =
        |c: char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = json.as_str().unwrap_or_default().chars();
    text.map(|c| if is_shown(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// A value on one line, without characters that a terminal acts on.
fn shown(value: &Json) -> String {
    let text = text(&Json::String(value.to_string()));
    match text.char_indices().nth(VALUE_CHARS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
