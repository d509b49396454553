//! The binary `livewell`: from the command line to the library and back.

mod api;
mod cli;
mod client;
mod command;
mod control;
mod explain;
mod failure;
mod journal;
mod logging;
mod oidc;
mod open_files;
mod panics;
mod progress;
mod refusal;
mod render;
mod schema;
mod stamp;
mod telemetry;
mod tls;

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Rows are many small pieces of memory, made by one thread and dropped by another: the system's allocator spends a quarter
/// of a load on them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    api::metrics::note_start();
    livewell_reaction::tls::install();
    let cli = cli::parse();
    // The errors of a tried query are its answer, and are printed once.
    if !matches!(cli.command, cli::Command::Try(_)) {
        logging::start(cli.log_format, cli.log_level);
    }
    panics::watch();
    command::dispatch(&cli)
}
