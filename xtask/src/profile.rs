//! Runs one case of `growth` over one graph, for a profiler: `profile --case NAME [--size N] [--changes N] [--group N]`.

use crate::growth::running::Running;
use crate::outcome::Outcome;
use std::time::Duration;

const USAGE: &str =
    "usage: cargo run --release -p xtask -- profile --case NAME [--size N] [--changes N] [--group N]";

/// Runs the case and prints the time of a change.
///
/// # Errors
/// Returns an error if there is no such case, or a step fails.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn run(arguments: &[String]) -> Outcome<()> {
    let (mut case, mut size, mut changes, mut group) = (None, 100_000, 100_000, 1);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(USAGE.into()) };
        match name.as_str() {
            "--case" => case = Some(value.as_str()),
            "--size" => size = value.parse().map_err(|_| USAGE)?,
            "--changes" => changes = value.parse().map_err(|_| USAGE)?,
            "--group" => group = value.parse().map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        }
    }
    let (case, group): (_, usize) = (case.ok_or(USAGE)?, group);
    let mut running = Running::named(case, size)?;
    let mut total = Duration::ZERO;
    let groups = changes / group.max(1);
    for _ in 0..groups {
        total += running.group(group)?;
    }
    let each = total.as_secs_f64() * 1e6 / groups.max(1) as f64;
    println!("{case} over {size} elements: {each:.2} us of processor time a change, {group} in a commit");
    Ok(())
}
