//! Reads a store directory, for the commands that work without a server, and records what they change there.

use super::patience::patiently;
use crate::cli::DIRECT;
use crate::failure::Failure;
use crate::journal::{self, Of};
use livewell::ComponentKind;
use livewell_store::catalog::{self, Kind};
use livewell_store::{EmbeddedOptions, EmbeddedStore, Store};
use std::env;
use std::io::{self, Write};
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

/// Checks that there is a directory that can be a store.
///
/// # Errors
/// Returns [`Failure::Usage`] if there is none.
pub fn check_is_there(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "error: there is no store in `{}`; name the directory of one, or leave `--store` out to ask a running server\n",
        directory.display()
    )))
}

/// Returns the component of the store with this id.
pub fn component(store: &EmbeddedStore, id: &str) -> Result<Option<Of>, Failure> {
    let failed = |error| Failure::failed(livewell::Error::from(error));
    let entry = catalog::find(&*store.snapshot().map_err(failed)?, id).map_err(failed)?;
    let kind = entry.and_then(|entry| match entry.kind {
        Kind::Source => Some(ComponentKind::Source),
        Kind::Query => Some(ComponentKind::Query),
        Kind::Reaction => Some(ComponentKind::Reaction),
        Kind::Bare => None,
    });
    Ok(kind.map(|kind| Of::new(kind, id)))
}

/// Records what was done to the store in `directory`, which is held open. The next run has it among its events and in its
/// audit log. What was done stays done if that fails, which is said.
pub fn record(_held: &EmbeddedStore, directory: &Path, call: &str, component: Option<Of>) {
    if let Err(error) = journal::record_command(directory, call, component) {
        // Nothing is left to do if stderr is closed.
        let _ = writeln!(io::stderr(), "warning: this is done, and cannot be recorded: {error} [LW0811]");
    }
}
