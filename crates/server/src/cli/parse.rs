//! Reads the command line.

use super::Cli;
use clap::{Arg, Command, CommandFactory, FromArgMatches};
use std::env;
use std::path::PathBuf;

/// The first argument of the child process that reads a store directory, which is the second. Options of the command
/// line would show up in completions.
pub const DIRECT: &str = "--direct";

/// Reads the arguments of this process. Prints the error or the requested help and ends the process if there is
/// nothing to run.
pub fn parse() -> Cli {
    let mut command = command();
    let mut arguments: Vec<_> = env::args_os().collect();
    let here = (arguments.len() > 2 && arguments[1] == DIRECT)
        .then(|| arguments.drain(1..=2).next_back().map(PathBuf::from))
        .flatten();
    let matches = command.clone().get_matches_from(arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
    Cli { here, ..cli }
}

/// Returns the command line, as help, completions and manual pages describe it.
pub fn command() -> Command {
    let top = Cli::command();
    let global: Vec<Arg> = top.get_arguments().filter(|one| one.is_global_set()).cloned().collect();
    hide(top, &global)
}

/// Hides the global options in the help of every subcommand: they are the same everywhere, and would be most of it.
fn hide(command: Command, global: &[Arg]) -> Command {
    command.mut_subcommands(|one| {
        let one = one.args(global.iter().map(|option| option.clone().hide(true)));
        hide(one, global)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clap breaks lines where the terminal ends; a line that was broken before is broken twice then.
    #[test]
    fn paragraphs_of_the_help_are_one_line_each() {
        fn look(command: &Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
            let lines: Vec<&str> = help.lines().collect();
            for pair in lines.windows(2) {
                assert!(!(is_text(pair[0]) && is_text(pair[1])), "{}: {pair:?}", command.get_name());
            }
            command.get_subcommands().for_each(look);
        }
        look(&command());
    }
}
