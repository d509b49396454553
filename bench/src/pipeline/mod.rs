//! The whole pipeline over a store on disk: source, log, query, live rows, outbox, subscriber.

mod ours;
pub mod restart;
mod theirs;

use crate::measure::{Times, median};
use crate::report::{Better, Pair, header};
use crate::workload::{Case, Item, QUERIES, Size, case};
use livewell::Durability;
use ours::Side;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How much is measured, and where it lies.
pub struct Settings {
    /// The graph, and the number of updates that both sides process.
    pub size: Size,
    /// The number of updates that Livewell processes alone.
    pub history: u64,
    /// How often each side takes its turn.
    pub rounds: usize,
    /// Where the stores are made and removed again.
    pub directory: PathBuf,
}

/// Measures throughput and prints.
///
/// # Errors
/// Returns an error if a side fails, or if the two have different numbers of rows.
pub fn run(runtime: &Runtime, settings: &Settings) -> anyhow::Result<()> {
    header("The whole pipeline, one update a transaction, survives a killed process");
    for query in QUERIES {
        let case = case(query, settings.size);
        let mut rate = Pair::default();
        for _ in 0..settings.rounds {
            let (ours, rows) = runtime.block_on(throughput(settings, Durability::Os, &case))?;
            let (theirs, others) = runtime.block_on(peer(settings, &case))?;
            anyhow::ensure!(rows == others, "the sides have {rows} and {others} rows");
            rate.ours.push(ours);
            rate.theirs.push(theirs);
        }
        rate.print(&format!("{}: updates", case.name), "changes/s", Better::More);
    }
    println!("\nLivewell alone\n");
    println!("| | durability | changes/s | each tenth of the history, changes/s |");
    println!("|---|---|---:|---|");
    for query in QUERIES {
        let case = case(query, Size { updates: settings.history, ..settings.size });
        for (name, durability) in [("os", Durability::Os), ("sync", Durability::Sync)] {
            let tenths = runtime.block_on(history(settings, durability, &case))?;
            let times = tenths.iter().map(|rate| 1.0 / rate).sum::<f64>();
            let tenths_text: Vec<String> = tenths.iter().map(|rate| format!("{rate:.0}")).collect();
            println!("| {} | {name} | {:.0} | {} |", case.name, 10.0 / times, tenths_text.join(" "));
        }
    }
    Ok(())
}

async fn throughput(settings: &Settings, durability: Durability, case: &Case) -> anyhow::Result<(f64, u64)> {
    let directory = tempfile::tempdir_in(&settings.directory)?;
    let side = open(directory.path(), durability, case).await?;
    let follower = side.follow().await?;
    let time = side.update(&case.updates, &follower).await?;
    let rows = side.rows()?;
    side.close().await;
    follower.task.await??;
    Ok((per_second(&case.updates, time), rows))
}

async fn peer(settings: &Settings, case: &Case) -> anyhow::Result<(f64, u64)> {
    let directory = tempfile::tempdir_in(&settings.directory)?;
    let mut side = theirs::Side::open(directory.path(), case.text).await?;
    side.apply(&case.load).await?;
    let time = side.apply(&case.updates).await?;
    Ok((per_second(&case.updates, time), side.rows().await?))
}

/// Returns the rate in each tenth of the updates.
async fn history(settings: &Settings, durability: Durability, case: &Case) -> anyhow::Result<Vec<f64>> {
    let directory = tempfile::tempdir_in(&settings.directory)?;
    let side = open(directory.path(), durability, case).await?;
    let follower = side.follow().await?;
    let mut rates = Vec::new();
    for items in case.updates.chunks(case.updates.len().div_ceil(10).max(1)) {
        rates.push(per_second(items, side.update(items, &follower).await?));
    }
    side.close().await;
    follower.task.await??;
    Ok(rates)
}

/// Measures the time from a send to its result, at 100 changes a second for 10 seconds, and prints.
///
/// # Errors
/// Returns an error if the pipeline fails.
pub fn latency(runtime: &Runtime, settings: &Settings) -> anyhow::Result<()> {
    println!("\nFrom before the send to the subscriber's receipt, 100 changes a second for 10 s\n");
    println!("| | durability | results | p50, ms | p99, ms |");
    println!("|---|---|---:|---:|---:|");
    for query in QUERIES {
        let case = case(query, Size { updates: 1_000, ..settings.size });
        for (name, durability) in [("os", Durability::Os), ("sync", Durability::Sync)] {
            let mut p50 = Vec::new();
            let mut p99 = Vec::new();
            let mut results = 0;
            for _ in 0..settings.rounds {
                let directory = tempfile::tempdir_in(&settings.directory)?;
                let mut times = runtime.block_on(async {
                    let side = open(directory.path(), durability, &case).await?;
                    let mut times = Times::default();
                    for time in side.paced(&case.updates, Duration::from_millis(10)).await? {
                        times.add(time);
                    }
                    anyhow::Ok(times)
                })?;
                results = times.count();
                p50.push(times.percentile_us(0.5) / 1e3);
                p99.push(times.percentile_us(0.99) / 1e3);
            }
            println!("| {} | {name} | {results} | {:.2} | {:.2} |", case.name, median(p50), median(p99));
        }
    }
    Ok(())
}

/// Opens Livewell's side with the graph loaded.
async fn open(path: &Path, durability: Durability, case: &Case) -> anyhow::Result<Side> {
    let side = Side::open(path, durability, case.text).await?;
    side.load(&case.load).await?;
    Ok(side)
}

fn per_second(items: &[Item], time: Duration) -> f64 {
    items.len() as f64 / time.as_secs_f64()
}
