//! The live results store alone: a million rows, batches of random upserts over them, whole reads, a clear.
//!
//! Neither side waits for the disk: what is written survives a killed process, not a power cut.

mod sides;

use crate::measure::{Times, timed};
use crate::report::{Better, Pair, header};
use crate::workload::Random;
use sides::{Livewell, Peer, Rows, Side};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How much is measured, and where it lies.
pub struct Settings {
    /// The number of live rows.
    pub rows: u64,
    /// How often each side takes its turn.
    pub rounds: usize,
    /// How long one turn of batches lasts.
    pub slice: Duration,
    /// Where the stores are made and removed again.
    pub directory: PathBuf,
}

const BATCHES: [usize; 4] = [1, 10, 100, 1000];
/// The number of batches, which are made before the clock runs and used again and again.
const POOL: usize = 200;

/// Measures and prints.
///
/// # Errors
/// Returns an error if a side fails, or if the two count differently.
pub fn run(runtime: &Runtime, settings: &Settings) -> anyhow::Result<()> {
    let directory = tempfile::tempdir_in(&settings.directory)?;
    let livewell = Livewell::open(&directory.path().join("livewell"))?;
    let peer = runtime.block_on(Peer::open(&directory.path().join("peer")))?;
    header(&format!("Live results, {} rows, survives a killed process", settings.rows));
    let mut load = Pair::default();
    load.ours.push(fill(runtime, &livewell, settings.rows)?);
    load.theirs.push(fill(runtime, &peer, settings.rows)?);
    load.print("load, 1000 rows a batch", "rows/s", Better::More);
    for size in BATCHES {
        batches(runtime, settings, &livewell, &peer, size)?;
    }
    reads(runtime, settings, &livewell, &peer)?;
    clear(runtime, &livewell, &peer)
}

/// Loads all rows and returns the rate.
fn fill(runtime: &Runtime, side: &impl Side, rows: u64) -> anyhow::Result<f64> {
    let mut random = Random::new(1);
    let mut times = Times::default();
    for first in (0..rows).step_by(1000) {
        let batch: Rows =
            (first..(first + 1000).min(rows)).map(|at| (signature(at), data(&mut random))).collect();
        let began = Instant::now();
        runtime.block_on(side.apply(&batch))?;
        times.add(began.elapsed());
    }
    Ok(times.rate() * 1000.0)
}

fn batches(
    runtime: &Runtime,
    settings: &Settings,
    livewell: &Livewell,
    peer: &Peer,
    size: usize,
) -> anyhow::Result<()> {
    let mut random = Random::new(7);
    let pool: Vec<Rows> = (0..POOL)
        .map(|_| (0..size).map(|_| (signature(random.below(settings.rows)), data(&mut random))).collect())
        .collect();
    let (mut rate, mut p99) = (Pair::default(), Pair::default());
    for _ in 0..settings.rounds {
        let mut ours = turn(runtime, livewell, &pool, settings.slice)?;
        let mut theirs = turn(runtime, peer, &pool, settings.slice)?;
        rate.ours.push(ours.rate());
        rate.theirs.push(theirs.rate());
        p99.ours.push(ours.percentile_us(0.99));
        p99.theirs.push(theirs.percentile_us(0.99));
    }
    rate.print(&format!("apply_mutations, {size} rows"), "batches/s", Better::More);
    p99.print(&format!("apply_mutations, {size} rows, p99"), "us", Better::Less);
    Ok(())
}

fn turn(runtime: &Runtime, side: &impl Side, pool: &[Rows], slice: Duration) -> anyhow::Result<Times> {
    let mut times = Times::default();
    let begin = Instant::now();
    for batch in pool.iter().cycle() {
        if begin.elapsed() >= slice {
            break;
        }
        let began = Instant::now();
        runtime.block_on(side.apply(batch))?;
        times.add(began.elapsed());
    }
    Ok(times)
}

fn reads(runtime: &Runtime, settings: &Settings, livewell: &Livewell, peer: &Peer) -> anyhow::Result<()> {
    let (mut snapshot, mut count) = (Pair::default(), Pair::default());
    for _ in 0..settings.rounds {
        let (ours, time) = timed(|| runtime.block_on(livewell.read()))?;
        snapshot.ours.push(time.as_secs_f64() * 1e3);
        let (theirs, time) = timed(|| runtime.block_on(peer.read()))?;
        snapshot.theirs.push(time.as_secs_f64() * 1e3);
        anyhow::ensure!(ours == theirs, "the sides read {ours} and {theirs} rows");
        let (ours, time) = timed(|| runtime.block_on(livewell.count()))?;
        count.ours.push(time.as_secs_f64() * 1e3);
        let (theirs, time) = timed(|| runtime.block_on(peer.count()))?;
        count.theirs.push(time.as_secs_f64() * 1e3);
        anyhow::ensure!(ours == theirs, "the sides count {ours} and {theirs} rows");
    }
    snapshot.print("read_snapshot", "ms", Better::Less);
    count.print("row_count", "ms", Better::Less);
    Ok(())
}

fn clear(runtime: &Runtime, livewell: &Livewell, peer: &Peer) -> anyhow::Result<()> {
    let (mut call, mut all) = (Pair::default(), Pair::default());
    let ((), foreground) = timed(|| runtime.block_on(livewell.clear()))?;
    let ((), background) = timed(|| livewell.sweep())?;
    call.ours.push(foreground.as_secs_f64() * 1e3);
    all.ours.push((foreground + background).as_secs_f64() * 1e3);
    let ((), time) = timed(|| runtime.block_on(peer.clear()))?;
    call.theirs.push(time.as_secs_f64() * 1e3);
    all.theirs.push(time.as_secs_f64() * 1e3);
    let left = (runtime.block_on(livewell.count())?, runtime.block_on(peer.count())?);
    anyhow::ensure!(left == (0, 0), "after the clear the sides count {left:?} rows");
    call.print("clear, the call", "ms", Better::Less);
    all.print("clear, until the rows are deleted too", "ms", Better::Less);
    Ok(())
}

/// Returns the signature of row number `at`: scattered over all numbers, as hashes are.
fn signature(at: u64) -> u64 {
    Random::new(at).next()
}

/// Returns some 150 bytes of a row.
fn data(random: &mut Random) -> Vec<u8> {
    let mut text = format!(
        "{{\"id\":{},\"name\":\"customer-{:08x}\",\"region\":\"north-west\",\"total\":{}.25,\"note\":\"",
        random.below(1_000_000),
        random.next() as u32,
        random.below(10_000)
    );
    while text.len() < 148 {
        text.push_str(&format!("{:016x}", random.next()));
    }
    text.truncate(148);
    text.push_str("\"}");
    text.into_bytes()
}
