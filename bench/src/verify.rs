//! Verifying: a query's rows against its evaluation from scratch, in a process that does nothing else. Livewell's side
//! alone.

use anyhow::{Context, ensure};
use livewell::verify::verify;
use livewell::{Change, Durability, EmbeddedStore, InProcess, Livewell, Node, Query, Relationship};
use livewell_query::Join;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Each with its name. `KNOWS` leads from each customer to the next one and to the one before the last.
const QUERIES: [(&str, &str); 8] = [
    ("join", "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN o.id AS id, c.name AS name"),
    (
        "aggregate",
        "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN c.region AS region, count(o) AS n, sum(o.total) AS total",
    ),
    (
        "optional",
        "MATCH (o:Order) OPTIONAL MATCH (o)-[:PLACED_BY]->(c:Customer {region: 1}) RETURN o.id AS id, c.name AS name",
    ),
    (
        "exists",
        "MATCH (o:Order) WHERE EXISTS { MATCH (o)-[:PLACED_BY]->(c:Customer) WHERE c.region = 1 } RETURN o.id AS id",
    ),
    ("virtual", "MATCH (o:Order)-[:BY]-(c:Customer) RETURN o.id AS id, c.name AS name"),
    (
        "triangle",
        "MATCH (a:Customer)-[:KNOWS]->(b:Customer)-[:KNOWS]->(c:Customer)-[:KNOWS]->(a) RETURN a.id AS a, b.id AS b",
    ),
    ("trail", "MATCH (a:Customer)-[:KNOWS*1..3]->(b:Customer) RETURN a.id AS a, b.id AS b"),
    ("pairs", "MATCH (o:Order), (c:Customer) WHERE o.customer = c.id RETURN o.id AS id, c.name AS name"),
];

/// The name of the query in its store.
const QUERY: &str = "query";

/// Builds a store for each query (or for one), and verifies it in a new process, `rounds` times.
///
/// # Errors
/// Returns an error if a store or a process fails, or if a query differs.
pub fn run(
    runtime: &Runtime,
    (orders, customers): (u64, u64),
    rounds: usize,
    only: &str,
    directory: &Path,
) -> anyhow::Result<()> {
    println!("\nVerifying, {orders} orders of {customers} customers\n");
    println!("| query | rows | time, s | RssAnon at the most, MB |");
    println!("|---|---:|---:|---:|");
    for (name, text) in QUERIES.iter().filter(|(name, _)| only.is_empty() || only == *name) {
        let directory = tempfile::tempdir_in(directory)?;
        runtime.block_on(build(directory.path(), text, (orders, customers)))?;
        for _ in 0..rounds {
            let mut child = Command::new(std::env::current_exe()?);
            child.args(["verified", "--query", name]).arg("--directory").arg(directory.path());
            let status = child.status()?;
            ensure!(status.success(), "the new process ended with {status}");
        }
    }
    Ok(())
}

async fn build(directory: &Path, text: &str, (orders, customers): (u64, u64)) -> anyhow::Result<()> {
    let store = EmbeddedStore::open(directory.join("store"), Durability::Os)?;
    let livewell = Livewell::builder().store(store).build()?;
    let source = livewell.add_source(InProcess::new("shop")).await?;
    let join = Join::new("BY").key("Order", "customer").key("Customer", "id");
    let query = Query::cypher(QUERY, text).from("shop");
    livewell.add_query(if text.contains(":BY]") { query.join(join) } else { query }).await?;
    let knows = text.contains(":KNOWS");
    let people = (0..customers).flat_map(|at| customer(at, customers, knows));
    let sold = (0..if knows { 0 } else { orders }).flat_map(|at| order(at, customers));
    // The rows that a step makes are limited, and each order is paired with each customer.
    let batch_max = if text.contains("), (") { 200 } else { 2_000 };
    let mut batch = Vec::new();
    for change in people.chain(sold) {
        batch.push(change);
        if batch.len() == batch_max {
            source.send(std::mem::take(&mut batch)).await?;
        }
    }
    source.send(batch).await?;
    livewell.idle().await?;
    let failed = livewell.status()?.into_iter().find_map(|status| status.error);
    ensure!(failed.is_none(), "{failed:?}");
    livewell.shutdown().await;
    Ok(())
}

fn customer(at: u64, customers: u64, knows: bool) -> Vec<Change> {
    let id = format!("c{at}");
    let node = Node::new(&*id).label("Customer").set("id", &*id).set("name", format!("customer number {at}"));
    let mut changes = vec![Change::insert(node.set("region", (at % 50) as i64))];
    for (number, other) in [at + 1, at + customers - 2].into_iter().enumerate().filter(|_| knows) {
        let (tie, other) = (format!("k{at}-{number}"), format!("c{}", other % customers));
        changes.push(Change::insert(Relationship::new(tie, "KNOWS", &*id, other)));
    }
    changes
}

fn order(at: u64, customers: u64) -> Vec<Change> {
    let (id, customer) = (format!("o{at}"), format!("c{}", at * 7_919 % customers));
    let node = Node::new(&*id).label("Order").set("id", &*id).set("total", (at % 1_000) as i64);
    let tie = Relationship::new(format!("p{at}"), "PLACED_BY", &*id, &*customer);
    vec![Change::insert(node.set("customer", &*customer)), Change::insert(tie)]
}

/// Runs in the new process.
///
/// # Errors
/// Returns an error if the store cannot be read or the query differs.
pub fn child(name: &str, directory: &Path) -> anyhow::Result<()> {
    let store = EmbeddedStore::open(directory.join("store"), Durability::Os)?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let most = scope.spawn(|| most_anonymous_mb(&is_over));
        let began = Instant::now();
        let verified = verify(&store, QUERY);
        let time = began.elapsed();
        is_over.store(true, Ordering::Relaxed);
        let verified = verified?;
        ensure!(verified.differences.is_empty(), "{:?}", verified.differences);
        let most = most.join().ok().context("the measuring thread panicked")??;
        println!("| {name} | {} | {:.2} | {most:.0} |", verified.rows, time.as_secs_f64());
        Ok(())
    })
}

/// Returns the most anonymous resident memory of this process until it is over.
fn most_anonymous_mb(is_over: &AtomicBool) -> anyhow::Result<f64> {
    let mut most = 0.0;
    while !is_over.load(Ordering::Relaxed) {
        most = f64::max(most, crate::measure::anonymous_mb()?);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(most)
}
