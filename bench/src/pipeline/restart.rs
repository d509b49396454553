//! Restarting over many live rows: the time to the first row, and the memory of a new process.

use super::ours::Side;
use crate::measure::anonymous_mb;
use crate::workload::{Field, Item};
use anyhow::ensure;
use livewell::Durability;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use tokio::runtime::Runtime;

const TEXT: &str = "MATCH (n:Reading) RETURN n.id AS id, n.value AS value";

/// Builds a store with `rows` live rows and measures a new process over it, `rounds` times.
///
/// # Errors
/// Returns an error if the store or the process fails.
pub fn run(runtime: &Runtime, rows: u64, rounds: usize, directory: &Path) -> anyhow::Result<()> {
    let directory = tempfile::tempdir_in(directory)?;
    runtime.block_on(async {
        let side = Side::open(directory.path(), Durability::Os, TEXT).await?;
        for first in (0..rows).step_by(100_000) {
            let items: Vec<Item> = (first..(first + 100_000).min(rows)).map(reading).collect();
            side.load(&items).await?;
        }
        ensure!(side.rows()? == rows, "the query has {} rows", side.rows()?);
        side.close().await;
        anyhow::Ok(())
    })?;
    println!("\nA new process over {rows} live rows\n");
    println!("| round | first row, ms | RssAnon at rest, MB | RssAnon during a streamed read, MB |");
    println!("|---:|---:|---:|---:|");
    for round in 1..=rounds {
        let mut child = Command::new(std::env::current_exe()?);
        let status = child.arg("restarted").arg("--directory").arg(directory.path());
        let status = status.args(["--round", &round.to_string()]).status()?;
        ensure!(status.success(), "the new process ended with {status}");
    }
    Ok(())
}

/// Runs in the new process.
///
/// # Errors
/// Returns an error if the store or the query fails.
pub fn child(runtime: &Runtime, round: usize, path: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let side = runtime.block_on(Side::open(path, Durability::Os, TEXT))?;
    ensure!(side.first_row()?, "there is no row");
    let first = began.elapsed();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let rest = anonymous_mb()?;
    let mut most = rest;
    side.stream(|| {
        most = most.max(anonymous_mb()?);
        Ok(())
    })?;
    println!("| {round} | {:.1} | {rest:.1} | {most:.1} |", first.as_secs_f64() * 1e3);
    runtime.block_on(side.close());
    Ok(())
}

fn reading(at: u64) -> Item {
    let id = format!("r{at}");
    let properties = vec![("id", Field::Text(id.clone())), ("value", Field::Int(at as i64 % 100))];
    Item::Node { id, label: "Reading", is_new: true, properties }
}
