//! `livewell results`: a query's rows, from a server or from a store directory.

use super::find::Found;
use super::watch::watch;
use super::{Failure, behind, offline};
use crate::cli::Results as Asked;
use crate::client::{self, Client, Lines};
use crate::render::{self, Format};
use livewell_model::SmolStr;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Shows the rows.
pub fn run(asked: &Asked, found: &Found) -> Result<(), Failure> {
    let terminal = io::stdout().is_terminal();
    let format = asked.format.unwrap_or(if terminal { Format::Table } else { Format::Ndjson });
    match found {
        Found::Store(directory) if asked.watch => Err(offline::needs_a_run("`--watch`", directory)),
        Found::Store(directory) => from_store(directory, &asked.query, format),
        Found::Server(client) if asked.watch => watch(client, &asked.query, asked.format, terminal),
        Found::Server(client) => from_server(client, &asked.query, format),
    }
}

fn from_store(directory: &Path, query: &str, format: Format) -> Result<(), Failure> {
    let store = offline::open(directory)?;
    let results = livewell::Results::read(&store, query).map_err(Failure::failed)?;
    if results.is_to_come() {
        return Err(Failure::failed(format!(
            "`{query}` is new and its first rows were still being built; `livewell run` builds them [LW0714]"
        )));
    }
    // Read through before any is shown: of a damaged store not even some.
    results.rows().and_then(|mut rows| rows.try_for_each(|row| row.map(drop))).map_err(Failure::failed)?;
    let rows = results.rows().map_err(Failure::failed)?;
    show(format, &results.columns, rows.map(|row| row.map_err(io::Error::other)))?;
    behind::say_of_store(&store, query)?;
    if results.checked == Some(false) { say_unchecked(query) } else { Ok(()) }
}

/// Says that the rows may not be what the upstream has.
pub fn say_unchecked(query: &str) -> Result<(), Failure> {
    Ok(writeln!(
        io::stderr(),
        "note: the rows of `{query}` are not checked yet: they may differ from what its source's database holds while \
         the source copies and compares; `livewell status` shows how far it is"
    )?)
}

fn from_server(client: &Client, query: &str, format: Format) -> Result<(), Failure> {
    let path = format!("/api/v1/queries/{query}/results");
    let lines = client.lines(&path, "application/x-ndjson")?;
    let names = lines.header("livewell-columns");
    let columns =
        names.and_then(|names| serde_json::from_str::<Vec<SmolStr>>(names).ok()).unwrap_or_default();
    let is_unchecked = lines.header("livewell-checked") == Some("false");
    show(format, &columns, rows(lines))?;
    behind::say_of_server(client, query)?;
    if is_unchecked { say_unchecked(query) } else { Ok(()) }
}

/// The rows that a server sends, a line each; an error where fewer come than it has announced, since the end of a
/// connection can pass for the end of an answer.
pub fn rows(mut lines: Lines) -> impl Iterator<Item = io::Result<render::Row>> {
    let announced: Option<u64> = lines.header("livewell-rows").and_then(|rows| rows.parse().ok());
    let mut come = 0;
    std::iter::from_fn(move || match lines.next() {
        Ok(Some(line)) => {
            come += 1;
            Some(row(&line))
        }
        Ok(None) => {
            let missing = announced.filter(|announced| *announced > come)?;
            come = missing;
            Some(Err(other(lines.broke_off("not all of its rows have come"))))
        }
        Err(failure) => Some(Err(other(failure))),
    })
}

fn row(line: &str) -> io::Result<render::Row> {
    let row = client::row(&serde_json::from_str(line)?).map(|(row, _)| row);
    row.ok_or_else(|| io::Error::other("the server sent no row [LW0710]"))
}

/// The failure within what is read.
fn other(failure: Failure) -> io::Error {
    match failure {
        Failure::Usage(text) | Failure::Failed(text) => {
            io::Error::other(text.trim_start_matches("error: ").trim_end().to_owned())
        }
        Failure::Closed => io::ErrorKind::BrokenPipe.into(),
    }
}

/// Writes rows to stdout.
pub fn show(
    format: Format,
    columns: &[SmolStr],
    rows: impl Iterator<Item = io::Result<render::Row>>,
) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    render::write(&mut out, format, columns, rows)?;
    Ok(out.flush()?)
}
