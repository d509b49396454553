//! Starting a configuration, and checking it before.

use clap::Args;
use std::path::PathBuf;

/// `livewell run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml")]
    pub config: PathBuf,

    /// Stop once every file is read to its end, every query has caught up and every reaction has delivered
    #[arg(long)]
    pub until_idle: bool,
}

/// `livewell check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml")]
    pub config: PathBuf,
}
