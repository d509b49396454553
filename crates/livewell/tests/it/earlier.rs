//! Stores in which an earlier build has written definitions in another form.

use crate::fixture::Recorder;
use livewell::{
    Change, InProcess, IntoSource, Livewell, MemoryStore, Node, Query, ReactionSetup, Recovery, Setup, Store,
    remove_stored, stored_query,
};
use livewell_source::unwind::Unwind;
use livewell_store::WriteSet;
use livewell_store::catalog::{self, CATALOG, Kind};
use serde_json::json;
use std::sync::Arc;

fn unwind() -> Unwind {
    serde_json::from_value(json!({
        "label": "Order", "path": "lines", "relationship": "HAS", "into": { "label": "Line", "id": "sku" }
    }))
    .unwrap()
}

async fn run(store: &Arc<dyn Store>, recorder: &Recorder) -> Livewell {
    let livewell = Livewell::builder().shared_store(store.clone()).build().unwrap();
    let recorder = ReactionSetup {
        id: "recorder".into(),
        queries: vec!["over".into()],
        recovery: Recovery::Strict,
        enabled: true,
        reaction: Box::new(recorder.clone()),
    };
    let labelled =
        Query { label: Some("Big".into()), ..Query::cypher("big", "MATCH (l:Line) RETURN l.sku AS sku") };
    let setup = Setup {
        sources: vec![InProcess::new("orders").unwind([unwind()]).into_source()],
        queries: vec![
            labelled.from("orders"),
            Query::cypher("over", "MATCH (b:Big) RETURN b.sku AS sku").from("big"),
        ],
        reactions: vec![recorder],
        ..Setup::default()
    };
    livewell.add(setup).await.unwrap();
    livewell
}

fn order(id: &str, sku: &str) -> Change {
    let line = livewell::Value::Map(Arc::new([("sku", sku.into())].into_iter().collect()));
    Change::insert(Node::new(id).label("Order").set("lines", livewell::Value::list(vec![line])))
}

/// Writes the definitions as builds before them did.
fn as_before(store: &Arc<dyn Store>) {
    let snapshot = store.snapshot().unwrap();
    let mut set = WriteSet::over(&*snapshot, CATALOG).unwrap();
    for mut entry in catalog::all(&*snapshot).unwrap() {
        entry.definition = match entry.kind {
            Kind::Source => json!([unwind()]).to_string(),
            Kind::Query => {
                json!({ "cypher": "MATCH (n) RETURN n.a AS a", "sources": ["orders"] }).to_string()
            }
            Kind::Reaction => json!({ "queries": ["over"] }).to_string(),
            Kind::Bare => continue,
        };
        set.put(entry.key(), entry.encode());
    }
    store.commit(&[set]).unwrap().remove(0).unwrap();
}

#[tokio::test]
async fn a_store_with_definitions_of_an_earlier_build_continues_where_it_was() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let recorder = Recorder::default();
    let livewell = run(&store, &recorder).await;
    livewell.source("orders").unwrap().send(order("o1", "a")).await.unwrap();
    livewell.idle().await.unwrap();
    let epoch = livewell.results("over").unwrap().epoch;
    livewell.shutdown().await;
    drop(livewell);

    as_before(&store);
    let refused = stored_query(&*store, "big").unwrap_err();
    assert!(refused.message.contains("earlier version"), "{refused}");
    assert!(remove_stored(&*store, "orders").is_err(), "what reads it is known by its checkpoints");

    let livewell = run(&store, &recorder).await;
    livewell.source("orders").unwrap().send(order("o2", "b")).await.unwrap();
    livewell.idle().await.unwrap();
    let results = livewell.results("over").unwrap();
    assert_eq!((results.epoch, results.row_count()), (epoch, 2));
    assert_eq!(recorder.sequences(), [1, 2], "nothing twice, nothing left out");
    assert_eq!(stored_query(&*store, "big").unwrap().label.as_deref(), Some("Big"));
    livewell.shutdown().await;
}
