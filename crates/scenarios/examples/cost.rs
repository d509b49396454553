//! What a change costs, to compare builds: `cargo run --release -p livewell-scenarios --example cost -- filter|rename|build [ORDERS]`.
//!
//! `filter` sends 220,000 changes in groups of a thousand to a query that filters; `rename` changes the name of one
//! customer, which is in 100,000 rows, five times; `build` adds a query that joins to ORDERS orders (200,000) that are
//! there. Each over a new embedded store, durability `os`. Prints the processor time of the whole process for it.

#![expect(clippy::print_stdout, reason = "it measures")]

use livewell::{
    Change, Durability, EmbeddedStore, InProcess, IntoTransaction, Livewell, Node, Query, Relationship,
    SourceHandle,
};
use std::fs;

/// How many changes are sent at once.
const GROUP: u64 = 1_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = tempfile::tempdir()?;
    let store = EmbeddedStore::open(directory.path().join("data"), Durability::Os)?;
    let livewell = Livewell::builder().store(store).build()?;
    let shop = livewell.add_source(InProcess::new("shop")).await?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["filter"] => filter(&livewell, &shop).await?,
        ["rename"] => rename(&livewell, &shop).await?,
        ["build"] => build(&livewell, &shop, 200_000).await?,
        ["build", orders] => build(&livewell, &shop, orders.parse()?).await?,
        _ => return Err("say filter, rename or build".into()),
    }
    livewell.shutdown().await;
    Ok(())
}

async fn filter(livewell: &Livewell, shop: &SourceHandle) -> Result<()> {
    const CHANGES: u64 = 220_000;
    let text = "MATCH (o:Order) WHERE o.total > 50 RETURN o.id AS id, o.total AS total";
    livewell.add_query(Query::cypher("high", text).from("shop")).await?;
    let all: Vec<Change> = (0..CHANGES)
        .map(|number| {
            let total = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            order(number * 7_919 % 20_000, i64::try_from(total % 100).unwrap_or_default())
        })
        .collect();
    let before = processor_time()?;
    for group in all.chunks(usize::try_from(GROUP)?) {
        let transactions = group.iter().cloned().map(IntoTransaction::into_transaction).collect();
        shop.send_all(transactions).await.map_err(|(_, error)| error)?;
    }
    livewell.idle().await?;
    println!("{:.2} µs a change", (processor_time()? - before) / CHANGES as f64 * 1e6);
    Ok(())
}

async fn rename(livewell: &Livewell, shop: &SourceHandle) -> Result<()> {
    const ORDERS: u64 = 100_000;
    const TIMES: u64 = 5;
    let text = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN o.id AS id, c.name AS name";
    livewell.add_query(Query::cypher("named", text).from("shop")).await?;
    let customer =
        |name: String| Change::insert(Node::new("c0").label("Customer").set("name", name.as_str()));
    shop.send(customer("first".into())).await?;
    orders(shop, ORDERS, 1).await?;
    livewell.idle().await?;
    let before = processor_time()?;
    for time in 0..TIMES {
        shop.send(customer(format!("name {time}"))).await?;
        livewell.idle().await?;
    }
    println!("{:.2} µs a row", (processor_time()? - before) / (ORDERS * TIMES) as f64 * 1e6);
    Ok(())
}

async fn build(livewell: &Livewell, shop: &SourceHandle, count: u64) -> Result<()> {
    const CUSTOMERS: u64 = 10_000;
    for number in 0..CUSTOMERS {
        let id = format!("c{number}");
        shop.send(Change::insert(Node::new(id.as_str()).label("Customer").set("id", id.as_str()))).await?;
    }
    orders(shop, count, CUSTOMERS).await?;
    livewell.idle().await?;
    let before = processor_time()?;
    let text = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE o.total > 10 \
        RETURN o.id AS id, c.id AS customer, o.total AS total";
    livewell.add_query(Query::cypher("joined", text).from("shop")).await?;
    livewell.idle().await?;
    println!("{:.2} s", processor_time()? - before);
    Ok(())
}

/// Sends orders, each placed by one of so many customers.
async fn orders(shop: &SourceHandle, count: u64, customers: u64) -> Result<()> {
    for first in (0..count).step_by(usize::try_from(GROUP)?) {
        let group = (first..count.min(first + GROUP)).flat_map(|number| {
            let placed = Relationship::new(
                format!("p{number}"),
                "PLACED_BY",
                format!("o{number}"),
                format!("c{}", number % customers),
            );
            [order(number, i64::try_from(number % 500).unwrap_or_default()), Change::insert(placed)]
        });
        shop.send(group.collect::<Vec<Change>>()).await?;
    }
    Ok(())
}

fn order(number: u64, total: i64) -> Change {
    let id = format!("o{number}");
    Change::insert(Node::new(id.as_str()).label("Order").set("id", id.as_str()).set("total", total))
}

/// The seconds of processor time of this process, its user's and the system's.
fn processor_time() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).unwrap_or("0").parse::<f64>();
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
