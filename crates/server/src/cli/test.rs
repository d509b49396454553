//! The arguments of `livewell test`.

use super::TextFormat;
use clap::Args;
use std::path::PathBuf;

/// `livewell test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell test cases
  livewell test cases --config shop.yaml --junit report.xml

Runs the test cases in the Markdown files of a directory: queries, changes going in, and diffs that are to come out, as \
the query guide writes its examples. A case may name a query of the configuration. Exit code 1 if any case fails, 2 if a \
file is malformed.")]
pub struct Test {
    /// A directory of Markdown files, or one file
    #[arg(value_name = "DIR")]
    pub path: PathBuf,

    /// The configuration whose queries are tested [default: livewell.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Write a report in the form of JUnit, for servers of continuous integration
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}
