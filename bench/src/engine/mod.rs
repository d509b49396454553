//! The engine step alone, one change at a time, everything in memory.
//!
//! Both sides merge the change into the element's former image, evaluate it and update their state, one transaction
//! per change. Livewell's side also writes the live rows and commits; the other's core does neither.

pub mod livewell;
pub mod peer;

use crate::measure::Times;
use crate::report::{Better, Pair, header};
use crate::workload::{Case, QUERIES, Size, case};
use std::time::Instant;
use tokio::runtime::Runtime;

/// One side's load and update times, and the number of diffs of the updates.
struct Run {
    load: Times,
    updates: Times,
    diffs: usize,
}

/// One query's numbers over all rounds.
#[derive(Default)]
struct Numbers {
    load: Pair,
    updates: Pair,
    p50: Pair,
    p99: Pair,
    diffs: (usize, usize),
}

/// Measures and prints; `only` names one query.
///
/// # Errors
/// Returns an error if a side refuses the workload.
pub fn run(runtime: &Runtime, size: Size, rounds: usize, only: Option<&str>) -> anyhow::Result<()> {
    header("Engine step in memory, one change a transaction");
    for query in QUERIES.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let case = case(query, size);
        let mut numbers = Numbers::default();
        for _ in 0..rounds {
            let mut ours = livewell_run(&case)?;
            let mut theirs = runtime.block_on(peer_run(&case))?;
            numbers.take(&mut ours, &mut theirs);
        }
        numbers.print(case.name);
    }
    Ok(())
}

/// Runs Livewell's side alone, for a profiler.
///
/// # Errors
/// Returns the errors of [`run`].
pub fn profile(size: Size, only: &str) -> anyhow::Result<()> {
    let query = QUERIES.into_iter().find(|(name, _)| *name == only);
    let query = query.ok_or_else(|| anyhow::anyhow!("no query is called {only:?}"))?;
    let mut run = livewell_run(&case(query, size))?;
    println!(
        "{only}: {:.0} loads/s, {:.0} updates/s, {:.1} us at p50",
        run.load.rate(),
        run.updates.rate(),
        run.updates.percentile_us(0.5)
    );
    Ok(())
}

fn livewell_run(case: &Case) -> anyhow::Result<Run> {
    let mut side = livewell::Side::new(case.text)?;
    let mut run = Run { load: Times::default(), updates: Times::default(), diffs: 0 };
    for change in case.load.iter().map(livewell::change).collect::<Vec<_>>() {
        let began = Instant::now();
        side.step(&change)?;
        run.load.add(began.elapsed());
    }
    for change in case.updates.iter().map(livewell::change).collect::<Vec<_>>() {
        let began = Instant::now();
        run.diffs += side.step(&change)?;
        run.updates.add(began.elapsed());
    }
    Ok(run)
}

async fn peer_run(case: &Case) -> anyhow::Result<Run> {
    let side = peer::Side::new(case.text).await;
    let mut run = Run { load: Times::default(), updates: Times::default(), diffs: 0 };
    let mut time = 0;
    let mut changes = |items: &[crate::workload::Item]| -> Vec<_> {
        items
            .iter()
            .map(|item| {
                time += 1;
                peer::change(item, time)
            })
            .collect()
    };
    let (load, updates) = (changes(&case.load), changes(&case.updates));
    for change in load {
        let began = Instant::now();
        side.step(change).await?;
        run.load.add(began.elapsed());
    }
    for change in updates {
        let began = Instant::now();
        run.diffs += side.step(change).await?;
        run.updates.add(began.elapsed());
    }
    Ok(run)
}

impl Numbers {
    fn take(&mut self, ours: &mut Run, theirs: &mut Run) {
        for (pair, share) in [(&mut self.p50, 0.5), (&mut self.p99, 0.99)] {
            pair.ours.push(ours.updates.percentile_us(share));
            pair.theirs.push(theirs.updates.percentile_us(share));
        }
        self.load.ours.push(ours.load.rate());
        self.load.theirs.push(theirs.load.rate());
        self.updates.ours.push(ours.updates.rate());
        self.updates.theirs.push(theirs.updates.rate());
        self.diffs = (ours.diffs, theirs.diffs);
    }

    fn print(&self, name: &str) {
        self.load.print(&format!("{name}: load"), "changes/s", Better::More);
        self.updates.print(&format!("{name}: updates"), "changes/s", Better::More);
        self.p50.print(&format!("{name}: update, p50"), "us", Better::Less);
        self.p99.print(&format!("{name}: update, p99"), "us", Better::Less);
        println!("| {name}: diffs of all updates | | {} | {} | |", self.diffs.0, self.diffs.1);
    }
}
