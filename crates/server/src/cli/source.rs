//! The arguments of commands about what a source takes in.

use super::{At, TextFormat};
use clap::Args;
use std::path::PathBuf;

/// `livewell send`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell send orders changes.jsonl
  generate | livewell send orders

Sends changes, or records as the source's mapping reads them, one transaction a line, to an `http` source. Lines go in \
parts of about a megabyte, in their order, each as a whole or not at all and durable before the next. If one is refused, \
the lines before it are taken in, and it is said how many they are.")]
pub struct Send {
    /// The id of an `http` source
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// The file to send; standard input by default
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell progress`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell progress shop
  livewell progress shop --format json | jq .seconds_left

The files or tables of the source in the order in which they are read, how much of each is read and when it is done, and \
what the other side holds back for it.")]
pub struct Progress {
    /// The source's id
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell transactions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell transactions orders
  livewell transactions orders --limit 100 --format json | jq '.transactions[] | select(.results == [])'

The newest are last. Each has the first elements that it changed, and the results that it caused.")]
pub struct Transactions {
    /// The source's id
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// How many of the last transactions
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub limit: u64,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}
