//! What one query for every value costs beside others that say the same:
//! `cargo run --release -p livewell-scenarios --example each -- DIRECTORY HOW CUSTOMERS ORDERS`.
//!
//! Orders of customers, in groups of a thousand. HOW is `each` (one query, run for each customer), `listened` (the same,
//! and each customer has a listener, who hears of its own orders), `column` (one query with the customer as a column), or
//! `queries` (one for each customer). DIRECTORY may be `memory`, for the store in
//! memory. Prints how long it takes until all orders are in the rows, and with how much processor time and memory.

#![expect(clippy::print_stdout, reason = "it measures")]

use livewell::{
    Change, Durability, EmbeddedStore, Event, InProcess, IntoTransaction, Livewell, MemoryStore, Node, Query,
    Relationship, Setup, Subscription, Values,
};
use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How many changes are sent at once.
const GROUP: usize = 1_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, how, customers, orders] = &arguments[..] else {
        return Err("DIRECTORY HOW CUSTOMERS ORDERS are missing".into());
    };
    let (customers, orders): (u64, u64) = (customers.parse()?, orders.parse()?);
    let livewell = match directory.as_str() {
        "memory" => Livewell::builder().store(MemoryStore::new()).build()?,
        _ => Livewell::builder().store(EmbeddedStore::open(directory, Durability::Os)?).build()?,
    };
    let shop = livewell.add_source(InProcess::new("shop")).await?;
    let customer = |number: u64| {
        let id = format!("c{number}");
        Change::insert(Node::new(id.as_str()).label("Customer").set("id", id.as_str()))
    };
    for first in (0..customers).step_by(GROUP) {
        let group = first..customers.min(first + GROUP as u64);
        shop.send(group.map(customer).collect::<Vec<_>>()).await?;
    }
    livewell.add(Setup { queries: queries(how, customers)?, ..Setup::default() }).await?;
    livewell.idle().await?;
    let mut listening = JoinSet::new();
    if how == "listened" {
        let mut own: BTreeMap<u64, usize> = (0..customers).map(|number| (number, 0)).collect();
        for order in 0..orders {
            *own.entry(customer_of(order, customers)).or_default() += 1;
        }
        // All have seen that there is nothing before anything comes, so that each run does the same.
        let (begun, mut begins) = mpsc::channel(1);
        for (number, own) in own {
            let values = Values::of([("customer", format!("c{number}"))]);
            let subscription = livewell.subscribe_for("orders-of", &values, None).await?;
            listening.spawn(listen(subscription, own, begun.clone()));
        }
        drop(begun);
        while begins.recv().await.is_some() {}
    }

    let (begun, before) = (Instant::now(), processor_time()?);
    let all: Vec<Vec<Change>> = (0..orders).map(|number| order(number, customers)).collect();
    for group in all.chunks(GROUP) {
        let transactions = group.iter().cloned().map(IntoTransaction::into_transaction).collect();
        shop.send_all(transactions).await.map_err(|(_, error)| error)?;
    }
    livewell.idle().await?;
    while let Some(heard) = listening.join_next().await {
        heard?.map_err(|error| error.to_string())?;
    }
    let (wall, processor) = (begun.elapsed().as_secs_f64(), processor_time()? - before);
    let rows: u64 = livewell.status()?.iter().filter(|one| one.id != "shop").map(|one| one.rows).sum();
    println!(
        "{how}: {orders} orders of {customers} customers: {wall:.2} s, {processor:.2} s of processor time, \
         {:.1} µs an order, {rows} rows, {} MiB anonymous",
        processor * 1e6 / orders as f64,
        anonymous()? >> 10
    );
    livewell.shutdown().await;
    Ok(())
}

fn queries(how: &str, customers: u64) -> Result<Vec<Query>> {
    const PATTERN: &str = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer)";
    let of = |id: String, text: String| Query::cypher(id, text).from("shop");
    Ok(match how {
        "each" | "listened" => {
            let text = format!("{PATTERN} WHERE c.id = $customer RETURN o.id AS id, o.total AS total");
            vec![of("orders-of".into(), text).for_each("customer", livewell::ParameterType::Text)]
        }
        "column" => {
            let text = format!("{PATTERN} RETURN c.id AS customer, o.id AS id, o.total AS total");
            vec![of("orders".into(), text)]
        }
        "queries" => {
            let text =
                |number| format!("{PATTERN} WHERE c.id = 'c{number}' RETURN o.id AS id, o.total AS total");
            (0..customers).map(|number| of(format!("orders-of-{number}"), text(number))).collect()
        }
        other => return Err(format!("`{other}` is not each, listened, column or queries").into()),
    })
}

/// Listens until it has heard of so many rows.
async fn listen(
    mut subscription: Subscription,
    rows: usize,
    begun: mpsc::Sender<()>,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (mut heard, mut begun) = (0, Some(begun));
    while heard < rows || begun.is_some() {
        match subscription.next().await? {
            Some(Event::Reset { .. }) => heard = 0,
            Some(Event::Row { .. }) => heard += 1,
            Some(Event::SnapshotEnd { .. }) => drop(begun.take()),
            Some(Event::Result { result, .. }) => heard += result.diffs.len(),
            None => return Err("the query has ended".into()),
        }
    }
    Ok(())
}

fn customer_of(order: u64, customers: u64) -> u64 {
    order * 7_919 % customers
}

/// An order comes in one transaction with the relationship to its customer.
fn order(number: u64, customers: u64) -> Vec<Change> {
    let (order, customer) = (format!("o{number}"), format!("c{}", customer_of(number, customers)));
    let total = i64::try_from(number % 1_000).unwrap_or_default();
    let node = Node::new(order.as_str()).label("Order").set("id", order.as_str()).set("total", total);
    let placed = Relationship::new(format!("p{number}"), "PLACED_BY", order, customer);
    vec![Change::insert(node), Change::insert(placed)]
}

/// The seconds of processor time of this process, its user's and the system's.
fn processor_time() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).unwrap_or("0").parse::<f64>();
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// The anonymous memory of this process, in KiB.
fn anonymous() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}
