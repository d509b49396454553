//! Many queries over one stream of changes: what a change costs, in processor time, as the queries become more.
//!
//! Livewell's side is its whole pipeline over a store on disk: a log, operator state, live rows, outboxes, checkpoints.
//! The other's is its core alone, in memory, with nothing durable: each change is handed to each of its queries.

mod ours;
mod stream;
mod theirs;

use crate::measure::median;
use crate::plot::{Line, Plot};
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use stream::{Kind, Run};
use tokio::runtime::Runtime;

/// How much is measured, and where it lies.
pub struct Settings {
    /// How many changes a measurement has, at most.
    pub changes: u64,
    /// How often each side takes its turn.
    pub rounds: usize,
    /// Where the stores are made and removed again.
    pub directory: PathBuf,
    /// Where the plot is written; empty for none.
    pub plot: PathBuf,
}

/// How many queries there are.
const QUERIES: [u64; 5] = [1, 10, 100, 1_000, 10_000];
/// How many there are at most where each change costs something for each of them.
const QUERIES_MAX: u64 = 1_000;
/// How often Livewell shows a change to a query in one such measurement.
const SHOWN: u64 = 2_000_000;
/// How often the other side does. Either takes some seconds for it.
const SHOWN_TO_PEERS: u64 = 400_000;

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Livewell as it comes: from eight queries on, one reads the source for all.
    Routed,
    /// Livewell, where each query reads for itself.
    Alone,
    /// The other's core.
    Peer,
}

const SIDES: [Side; 3] = [Side::Routed, Side::Alone, Side::Peer];

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Routed => "Livewell, durable",
            Self::Alone => "Livewell, each query reads alone, durable",
            Self::Peer => "drasi-core, in memory",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Routed => "#2f81d6",
            Self::Alone => "#3a9a5b",
            Self::Peer => "#d9772b",
        }
    }

    /// Returns how many changes are measured, `most` at most, or nothing if so many queries take too long.
    fn changes(self, kind: Kind, queries: u64, most: u64) -> Option<u64> {
        if self == Self::Routed && kind == Kind::Alerts {
            return Some(most);
        }
        let shown = if self == Self::Peer { SHOWN_TO_PEERS } else { SHOWN };
        (queries <= QUERIES_MAX).then(|| most.min(shown / queries))
    }

    async fn run(self, kind: Kind, queries: u64, changes: u64, directory: &Path) -> anyhow::Result<Run> {
        if self == Self::Peer {
            return theirs::run(kind, queries, changes).await;
        }
        let directory = tempfile::tempdir_in(directory)?;
        ours::run(directory.path(), self == Self::Alone, kind, queries, changes).await
    }
}

/// Measures and prints the kind of queries of this name, and draws the plot if there is a place for it.
///
/// # Errors
/// Returns an error if a side fails or has other results than it must have, or if the plot cannot be written.
pub fn run(runtime: &Runtime, kind: &str, settings: &Settings) -> anyhow::Result<()> {
    let kind = Kind::named(kind).with_context(|| format!("{kind:?} is not measured: alerts or ranges"))?;
    println!("\nProcessor time of a change, us, and how many times that of one query\n");
    print!("| queries |");
    SIDES.iter().for_each(|side| print!(" {} | times |", side.name()));
    println!("\n|---:|{}", "---:|---:|".repeat(SIDES.len()));
    let mut lines = SIDES.map(|side| Line::new(side.name(), side.colour()));
    for queries in QUERIES {
        let measured = measure(runtime, kind, queries, settings)?;
        if measured.iter().all(Option::is_none) {
            continue;
        }
        print!("| {queries} |");
        for (line, micros) in lines.iter_mut().zip(measured) {
            let Some(micros) = micros else {
                print!(" | |");
                continue;
            };
            line.points.push((queries as f64, micros));
            print!(" {micros:.1} | {:.1} |", micros / line.points[0].1);
        }
        println!();
    }
    if !settings.plot.as_os_str().is_empty() {
        let y = "processor time of a change, µs";
        let plot = Plot { title: kind.title(), x: "queries", y, lines: lines.into() };
        std::fs::write(&settings.plot, plot.svg())?;
    }
    Ok(())
}

/// Returns each side's median of microseconds of processor time a change, if it is measured.
fn measure(
    runtime: &Runtime,
    kind: Kind,
    queries: u64,
    settings: &Settings,
) -> anyhow::Result<[Option<f64>; SIDES.len()]> {
    let changes = SIDES.map(|side| side.changes(kind, queries, settings.changes));
    let expected = changes.map(|changes| changes.map(|changes| kind.results(queries, changes)));
    let mut micros = SIDES.map(|_| Vec::new());
    for _ in 0..settings.rounds {
        for (at, side) in SIDES.into_iter().enumerate() {
            let (Some(changes), Some(expected)) = (changes[at], expected[at]) else { continue };
            let run = runtime.block_on(side.run(kind, queries, changes, &settings.directory))?;
            let (name, results) = (side.name(), run.results);
            ensure!(results == expected, "{name}: {queries} queries have {results} results, not {expected}");
            micros[at].push(run.processor.as_secs_f64() * 1e6 / changes as f64);
        }
    }
    Ok(micros.map(|micros| (!micros.is_empty()).then(|| median(micros))))
}
