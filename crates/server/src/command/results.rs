//! `livewell results`: a query's rows, from a server or from a store directory.

use super::find::Found;
use super::received::{rows, say_unchecked};
use super::watch::watch;
use super::{behind, offline};
use crate::cli::Results as Asked;
use crate::client::{Client, parameters};
use crate::failure::Failure;
use crate::render::{self, Format};
use livewell::{Results, Values};
use livewell_model::SmolStr;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Takes the rows: the names of their columns, how many there are if that is known, and each row.
type Taking<'a> = dyn FnMut(&[SmolStr], Option<u64>, &mut dyn Iterator<Item = io::Result<render::Row>>) -> io::Result<()>
    + 'a;

/// Shows the rows.
pub fn run(asked: &Asked, found: &Found) -> Result<(), Failure> {
    let terminal = io::stdout().is_terminal();
    let format = asked.format.unwrap_or(if terminal { Format::Table } else { Format::Ndjson });
    let Asked { query, values, .. } = asked;
    match found {
        Found::Store(directory) if asked.watch => Err(offline::needs_a_run("`--watch`", directory)),
        Found::Server(client) if asked.watch => watch(client, asked, terminal),
        found => read(found, query, values, &mut |columns, _, rows| show(format, columns, rows)),
    }
}

/// Reads the rows of a query, or of one value of it, at one sequence, and passes them to `take`; then warns if they are
/// behind.
pub fn read(
    found: &Found,
    query: &str,
    values: &[(String, String)],
    take: &mut Taking<'_>,
) -> Result<(), Failure> {
    match found {
        Found::Store(directory) => from_store(directory, query, values, take),
        Found::Server(client) => from_server(client, query, values, take),
    }
}

fn from_store(
    directory: &Path,
    query: &str,
    values: &[(String, String)],
    take: &mut Taking<'_>,
) -> Result<(), Failure> {
    let store = offline::open(directory)?;
    let results = match values {
        [] => Results::read(&store, query),
        values => Results::read_for(&store, query, &Values::of_text(values.iter().cloned())),
    };
    let results = results.map_err(Failure::failed)?;
    if results.is_to_come() {
        return Err(Failure::failed(format!(
            "`{query}` is new and has no rows yet: they are built by `livewell run`, whose log, or `livewell status`, says what \
             keeps them from it if something does [LW0714]"
        )));
    }
    // All rows are read before any is shown, so that a damaged store shows none.
    results.rows().and_then(|mut rows| rows.try_for_each(|row| row.map(drop))).map_err(Failure::failed)?;
    let mut rows = results.rows().map_err(Failure::failed)?.map(|row| row.map_err(io::Error::other));
    take(&results.columns, Some(results.row_count()), &mut rows)?;
    behind::say_of_store(&store, query)?;
    if results.checked == Some(false) { say_unchecked(query) } else { Ok(()) }
}

fn from_server(
    client: &Client,
    query: &str,
    values: &[(String, String)],
    take: &mut Taking<'_>,
) -> Result<(), Failure> {
    // The server sends all rows of one snapshot as they are read here.
    let path = format!("/api/v1/queries/{query}/results{}", parameters(values));
    let lines = client.lines(&path, "application/x-ndjson")?;
    let names = lines.header("livewell-columns");
    let columns =
        names.and_then(|names| serde_json::from_str::<Vec<SmolStr>>(names).ok()).unwrap_or_default();
    let count = lines.header("livewell-rows").and_then(|rows| rows.parse().ok());
    let shown = behind::shown(&lines);
    let is_unchecked = lines.header("livewell-checked") == Some("false");
    take(&columns, count, &mut rows(lines))?;
    behind::say_of_rows(client, query, &shown)?;
    if is_unchecked { say_unchecked(query) } else { Ok(()) }
}

/// Writes rows to stdout.
pub fn show(
    format: Format,
    columns: &[SmolStr],
    rows: impl Iterator<Item = io::Result<render::Row>>,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    render::write(&mut out, format, columns, rows)?;
    out.flush()
}
