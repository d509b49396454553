//! Rows for people and programs: a table, JSON, NDJSON, CSV.

pub mod cell;
mod counted;
pub mod csv_rows;
mod grid;
pub mod json_rows;
mod numbers;
mod row;
mod screen;
mod table;

pub use counted::{counted, size};
pub use csv_rows::Formulas;
pub use grid::{Grid, Shown};
pub use numbers::Numbers;
pub use row::Row;
pub use screen::Screen;
pub use table::shown;

use livewell_model::SmolStr;
use std::io::{self, Write};

/// The format of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people; holds all rows in memory to align them.
    Table,
    /// One JSON array of rows.
    Json,
    /// One row a line, as in `{"row_signature":"00c0ffee00c0ffee","data":{...}}`.
    Ndjson,
    /// A header and a line for each row; nodes, relationships, lists and maps as JSON in their cell.
    Csv,
}

/// Writes rows under the names of their columns. Streams, but for [`Format::Table`].
///
/// # Errors
/// Returns the error of `rows` or of the output.
pub fn write(
    out: &mut dyn Write,
    format: Format,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(out, &Screen::of_stdout(), names, rows),
        Format::Json => json_rows::array(out, Numbers::Number, names, rows),
        Format::Ndjson => json_rows::lines(out, Numbers::Number, names, rows),
        Format::Csv => csv_rows::write(out, Formulas::Plain, names, rows),
    }
}

#[cfg(test)]
mod tests;
