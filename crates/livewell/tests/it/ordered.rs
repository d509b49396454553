//! Whoever reads the results of an ordered query gets them in its order, ties by the row's key.

use crate::fixture::{idle, memory, node, open, query, rows};
use livewell::{Event, InProcess};
use livewell_model::Value;

const ORDERED: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x ORDER BY n.x DESC";

/// The ids of a query's rows, as they are read.
fn read(livewell: &livewell::Livewell, query: &str) -> Vec<String> {
    let results = livewell.results(query).unwrap();
    results.rows().unwrap().map(|row| id(&row.unwrap().1[0])).collect()
}

fn id(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => panic!("no id: {other:?}"),
    }
}

#[tokio::test]
async fn rows_pages_and_snapshots_are_in_the_order_of_the_query() {
    let livewell = open(&memory());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("plain", "MATCH (n:N) RETURN n.id AS id")).await.unwrap();
    livewell.add_query(query("ordered", ORDERED)).await.unwrap();
    assert_eq!(read(&livewell, "ordered"), Vec::<String>::new());
    for (id, x) in [("a", 1), ("b", 5), ("c", 5), ("d", -3), ("e", 9), ("f", 0)] {
        source.send(node(id, x)).await.unwrap();
    }
    idle(&livewell).await;
    assert_eq!(read(&livewell, "ordered"), ["e", "b", "c", "a", "f", "d"]);
    let results = livewell.results("ordered").unwrap();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = results.page(after, 2).unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        paged.extend(page.into_iter().map(|(_, columns)| id(&columns[0])));
    }
    assert_eq!(paged, ["e", "b", "c", "a", "f", "d"]);
    assert_eq!(results.page(Some(1), 2).unwrap_err().code, "LW0701");
    let plain = livewell.results("plain").unwrap();
    let signatures: Vec<u64> = plain.rows().unwrap().map(|row| row.unwrap().0).collect();
    assert!(signatures.is_sorted(), "without an order: by signature");

    let mut subscription = livewell.subscribe("ordered").await.unwrap();
    let mut given = Vec::new();
    while let Some(Event::Row { data, .. }) = subscription.try_next().unwrap() {
        given.push(id(&data[0]));
    }
    assert_eq!(given, ["e", "b", "c", "a", "f", "d"]);
}

#[tokio::test]
async fn a_row_that_moves_is_read_at_its_new_place() {
    let livewell = open(&memory());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("moves", "MATCH (n:N) RETURN n.id AS id ORDER BY n.x")).await.unwrap();
    for (id, x) in [("a", 1), ("b", 2), ("c", 3)] {
        source.send(node(id, x)).await.unwrap();
    }
    idle(&livewell).await;
    let (before, sequence) = (rows(&livewell, "moves"), livewell.results("moves").unwrap().sequence);
    source.send(node("a", 7)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(read(&livewell, "moves"), ["b", "c", "a"]);
    // Nothing that the row holds has changed, so there is no diff.
    assert_eq!(before, rows(&livewell, "moves"));
    assert_eq!(livewell.results("moves").unwrap().sequence, sequence);
}
