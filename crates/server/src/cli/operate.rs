//! The arguments of commands that control components.

use super::{At, TextFormat};
use clap::Args;
use livewell::ComponentKind;

/// A source, query or reaction.
#[derive(Debug, Args)]
pub struct Which {
    /// The id of the source, query or reaction; its kind may be given before it
    #[arg(value_name = "ID", required = true, num_args = 1..=2)]
    words: Vec<String>,
}

impl Which {
    /// Returns the id, and the kind if it was given.
    ///
    /// # Errors
    /// Returns a message if the word before the id is not a kind.
    pub fn read(&self) -> Result<(&str, Option<ComponentKind>), String> {
        let [kind, id] = self.words.as_slice() else {
            return Ok((self.words.first().map_or("", String::as_str), None));
        };
        let kind = match kind.as_str() {
            "source" => ComponentKind::Source,
            "query" => ComponentKind::Query,
            "reaction" => ComponentKind::Reaction,
            other => return Err(format!("`{other}` is not a kind: write `source`, `query` or `reaction`")),
        };
        Ok((id, Some(kind)))
    }
}

/// `livewell start`, `livewell stop`.
#[derive(Debug, Args)]
pub struct Switch {
    /// What it is about
    #[command(flatten)]
    pub which: Which,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// What it is about
    #[command(flatten)]
    pub which: Which,

    /// Only show what would be done, and what that costs
    #[arg(long)]
    pub dry_run: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// What it is about
    #[command(flatten)]
    pub which: Which,

    /// Copy only this table of a `postgres` source, as `schema.name`; may be given several times
    #[arg(long = "table", value_name = "TABLE")]
    pub tables: Vec<String>,

    /// Only show what would be done, and what that costs
    #[arg(long)]
    pub dry_run: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
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

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell dead-letters`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell dead-letters hook
  livewell dead-letters hook --replay
  livewell dead-letters hook --replay --number 3 --number 4
  livewell dead-letters hook --discard --number 3
  livewell dead-letters hook --store ./livewell-data

One letter a line, as JSON. A letter that is sent again keeps its key; one that is taken leaves the list, and one that is \
refused again stays with the new reason.")]
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

    /// Where it is
    #[command(flatten)]
    pub at: At,
}
