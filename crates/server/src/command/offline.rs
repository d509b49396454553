//! Reads a store directory, for the commands that work without a server.

use super::patience::patiently;
use crate::cli::DIRECT;
use crate::failure::Failure;
use livewell_store::{EmbeddedOptions, EmbeddedStore};
use std::env;
use std::path::Path;
use std::process::Command;

/// Runs this very command in a child that reads the store, since damage within the pages of its data file may end the
/// process that reads them. The child reports what it finds itself; if it ends without a report, that is damage, too.
pub fn in_a_child(directory: &Path) -> Result<(), Failure> {
    let mut child = Command::new(env::current_exe()?);
    let status = child.arg(DIRECT).arg(directory).args(env::args_os().skip(1)).status()?;
    match status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(Failure::Failed(String::new())),
        Some(2) => Err(Failure::Usage(String::new())),
        _ => Err(damaged(&[format!("reading {} ended the process: {status}", directory.display())])),
    }
}

/// Returns the failure of a command that needs a process that runs the store.
pub fn needs_a_run(what: &str, directory: &Path) -> Failure {
    Failure::Usage(format!(
        "error: {what} needs a running server, and no process runs the store in {}; start it with `livewell run` \
         [LW0722]\n",
        directory.display()
    ))
}

/// Returns the failure that reports a damaged store, with all the damage that was found.
pub fn damaged(found: &[String]) -> Failure {
    Failure::failed(format!(
        "{}\n       the store is damaged: restore it from a copy, or move it away and start over [LW0303]",
        found.join("\n       ")
    ))
}

/// Opens the store in `directory`. Creates nothing, and reports the owner if another process has it.
pub fn open(directory: &Path) -> Result<EmbeddedStore, Failure> {
    let options = EmbeddedOptions { create: false, ..EmbeddedOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let open = || EmbeddedStore::open_with(directory, options.clone()).map_err(livewell::Error::from);
    runtime.block_on(patiently(directory, open)).map_err(Failure::failed)
}
