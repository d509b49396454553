//! Takes transactions all the way from a source to a reaction, for measurements of what one costs.
//!
//!     cargo run --release -p livewell-scenarios --example transactions -- COUNT EACH
//!
//! `COUNT` transactions are sent, `EACH` of them at once. Run twice with different counts, what the start takes cancels
//! out; `docs/benchmark.md` has the numbers that Valgrind counts.

use livewell::reactions::Callback;
use livewell::{
    Change, Error, InProcess, IntoTransaction, Livewell, MemoryStore, Node, Query, ReactionSetup, Recovery,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let number = |at| std::env::args().nth(at).and_then(|text| text.parse().ok());
    let (count, each) = (number(1).unwrap_or(1_000_u64), number(2).unwrap_or(1_u64).max(1));
    let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    let orders = livewell.add_source(InProcess::new("orders")).await?;
    let filter = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";
    livewell.add_query(Query::cypher("large", filter).from("orders")).await?;
    let sums = "MATCH (o:Order) RETURN o.customer AS customer, sum(o.total) AS total";
    livewell.add_query(Query::cypher("sums", sums).from("orders")).await?;
    let delivered = Arc::new(AtomicU64::new(0));
    let seen = delivered.clone();
    let call = move |_: &livewell::reactions::Outgoing<'_>| {
        seen.fetch_add(1, Ordering::Relaxed);
        Ok::<(), Error>(())
    };
    livewell
        .add_reaction(ReactionSetup {
            id: "counted".into(),
            queries: vec!["large".into(), "sums".into()],
            recovery: Recovery::Strict,
            enabled: true,
            reaction: Box::new(Callback::new(call)),
        })
        .await?;
    let order = |at: u64| {
        let node = Node::new(format!("o{}", at % 500)).label("Order");
        let node = node.set("id", format!("o{}", at % 500)).set("customer", format!("c{}", at % 50));
        Change::insert(node.set("total", 101 + (at % 900) as i64))
    };
    let mut sent = 0;
    while sent < count {
        let batch: Vec<_> = (sent..count.min(sent + each)).map(|at| order(at).into_transaction()).collect();
        sent += batch.len() as u64;
        orders.send_all(batch).await.map_err(|(_, error)| error)?;
    }
    livewell.idle().await?;
    livewell.shutdown().await;
    assert!(delivered.load(Ordering::Relaxed) > 0, "the reaction was called");
    Ok(())
}
