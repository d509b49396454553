//! Where a command finds the server or the store that it is about.

use clap::Args;
use std::path::PathBuf;

/// A running server or a store directory.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct At {
    /// A running server [default: http://127.0.0.1:7171]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// A store directory that no process uses
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}
