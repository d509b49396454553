//! The commands. Output goes to stdout, everything else to stderr.

mod apply;
mod backup;
mod behind;
mod check;
mod compare;
mod completions;
mod component;
mod config;
mod dead_letters;
mod deliveries;
mod doctor;
mod elements;
mod events;
mod explain;
mod export;
mod find;
mod graph;
mod history;
mod init;
mod made_of;
mod offline;
mod pages;
mod parked;
mod patience;
mod received;
mod reset;
mod results;
mod run;
mod schema;
mod send;
mod server;
mod set_aside;
mod size;
mod source;
mod status;
mod store;
mod test;
mod token;
mod try_out;
mod verify;
mod watch;
mod why;

use crate::cli::{Cli, Command, Store};
use crate::failure::Failure;
use find::Found;
use std::io::{self, Write};
use std::process::ExitCode;

/// Runs the command, in a child process if it reads a store directory.
pub fn dispatch(cli: &Cli) -> ExitCode {
    let done = match place(cli) {
        Ok(Some(Found::Store(directory))) if cli.here.is_none() => offline::in_a_child(&directory),
        Ok(place) => run_here(&cli.command, place),
        Err(failure) => Err(failure),
    };
    let (code, text) = match done {
        Ok(()) | Err(Failure::Closed) => return ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => (1, text),
        Err(Failure::Usage(text)) => (2, text),
    };
    // Nothing is left to do if stderr is closed.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}

/// Returns what the command is about: a server or a store; `None` if neither.
fn place(cli: &Cli) -> Result<Option<Found>, Failure> {
    if let Some(directory) = &cli.here {
        return Ok(Some(Found::Store(directory.clone())));
    }
    if let Some(directory) = cli.command.directory() {
        return Ok(Some(Found::Store(directory.to_owned())));
    }
    if let Command::Apply(apply) = &cli.command {
        return find::running(&apply.at, &apply.file).map(Some);
    }
    cli.command.at().map(find::find).transpose()
}

fn run_here(command: &Command, place: Option<Found>) -> Result<(), Failure> {
    match (command, place) {
        (Command::Init(init), _) => init::run(init),
        (Command::Completions(asked), _) => completions::run(asked),
        (Command::Man(asked), _) => completions::man(asked),
        (Command::Doctor(_), Some(Found::Store(directory))) => doctor::within(&directory),
        (Command::Doctor(asked), _) => doctor::run(asked),
        (Command::Schema, _) => schema::run(),
        (Command::Test(asked), _) => test::run(asked),
        (Command::Check(check), _) => check::run(check),
        (Command::Explain(explain), found) => match explain.id().zip(found) {
            Some((id, found)) => explain::of_query(explain, id, &found),
            None => explain::run(explain),
        },
        (Command::Run(run), _) => run::run(run),
        (Command::Store(Store::Size(asked)), Some(found)) => size::run(asked, &found),
        (Command::Store(store), _) => store::run(store),
        (Command::Token(asked), _) => token::run(asked),
        (Command::Apply(apply), Some(found)) => apply::run(apply, &found),
        (Command::Restore(asked), _) => backup::restore(asked),
        (Command::Backup(asked), found) => backup::back_up(asked, found.as_ref()),
        (Command::Try(asked), Some(found)) => try_out::over_source(asked, &found),
        (Command::Try(asked), None) => try_out::run(asked),
        (Command::Elements(elements), Some(found)) => elements::run(elements, &found),
        (Command::Results(results), Some(found)) => results::run(results, &found),
        (Command::Export(asked), Some(found)) => export::run(asked, &found),
        (Command::Verify(verify), Some(found)) => verify::run(verify, &found),
        (Command::Compare(asked), Some(found)) => compare::run(asked, &found),
        (Command::Why(asked), Some(found)) => why::run(asked, &found),
        (Command::Status(status), Some(found)) => status::run(status, &found),
        (Command::Server(asked), Some(found)) => server::run(asked, &found),
        (Command::Graph(asked), Some(found)) => graph::run(asked, &found),
        (Command::Config(asked), Some(found)) => config::run(asked, &found),
        (Command::Transactions(asked), Some(found)) => source::transactions(asked, &found),
        (Command::Progress(asked), Some(found)) => source::progress(asked, &found),
        (Command::Send(asked), Some(found)) => send::run(asked, &found),
        (Command::History(asked), Some(found)) => history::run(asked, &found),
        (Command::Events(asked), Some(found)) => events::run(asked, &found),
        (Command::Reset(reset), Some(found)) => reset::run(reset, &found),
        (Command::Start(which), Some(found)) => component::start(which, &found),
        (Command::Stop(which), Some(found)) => component::stop(which, &found),
        (Command::Remove(which), Some(found)) => component::remove(which, &found),
        (Command::Parked(parked), Some(found)) => parked::run(parked, found),
        (Command::Deliveries(asked), Some(found)) => deliveries::run(asked, &found),
        (Command::SendNow(asked), Some(found)) => deliveries::send_now(asked, &found),
        (Command::DeadLetters(letters), Some(found)) => dead_letters::run(letters, found),
        (_, None) => unreachable!("these commands say where they find what they are about"),
    }
}
