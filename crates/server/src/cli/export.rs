//! The arguments of `livewell export`.

use super::At;
use super::look::named;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `livewell export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell export late-departures --format csv --output late.csv
  livewell export late-departures --format ndjson | jq .data
  livewell export late-departures --format parquet --output late.parquet

All rows are of one sequence, whatever changes meanwhile, and are never in memory together. A file appears under its \
name once it is whole.")]
pub struct Export {
    /// The query's id
    #[arg(value_name = "QUERY")]
    pub query: String,

    /// The value to export of a query with `for_each`, once for each of its parameters
    #[arg(long = "for", value_name = "NAME=VALUE", value_parser = named)]
    pub values: Vec<(String, String)>,

    /// Output format
    #[arg(long, value_enum)]
    pub format: ExportFormat,

    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// The format of exported rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One row a line, with its signature.
    Ndjson,
    /// A header and a line for each row; nodes, relationships, lists and maps as JSON in their cell.
    Csv,
    /// Columns of one type each; what has no single type is text, as in CSV.
    #[cfg(feature = "parquet")]
    Parquet,
}
