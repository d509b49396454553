//! The whole system inside a program, without a server or a file: `cargo run -p livewell --example embed`.

use livewell::{Change, Durability, EmbeddedStore, Event, InProcess, Livewell, Node, Query};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let livewell =
        Livewell::builder().store(EmbeddedStore::open("livewell-data", Durability::Sync)?).build()?;
    let orders = livewell.add_source(InProcess::new("orders")).await?;
    let text = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";
    livewell.add_query(Query::cypher("big-orders", text).from("orders")).await?;

    let mut changes = livewell.subscribe("big-orders").await?; // a snapshot, then the tail, resumable
    while let Some(event) = changes.try_next()? {
        println!("{event:?}");
    }
    for (id, total) in [("o1", 250), ("o2", 50), ("o1", 260)] {
        let order = Node::new(id).label("Order").set("id", id).set("total", total);
        orders.send(Change::insert(order)).await?; // returns once durable
    }
    livewell.idle().await?;
    while let Some(event) = changes.try_next()? {
        if let Event::Result { result, .. } = event {
            println!("{}: {:?}", result.sequence, result.diffs);
        }
    }
    livewell.shutdown().await;
    Ok(())
}
