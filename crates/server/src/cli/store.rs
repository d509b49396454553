//! The arguments of commands about store directories.

use super::TextFormat;
use clap::Subcommand;
use std::path::PathBuf;

/// `livewell store`.
#[derive(Debug, Subcommand)]
pub enum Store {
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
