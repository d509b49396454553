//! `livewell export`: all rows of a query at one sequence, for other programs.

#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "parquet")]
mod parquet;

use super::find::Found;
use super::results;
use crate::cli::{Export, ExportFormat};
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::render::{self, Format, Row, counted};
use livewell_model::SmolStr;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Exports the rows.
pub fn run(asked: &Export, found: &Found) -> Result<(), Failure> {
    let Export { query, values, format, output, .. } = asked;
    let Some(path) = output else {
        refuse_terminal(*format)?;
        let mut out = BufWriter::new(io::stdout());
        results::read(found, query, values, &mut |names, count, rows| {
            write(&mut out, *format, names, &mut progress(query, count, rows))
        })?;
        return Ok(out.flush()?);
    };
    // The file appears as a whole or not at all.
    let failed = |error: &io::Error| Failure::failed(format!("cannot write `{}`: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = BufWriter::new(NamedTempFile::new_in(folder).map_err(|error| failed(&error))?);
    let mut rows_written = 0_u64;
    results::read(found, query, values, &mut |names, count, rows| {
        let mut rows = progress(query, count, rows).inspect(|_| rows_written += 1);
        write(&mut file, *format, names, &mut rows)
    })?;
    let file = file.into_inner().map_err(|error| failed(error.error()))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    let rows = counted(rows_written, "row", "rows");
    Ok(writeln!(io::stderr(), "`{query}` is in {}: {rows}", path.display())?)
}

fn refuse_terminal(format: ExportFormat) -> Result<(), Failure> {
    match format {
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet if io::IsTerminal::is_terminal(&io::stdout()) => Err(Failure::Usage(
            "error: Parquet is not for a terminal: name a file with `--output`\n".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Shows how many of the rows have come.
fn progress(
    query: &str,
    count: Option<u64>,
    rows: &mut dyn Iterator<Item = io::Result<Row>>,
) -> impl Iterator<Item = io::Result<Row>> {
    let shown = Progress::of(format!("exporting `{query}`"));
    rows.zip(1..).map(move |(row, number)| {
        if number % 1_000 == 0 {
            shown.at(number, count, Unit::Things("rows"));
        }
        row
    })
}

fn write(
    out: &mut (dyn Write + Send),
    format: ExportFormat,
    names: &[SmolStr],
    rows: &mut dyn Iterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    match format {
        ExportFormat::Ndjson => render::write(&mut { out }, Format::Ndjson, names, rows),
        ExportFormat::Csv => render::write(&mut { out }, Format::Csv, names, rows),
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet => parquet::write(out, names, rows),
    }
}
