//! Chores of the repository that are not part of the product: `cargo run -p xtask -- CHORE`.

mod flights;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- flights --data DIR --out DIR";

#[expect(clippy::print_stderr, reason = "a chore speaks to the person who runs it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("flights") => flights::run(&arguments[1..]),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
