//! The arguments of `livewell doctor`.

use super::{CONFIG, TextFormat};
use clap::Args;
use std::path::PathBuf;

/// `livewell doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell doctor
  livewell doctor shop.yaml --format json

Looks at the configuration, the store, every server that a source or reaction connects to (as that would, but without \
any effect there), the files, the clocks, and the limit on open files. Exit code 1 if anything fails.")]
pub struct Doctor {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml", default_value = CONFIG)]
    pub config: PathBuf,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}
