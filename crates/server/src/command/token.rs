//! `livewell token`: a new token, and the line that lets it in.

use crate::cli::Token;
use crate::failure::Failure;
use clap::ValueEnum;
use livewell_config::settings::TokenHash;
use std::io::{self, Write};

/// By what a token is recognised where it should not be, as in a repository.
const PREFIX: &str = "lw_";
/// How many random bytes a token has.
const BYTES: usize = 32;

/// Prints a new token, and the line of the configuration with its hash.
pub fn run(asked: &Token) -> Result<(), Failure> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(Failure::failed)?;
    let mut token = PREFIX.to_owned();
    bytes.iter().for_each(|byte| token.push_str(&format!("{byte:02x}")));
    let (name, hash) = (&asked.name, TokenHash::of(&token));
    let scopes: Vec<String> = asked
        .scope
        .iter()
        .filter_map(|scope| Some(scope.to_possible_value()?.get_name().to_owned()))
        .collect();
    let scopes = scopes.join(", ");
    writeln!(io::stdout(), "{token}")?;
    writeln!(io::stdout(), "- {{ name: {name}, hash: \"{hash}\", scopes: [{scopes}] }}")?;
    Ok(())
}
