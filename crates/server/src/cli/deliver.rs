//! The arguments of commands about what reactions deliver, and have delivered.

use super::{At, TextFormat};
use clap::Args;
use livewell::reactions::attempts::ATTEMPTS_MAX;

/// `livewell deliveries`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell deliveries hook
  livewell deliveries hook --failed
  livewell deliveries hook --limit 500 --format json | jq '.attempts[] | select(.attempt > 1)'

The newest are last. They are kept in memory, the last 512 of a reaction, and are gone with the process.")]
pub struct Deliveries {
    /// The reaction's id
    #[arg(value_name = "REACTION")]
    pub reaction: String,

    /// Only those that the target has not taken
    #[arg(long)]
    pub failed: bool,

    /// How many of the last attempts
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=ATTEMPTS_MAX as u64))]
    pub limit: u64,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell send-now`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  livewell send-now hook

Ends the pause after an attempt that has failed. The next one counts as any other: `retries` says how many there are.")]
pub struct SendNow {
    /// The reaction's id
    #[arg(value_name = "REACTION")]
    pub reaction: String,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell compare late-table
  livewell compare late-table --format json

The rows of the target are compared with the live results of the checkpoint that the target is at, while the reaction \
goes on; nothing in the target changes. Prints the first differences; exit code 1 if there is any.")]
pub struct Compare {
    /// The id of a reaction that keeps a table, keys or a file of rows
    #[arg(value_name = "REACTION")]
    pub reaction: String,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}
