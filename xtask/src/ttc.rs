//! Measures the first query of the social media case: `ttc [--size 64] [--runs 5]`.

use crate::outcome::Outcome;
use livewell_model::{AppliedTransaction, Map, Timestamp};
use livewell_query::{Engine, MemoryState};
use livewell_scenarios::data_file;
use livewell_scenarios::social_media::{QUERY, answer, answers, transactions};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo run --release -p xtask -- ttc [--size 1|8|64] [--runs N]";

/// The times of one run.
#[derive(Debug, Clone, Copy)]
struct Times {
    initial: Duration,
    updates: Duration,
}

/// Runs the query over the data of one size, several times, and prints the medians.
///
/// # Errors
/// Returns an error if the data folder is absent, the query is refused, or an answer is wrong.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn run(arguments: &[String]) -> Outcome<()> {
    let (mut size, mut runs) = (64, 5);
    for pair in arguments.chunks(2) {
        match pair {
            [name, number] if name == "--size" => size = number.parse().map_err(|_| USAGE)?,
            [name, number] if name == "--runs" => runs = number.parse().map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        }
    }
    if runs == 0 {
        return Err(USAGE.into());
    }
    let folder = data_file("ttc");
    let missing = |why| format!("{why}; LIVEWELL_DATA names the folder with `ttc`");
    let stream = transactions(&folder, size).map_err(missing)?;
    let expected = answers(&folder, size).map_err(missing)?;
    let engine = Engine::compile(QUERY, &Map::new()).map_err(|refusal| refusal.render(QUERY, "query"))?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        times.push(measure(&engine, &stream, &expected)?);
    }
    let median = |of: fn(&Times) -> Duration| {
        let mut all: Vec<_> = times.iter().map(of).collect();
        all.sort();
        all[all.len() / 2].as_secs_f64() * 1e3
    };
    println!(
        "size {size}: initial {:.1} ms, all updates {:.1} ms (medians of {runs} runs, in memory)",
        median(|times| times.initial),
        median(|times| times.updates)
    );
    Ok(())
}

fn measure(engine: &Engine, stream: &[AppliedTransaction], expected: &[String]) -> Outcome<Times> {
    let mut state = MemoryState::new();
    let mut times = Times { initial: Duration::ZERO, updates: Duration::ZERO };
    engine.begin(&mut state, Timestamp(0))?;
    for (at, (transaction, expected)) in stream.iter().zip(expected).enumerate() {
        let begun = Instant::now();
        engine.step(&mut state, transaction)?;
        let rows: Vec<_> = state.rows().into_iter().map(|(_, row)| row).collect();
        let answer = answer(&rows);
        let taken = begun.elapsed();
        if at == 0 {
            times.initial = taken;
        } else {
            times.updates += taken;
        }
        if answer != *expected {
            return Err(format!("after change set {at} the answer is {answer}, not {expected}").into());
        }
    }
    Ok(times)
}
