//! The arguments of commands about store directories.

use super::{At, TextFormat};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `livewell store`.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// How much each component takes, of a running server or of a store directory
    Size(Size),
    /// Format version, feeds, sequences, row counts, bytes, damage
    Inspect {
        /// The store directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,

        /// Output format
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Read and check everything; a running server does so in the background
    Scrub {
        /// The store directory
        #[arg(value_name = "DIR", default_value = "./livewell-data")]
        directory: PathBuf,

        /// Output format
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
}

/// `livewell store size`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell store size
  livewell store size --format json | jq '.components[] | select(.added == false) | .id'
  livewell store size --store ./livewell-data

Sizes are those of keys and values. Large ones are estimated from a sample, and marked with ~, so that nothing is walked.")]
pub struct Size {
    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}
