//! What a new query over a large store costs: `cargo run --release -p livewell-scenarios --example build -- DIRECTORY [ORDERS]`.
//!
//! The first run fills the directory. Each later run adds one more query to it, and prints the processor time of its
//! build and the room that the store takes on its disk.

use livewell::{Change, Durability, EmbeddedStore, InProcess, Livewell, Node, Query, Relationship};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

const JOIN: &str = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE o.total > 100 \
    RETURN o.id AS id, c.name AS name";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it measures")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("the directory is missing")?;
    let orders: u64 = arguments.next().map_or(Ok(1_000_000), |number| number.parse())?;
    let is_new = !Path::new(&directory).exists();
    let store = EmbeddedStore::open(&directory, Durability::Os)?;
    let livewell = Livewell::builder().store(store).build()?;
    let source = livewell.add_source(InProcess::new("shop")).await?;
    if is_new {
        for first in (0..orders).step_by(1_000) {
            let changes: Vec<Change> = (first..orders.min(first + 1_000)).flat_map(order).collect();
            source.send(changes).await?;
        }
    } else {
        let (begun, before, room) = (Instant::now(), processor_time()?, room(&directory)?);
        let id = format!("q{}", fs::metadata(&directory)?.mtime());
        livewell.add_query(Query::cypher(&id, JOIN).from("shop")).await?;
        let mut most = room;
        while livewell.results(&id)?.is_to_come() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            most = most.max(self::room(&directory)?);
        }
        let ([user, system], after) = (before, processor_time()?);
        let (user, system, rows) = (after[0] - user, after[1] - system, livewell.results(&id)?.row_count());
        println!("{rows} rows in {:.1?}: user {user:.2} s, system {system:.2} s", begun.elapsed());
        println!("{} MiB before, at most {} MiB", room >> 20, most >> 20);
    }
    livewell.shutdown().await;
    drop((livewell, source));
    println!("{} MiB closed", room(&directory)? >> 20);
    Ok(())
}

/// An order and its customer, who has a hundred of them.
fn order(number: u64) -> [Change; 3] {
    let (id, customer) = (format!("o{number}"), format!("c{}", number / 100));
    let total = i64::try_from(number * 7_919 % 1_000).unwrap_or_default();
    let placed = Relationship::new(format!("p{number}"), "PLACED_BY", id.as_str(), customer.as_str());
    let order = Node::new(id.as_str()).label("Order").set("id", id.as_str()).set("total", total);
    let customer = Node::new(customer.as_str()).label("Customer").set("name", customer.as_str());
    [Change::insert(order), Change::insert(customer), Change::insert(placed)]
}

/// The seconds of processor time of this process, as user and in the system.
fn processor_time() -> Result<[f64; 2]> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).unwrap_or("0").parse::<f64>();
    Ok([ticks(11)? / 100.0, ticks(12)? / 100.0])
}

/// The bytes that the data file takes on the disk.
fn room(directory: &str) -> Result<u64> {
    Ok(fs::metadata(Path::new(directory).join("data.mdb"))?.blocks() * 512)
}
