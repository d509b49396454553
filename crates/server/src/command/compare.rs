//! `livewell compare`: compares the rows of a reaction's target with the live results of its query.

use super::find::Found;
use super::{offline, verify};
use crate::cli::{Compare, TextFormat};
use crate::client::encoded;
use crate::failure::Failure;
use crate::render::counted;
use serde_json::Value as Json;
use std::io::{self, Write};

/// Asks the server to compare, and prints the result.
pub fn run(asked: &Compare, found: &Found) -> Result<(), Failure> {
    let client = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell compare`", directory)),
        Found::Server(client) => client,
    };
    let (id, path) = (&asked.reaction, format!("/api/v1/reactions/{}/compare", encoded(&asked.reaction)));
    let shown = verify::watch(client, format!("comparing the target of `{id}`"), path.clone(), "comparisons");
    let found = client.post(&path)?;
    drop(shown);
    let mut out = io::stdout();
    let is_equal = found["equal"] == true;
    if asked.format == TextFormat::Json {
        writeln!(out, "{found:#}")?;
        return if is_equal { Ok(()) } else { Err(Failure::Failed(String::new())) };
    }
    let (target, at) = (found["target"].as_str().unwrap_or_default(), &found["checkpoint"]);
    let query = at["query_id"].as_str().unwrap_or_default();
    let place = format!("{}-{}", at["epoch"].as_str().unwrap_or_default(), at["sequence"]);
    if is_equal {
        let rows = counted(found["rows"].as_u64().unwrap_or_default(), "row", "rows");
        return Ok(writeln!(out, "{target} is right: {rows}, those of `{query}` at {place}")?);
    }
    for sort in ["missing", "changed", "extra"] {
        write_sort(&mut out, sort, &found[sort])?;
    }
    Err(Failure::failed(format!(
        "{target} is not what `{query}` has at {place}; the first differences are above. `livewell reset {id}` writes the \
         differences between the target and the live results [LW0725]"
    )))
}

/// Writes the differences of one sort, a line each.
fn write_sort(out: &mut impl Write, sort: &str, found: &Json) -> io::Result<()> {
    let count = found["count"].as_u64().unwrap_or_default();
    let rows: Vec<&Json> = found["rows"].as_array().into_iter().flatten().collect();
    for row in &rows {
        let text = |field: &str| row[field].as_str().unwrap_or_default();
        let (key, expected, there) = (text("key"), text("expected"), text("found"));
        match sort {
            "missing" => writeln!(out, "`{key}` is missing: {expected}")?,
            "changed" => writeln!(out, "`{key}` is {there}, and should be {expected}")?,
            _ => writeln!(out, "`{key}` should not be there: {there}")?,
        }
    }
    match count.saturating_sub(rows.len() as u64) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more {sort}"),
    }
}
