//! Measures how the cost of a change grows with what an operator remembers: `growth [--case NAME] [--largest N]`.
//!
//! Each case runs one query over graphs of 1,000 to 1,000,000 elements, and fits the exponent of the growth. A case
//! whose exponent is not the stated one fails the run. What is measured is the processor's time.

use crate::outcome::Outcome;
use livewell_scenarios::workload::{CASES, Case, Growth, Running};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const USAGE: &str = "usage: cargo run --release -p xtask -- growth [--case NAME] [--largest N]";

/// The smallest graph.
const SMALLEST: usize = 1_000;
/// How many groups are timed; the fastest half counts, since others use the machine, too.
const GROUPS: usize = 24;
/// Measures the cases and prints a table.
///
/// # Errors
/// Returns an error if a query is refused, or a cost does not grow as stated.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn run(arguments: &[String]) -> Outcome<()> {
    let (mut only, mut largest) = (None, 1_000_000);
    for pair in arguments.chunks(2) {
        match pair {
            [name, case] if name == "--case" => only = Some(case.as_str()),
            [name, number] if name == "--largest" => largest = number.parse().map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        }
    }
    let sizes: Vec<usize> = std::iter::successors(Some(SMALLEST), |size| Some(size * 10))
        .take_while(|size| *size <= largest)
        .collect();
    let heads: Vec<String> = sizes.iter().map(|size| format!(" {size} |")).collect();
    println!("| us a change at |{} exponent | stated | entries an element |", heads.concat());
    println!("|---|{}---:|---|---:|", "---:|".repeat(sizes.len()));
    let mut wrong = Vec::new();
    for case in CASES.iter().filter(|case| only.is_none_or(|only| only == case.name)) {
        let mut measured = Vec::new();
        let mut kept = 0.0;
        for size in &sizes {
            let (cost, entries) = measure(case, *size)?;
            measured.push(cost.as_secs_f64() * 1e6);
            kept = entries as f64 / *size as f64;
        }
        let exponent = exponent(&sizes, &measured);
        let costs: Vec<String> = measured.iter().map(|cost| format!(" {cost:.1} |")).collect();
        let name = case.name;
        println!("| {name} |{} {exponent:.2} | {:?} | {kept:.1} |", costs.concat(), case.growth);
        if !case.growth.holds(exponent) {
            wrong.push(name);
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("these do not grow as stated: {}", wrong.join(", ")).into())
    }
}

/// The time of a change over a graph of `size` elements, and how many entries the operators keep.
fn measure(case: &Case, size: usize) -> Outcome<(Duration, usize)> {
    let mut running = Running::new(case, size)?;
    // What is linear takes long enough to be timed with fewer changes.
    let groups = if case.growth == Growth::Flat { GROUPS } else { GROUPS / 4 };
    let mut times = Vec::with_capacity(groups);
    for _ in 0..groups {
        let transactions = running.next(case.group())?;
        let begun = processor_time();
        running.step(&transactions)?;
        times.push((processor_time() - begun) / u32::try_from(transactions.len())?);
    }
    times.sort_unstable();
    let fastest = &times[..times.len() / 2];
    let cost = fastest.iter().sum::<Duration>() / u32::try_from(fastest.len())?;
    Ok((cost, running.entries()?))
}

/// How long the processor has worked for this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The slope of the line through the logarithms.
fn exponent(sizes: &[usize], costs: &[f64]) -> f64 {
    let points: Vec<(f64, f64)> =
        sizes.iter().zip(costs).map(|(size, cost)| ((*size as f64).ln(), cost.ln())).collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let up: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let along: f64 = points.iter().map(|point| (point.0 - x) * (point.0 - x)).sum();
    up / along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_powers() {
        let sizes = [1_000, 10_000, 100_000];
        let power = |exponent: f64| sizes.map(|size| 3.0 * (size as f64).powf(exponent));
        for exponent_of in [0.0, 0.5, 1.0, 2.0] {
            assert!((exponent(&sizes, &power(exponent_of)) - exponent_of).abs() < 1e-9);
        }
        assert!(Growth::Flat.holds(0.2) && !Growth::Flat.holds(0.5));
        assert!(Growth::Output.holds(1.0) && !Growth::Output.holds(2.0) && !Growth::Output.holds(0.3));
    }
}
