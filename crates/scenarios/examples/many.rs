//! What many queries on one source cost:
//! `cargo run --release -p livewell-scenarios --example many -- DIRECTORY QUERIES CHANGES [one] [alone] [built] [ranges]`.
//!
//! Each query waits for one reading to reach one value, as an alert does. All changes are sent in groups of a thousand,
//! or one by one, each when the one before is durable. With `alone` each query reads for itself; with `built` the queries
//! come when there are 100,000 readings, and the end is a restart; with `ranges` each waits for any reading below a value,
//! so that a change concerns half of them. DIRECTORY may be `memory`, for the store in memory. Prints how long it takes
//! until all queries have seen all changes, and with how much processor time, memory and how many threads.

#![expect(clippy::print_stdout, reason = "it measures")]

use livewell::{
    Change, Durability, EmbeddedStore, InProcess, IntoTransaction, Limits, Livewell, MemoryStore, Node,
    Query, Setup,
};
use std::fs;
use std::time::Instant;

/// How many readings there are.
const READINGS: u64 = 1_000;
/// How many other readings there are, with `built`.
const BUILT: u64 = 100_000;
/// How many changes are sent at once.
const GROUP: usize = 1_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, queries, changes, how @ ..] = &arguments[..] else {
        return Err("the directory, the number of queries or of changes is missing".into());
    };
    let is = |word: &str| how.iter().any(|how| how == word);
    let (queries, changes): (u64, u64) = (queries.parse()?, changes.parse()?);
    let mut limits = Limits::default();
    if is("alone") {
        limits.routed_from = usize::MAX;
    }
    let livewell = open(directory, &limits)?;
    let source = livewell.add_source(InProcess::new("sensors")).await?;
    if is("built") {
        for first in (0..BUILT).step_by(GROUP) {
            source.send((first..first + GROUP as u64).map(reading).collect::<Vec<_>>()).await?;
        }
        livewell.idle().await?;
    }
    let text = if is("ranges") { below } else { equal };
    begin(&livewell, queries, text).await?;

    let (begun, before) = (Instant::now(), processor_time()?);
    let all: Vec<Change> = (0..changes).map(change).collect();
    let group = if is("one") { 1 } else { GROUP };
    for group in all.chunks(group) {
        let transactions = group.iter().cloned().map(IntoTransaction::into_transaction).collect();
        source.send_all(transactions).await.map_err(|(_, error)| error)?;
    }
    livewell.idle().await?;
    let (wall, processor) = (begun.elapsed().as_secs_f64(), processor_time()? - before);
    let sequence: u64 =
        livewell.status()?.iter().filter(|one| one.id != "sensors").map(|one| one.sequence).sum();
    println!(
        "{changes} changes: {wall:.2} s, {processor:.2} s of processor time, {:.0} changes/s, {sequence} results",
        changes as f64 / wall
    );
    memory()?;
    livewell.shutdown().await;
    if is("built") {
        drop((livewell, source));
        let livewell = open(directory, &limits)?;
        livewell.add_source(InProcess::new("sensors")).await?;
        begin(&livewell, queries, text).await?;
        livewell.shutdown().await;
    }
    Ok(())
}

fn open(directory: &str, limits: &Limits) -> Result<Livewell> {
    let livewell = Livewell::builder().limits(limits.clone());
    let livewell = match directory {
        "memory" => livewell.store(MemoryStore::new()),
        _ => livewell.store(EmbeddedStore::open(directory, Durability::Os)?),
    };
    Ok(livewell.build()?)
}

/// Adds the queries, and waits until they have their rows.
async fn begin(livewell: &Livewell, queries: u64, text: fn(u64) -> String) -> Result<()> {
    let (begun, before) = (Instant::now(), processor_time()?);
    let query = |number| Query::cypher(format!("q{number}"), text(number)).from("sensors");
    livewell.add(Setup { queries: (0..queries).map(query).collect(), ..Setup::default() }).await?;
    livewell.idle().await?;
    let processor = processor_time()? - before;
    println!("{queries} queries: begun in {:.2?}, {processor:.2} s of processor time", begun.elapsed());
    memory()
}

fn memory() -> Result<()> {
    println!(
        "{} MiB, {} of them anonymous, {} threads",
        status("VmRSS:")? >> 10,
        status("RssAnon:")? >> 10,
        status("Threads:")?
    );
    Ok(())
}

/// One of many readings that no query waits for.
fn reading(number: u64) -> Change {
    let reading = format!("e{number}");
    let value = i64::try_from(number % 100).unwrap_or_default();
    Change::insert(
        Node::new(reading.as_str()).label("Reading").set("id", reading.as_str()).set("value", value),
    )
}

fn equal(number: u64) -> String {
    let id = number % READINGS;
    format!("MATCH (n:Reading) WHERE n.value = 50 AND n.id = 'r{id}' RETURN n.id AS id, n.value AS value")
}

fn below(number: u64) -> String {
    format!("MATCH (n:Reading) WHERE n.value < {} RETURN n.id AS id, n.value AS value", number % 100)
}

/// A reading takes one of a hundred values, in an order without a pattern.
fn change(number: u64) -> Change {
    let reading = format!("r{}", number * 7_919 % READINGS);
    let value = i64::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap_or_default() % 100;
    Change::insert(
        Node::new(reading.as_str()).label("Reading").set("id", reading.as_str()).set("value", value),
    )
}

/// The seconds of processor time of this process, its user's and the system's.
fn processor_time() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).unwrap_or("0").parse::<f64>();
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// A number of this process's status.
fn status(name: &str) -> Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}
