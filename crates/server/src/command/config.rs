//! `livewell config`: what runs, as a configuration.

use super::find::Found;
use super::offline;
use crate::cli::ShowConfig;
use crate::failure::Failure;
use std::io;

/// Prints the configuration that runs.
pub fn run(asked: &ShowConfig, found: &Found) -> Result<(), Failure> {
    let client = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell config`", directory)),
        Found::Server(client) => client,
    };
    let which = if asked.by_call { "?by=call" } else { "" };
    client.text(&format!("/api/v1/config{which}"), &mut io::stdout().lock())
}
