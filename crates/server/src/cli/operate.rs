//! Telling components what to do.

use super::At;
use clap::Args;

/// `livewell reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// The id of the query, reaction or source
    #[arg(value_name = "ID")]
    pub id: String,

    /// Copy only this table of a `postgres` source, as `schema.name`; may be given several times
    #[arg(long = "table", value_name = "TABLE")]
    pub tables: Vec<String>,

    /// Whom to ask
    #[command(flatten)]
    pub at: At,
}

/// `livewell parked`.
#[derive(Debug, Args)]
pub struct Parked {
    /// The source's id
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Try it again, in the order in which it was parked
    #[arg(long, conflicts_with = "discard")]
    pub retry: bool,

    /// Drop it
    #[arg(long)]
    pub discard: bool,

    /// Only the piece of this number; may be given several times
    #[arg(long = "number", value_name = "NUMBER")]
    pub numbers: Vec<u64>,

    /// What to take in in the place of the piece: a line, row or message as the source reads it
    #[arg(long, value_name = "TEXT", requires = "retry", conflicts_with = "discard", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub text: Option<String>,

    /// Whom to ask
    #[command(flatten)]
    pub at: At,
}

/// `livewell dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLetters {
    /// The reaction's id
    #[arg(value_name = "REACTION")]
    pub reaction: String,

    /// Send them once more
    #[arg(long, conflicts_with = "discard")]
    pub replay: bool,

    /// Drop them
    #[arg(long)]
    pub discard: bool,

    /// Only the letter of this number; may be given several times
    #[arg(long = "number", value_name = "NUMBER")]
    pub numbers: Vec<u64>,

    /// Whom to ask
    #[command(flatten)]
    pub at: At,
}
