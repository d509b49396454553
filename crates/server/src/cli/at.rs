//! The arguments by which a command finds its server or store.

use clap::Args;
use std::path::PathBuf;

/// A running server or a store directory; at most one of the three is given.
#[derive(Debug, Args)]
pub struct At {
    /// Ask the server at this address; LIVEWELL_TOKEN holds its token if it has one [env: LIVEWELL_SERVER]
    #[arg(long, value_name = "URL", help_heading = "Server or store", conflicts_with_all = ["store", "config"])]
    pub server: Option<String>,

    /// Ask the process that runs the store in this directory; if none does, read the store itself
    #[arg(long, value_name = "DIR", help_heading = "Server or store", conflicts_with = "config")]
    pub store: Option<PathBuf>,

    /// Ask what runs this configuration: by its store, else at its address; if nothing runs it, read its store
    /// [default: livewell.yaml, if it is there; else the server at http://127.0.0.1:7171]
    #[arg(long, value_name = "FILE", help_heading = "Server or store")]
    pub config: Option<PathBuf>,

    /// Trust only the certificates in this PEM file when a server is asked by https://
    #[arg(long, value_name = "FILE", help_heading = "Server or store", env = "LIVEWELL_CA")]
    pub ca: Option<PathBuf>,
}
