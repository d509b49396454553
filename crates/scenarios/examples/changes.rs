//! Runs one case of the workload, for a profiler:
//! `cargo run --release -p livewell-scenarios --example changes -- CASE SIZE CHANGES [GROUP]`.
//!
//! Prints how long a change takes, of which `GROUP` are committed together.

use livewell_scenarios::workload::Running;
use std::error::Error;
use std::time::{Duration, Instant};

#[expect(clippy::print_stdout, reason = "a measurement speaks to the person who runs it")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, size, changes, group @ ..] = arguments.as_slice() else {
        return Err("usage: changes CASE SIZE CHANGES [GROUP]".into());
    };
    let group: usize = group.first().map_or(Ok(1), |group| group.parse())?;
    let mut running = Running::named(case, size.parse()?)?;
    let groups = changes.parse::<usize>()? / group.max(1);
    let mut total = Duration::ZERO;
    for _ in 0..groups {
        let transactions = running.next(group)?;
        let begun = Instant::now();
        running.step(&transactions)?;
        total += begun.elapsed();
    }
    let each = total.as_secs_f64() * 1e6 / (groups.max(1) * group.max(1)) as f64;
    println!("{case} over {size}: {each:.2} us a change, {group} in a commit");
    Ok(())
}
