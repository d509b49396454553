//! Measures the Train Benchmark: `train [--size 64] [--query NAME] [--runs 5] [--part N] [--as base]`.

use crate::outcome::Outcome;
use livewell_model::{AppliedChange, AppliedTransaction, Element, Map, Row, Timestamp, Value};
use livewell_query::{Engine, MemoryState};
use livewell_scenarios::choice::Choice;
use livewell_scenarios::train::{Model, Query, Rates, generate, inject, repair};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const USAGE: &str = "usage: cargo run --release -p xtask -- train [--size N] [--query NAME] [--runs N] \
                     [--part N (changes in a transaction)] [--as transactions|base]";
/// What the railway and the places of injections are drawn from.
const SEED: u64 = 1;
/// How many places an injection breaks, and a repair mends.
const PLACES: usize = 10;
/// How many injections and repairs there are, in turn.
const ROUNDS: usize = 10;

/// What is measured.
#[derive(Debug, Clone)]
struct Settings {
    size: usize,
    queries: Vec<Query>,
    runs: usize,
    /// How many changes are loaded at once.
    part: usize,
    /// Whether the railway is the base of the query, and not changes.
    as_base: bool,
}

/// The processor times of one run; those of injections and repairs are sums.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    load: Duration,
    inject: Duration,
    repair: Duration,
}

/// Loads the railway, breaks and mends it, several times for each query, and prints the medians.
///
/// # Errors
/// Returns an error if the arguments are not these, or a query or a step fails.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn run(arguments: &[String]) -> Outcome<()> {
    let settings = settings(arguments)?;
    let (model, load) = generate(settings.size, Rates::REPAIR, SEED);
    let nodes = model.elements().filter(|element| matches!(element, Element::Node(_))).count();
    println!("size {}: {nodes} nodes, {} relationships", settings.size, load.changes.len() - nodes);
    println!("processor time in ms, medians of {} runs, in memory", settings.runs);
    println!("{:<18} {:>8} {:>10} {:>10} {:>10}", "", "rows", "load", "inject", "repair");
    for query in &settings.queries {
        let (mut rows, mut times) = (0, Vec::with_capacity(settings.runs));
        for _ in 0..settings.runs {
            let mut running = Running::new(*query, model.clone())?;
            let (loaded, time) = running.measure(&load, &settings)?;
            rows = loaded;
            times.push(time);
        }
        let median = |of: fn(&Times) -> Duration| {
            let mut all: Vec<_> = times.iter().map(of).collect();
            all.sort();
            all[all.len() / 2].as_secs_f64() * 1e3
        };
        let each = ROUNDS as f64;
        println!(
            "{:<18} {rows:>8} {:>10.1} {:>10.3} {:>10.3}",
            query.name(),
            median(|times| times.load),
            median(|times| times.inject) / each,
            median(|times| times.repair) / each
        );
    }
    Ok(())
}

fn settings(arguments: &[String]) -> Outcome<Settings> {
    let mut settings =
        Settings { size: 64, queries: Query::ALL.to_vec(), runs: 5, part: usize::MAX, as_base: false };
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(USAGE.into()) };
        let number = || value.parse().ok().filter(|number| *number > 0).ok_or(USAGE);
        match (name.as_str(), value.as_str()) {
            ("--size", _) => settings.size = number()?,
            ("--runs", _) => settings.runs = number()?,
            ("--part", _) => settings.part = number()?,
            ("--query", name) => settings.queries.retain(|query| query.name() == name),
            ("--as", "base") => settings.as_base = true,
            ("--as", "transactions") => settings.as_base = false,
            _ => return Err(USAGE.into()),
        }
    }
    if settings.queries.is_empty() { Err(USAGE.into()) } else { Ok(settings) }
}

/// A query over a railway.
struct Running {
    query: Query,
    engine: Engine,
    state: MemoryState,
    model: Model,
}

impl Running {
    fn new(query: Query, model: Model) -> Outcome<Self> {
        let engine = Engine::compile(query.text(), &Map::new())
            .map_err(|refusal| refusal.render(query.text(), query.name()))?;
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0))?;
        Ok(Self { query, engine, state, model })
    }

    /// Returns how many rows there are after the load, and what was measured.
    fn measure(&mut self, load: &AppliedTransaction, settings: &Settings) -> Outcome<(usize, Times)> {
        let mut times = Times::default();
        for changes in load.changes.chunks(settings.part) {
            times.load += if settings.as_base { self.base(changes)? } else { self.step(changes)? };
        }
        let rows = self.state.rows().len();
        let mut choice = Choice::new(SEED);
        for _ in 0..ROUNDS {
            let injection = inject(&mut self.model, self.query, PLACES, &mut choice);
            times.inject += self.step(&injection.changes)?;
            let places: Vec<_> = self.state.rows().iter().take(PLACES).map(|(_, row)| numbers(row)).collect();
            let mending = repair(&mut self.model, self.query, &places);
            times.repair += self.step(&mending.changes)?;
        }
        Ok((rows, times))
    }

    fn step(&mut self, changes: &[AppliedChange]) -> Outcome<Duration> {
        let (changes, timestamp) = (changes.to_vec(), Timestamp(0));
        let transaction = AppliedTransaction { sequence: 1, position: 1, timestamp, changes };
        timed(|| self.engine.step(&mut self.state, &transaction).map(drop))
    }

    fn base(&mut self, changes: &[AppliedChange]) -> Outcome<Duration> {
        let elements = changes.iter().filter_map(|change| Some((change.after.clone()?, Timestamp(0))));
        let elements: Vec<_> = elements.collect();
        timed(|| self.engine.base(&mut self.state, &elements, Timestamp(0)).map(drop))
    }
}

/// The processor time of one call: other programs may use the machine meanwhile.
fn timed<E: Into<Box<dyn std::error::Error>>>(call: impl FnOnce() -> Result<(), E>) -> Outcome<Duration> {
    let begun = processor_time();
    call().map_err(Into::into)?;
    Ok(processor_time().saturating_sub(begun))
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn numbers(row: &Row) -> Vec<u64> {
    let number = |value: &Value| match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    row.columns.iter().filter_map(number).collect()
}
