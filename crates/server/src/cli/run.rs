//! The arguments of commands that run or check a configuration.

use super::TextFormat;
use clap::Args;
use std::path::PathBuf;

/// The default configuration file.
pub const CONFIG: &str = "livewell.yaml";

/// `livewell run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml", default_value = CONFIG)]
    pub config: PathBuf,

    /// Stop once every file is read to its end, every query has caught up and every reaction has delivered
    #[arg(long)]
    pub until_idle: bool,
}

/// `livewell check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml", default_value = CONFIG)]
    pub config: PathBuf,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}
