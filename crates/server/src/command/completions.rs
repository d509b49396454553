//! `livewell completions` and `livewell man`: what shells and `man` know about the commands.

use crate::cli::{self, Completions, Man};
use crate::failure::Failure;
use std::io::{self, Write};

/// Prints the completions of a shell.
pub fn run(asked: &Completions) -> Result<(), Failure> {
    // In memory first: the generator panics if the output is closed.
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut cli::command(), "livewell", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// Writes the manual pages.
pub fn man(asked: &Man) -> Result<(), Failure> {
    let directory = &asked.directory;
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(cli::command(), directory))
        .map_err(|error| Failure::failed(format!("cannot write to `{}`: {error}", directory.display())))?;
    Ok(writeln!(io::stdout(), "the manual pages are in {}", directory.display())?)
}
