//! The commands. Output goes to stdout, everything else to stderr.

mod behind;
mod check;
mod dead_letters;
mod explain;
mod offline;
mod parked;
mod remarks;
mod reset;
mod results;
mod run;
mod set_aside;
mod status;
mod store;
mod verify;
mod watch;

use crate::cli::{Cli, Command};
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command did not do what it was to.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2. The text is complete.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// Whoever reads the output has seen enough: nothing to complain about.
    Closed,
}

impl Failure {
    /// A failure for this reason.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(format!("error: {reason}\n"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::failed(error),
        }
    }
}

/// Runs the command; one that reads a store directory in a child.
pub fn dispatch(cli: &Cli) -> ExitCode {
    let done = match cli.command.directory() {
        Some(directory) if !cli.here => offline::in_a_child(directory),
        _ => run_here(&cli.command),
    };
    let (code, text) = match done {
        Ok(()) | Err(Failure::Closed) => return ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => (1, text),
        Err(Failure::Usage(text)) => (2, text),
    };
    // Nothing is left to do where stderr is closed.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}

fn run_here(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check(check) => check::run(check),
        Command::Explain(explain) => explain::run(explain),
        Command::Run(run) => run::run(run),
        Command::Results(results) => results::run(results),
        Command::Verify(verify) => verify::run(verify),
        Command::Status(status) => status::run(status),
        Command::Reset(reset) => reset::run(reset),
        Command::Parked(parked) => parked::run(parked),
        Command::DeadLetters(letters) => dead_letters::run(letters),
        Command::Store(store) => store::run(store),
    }
}
