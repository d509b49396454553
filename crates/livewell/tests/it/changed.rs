//! A query whose text is another one than at the last run.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Event, InProcess, Livewell, Query, ReactionSetup, Recovery, Setup};
use livewell_reaction::file::Table;
use livewell_store::keyspace::{Key, Space, after_prefix};
use livewell_store::{Direction, Store, catalog};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

const OLD: &str = "MATCH (n:N) WHERE n.x > 1 RETURN n.id AS id";
const NEW: &str = "MATCH (n:N) WHERE n.x <= 1 RETURN n.id AS id, n.x AS x";

async fn start(store: &Arc<dyn Store>, text: &str, reactions: Vec<ReactionSetup>) -> Livewell {
    let livewell = open(store);
    let over = Query::cypher("over", "MATCH (b:base) RETURN count(*) AS n").from("base");
    let queries = vec![query("base", text), over];
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

fn log_keys(livewell: &Livewell, epoch: u64) -> usize {
    let snapshot = livewell.store().snapshot().unwrap();
    let number = catalog::find(&*snapshot, "base").unwrap().unwrap().number;
    let prefix = Key::new(Space::Log).number(number).long(epoch).done();
    let end = after_prefix(&prefix).unwrap();
    snapshot.scan(Bound::Included(&prefix), Bound::Excluded(&end), Direction::Forward).unwrap().count()
}

#[tokio::test]
async fn followers_drain_the_old_epoch_and_go_on_in_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table.jsonl");
    let (store, recorder) = (memory(), Recorder::default());
    let reactions = |enabled| {
        let act = reaction("act", "base", Recovery::Strict, recorder.clone());
        let keep = reaction("keep", "base", Recovery::Strict, Table::new(&path));
        vec![ReactionSetup { enabled, ..act }, keep]
    };
    let livewell = start(&store, OLD, reactions(false)).await;
    let source = livewell.source("s").unwrap();
    for x in 0..6 {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "base").len(), 4);
    let mut seen = BTreeMap::new();
    let mut subscription = livewell.subscribe("base").await.unwrap();
    let at = drain(&mut subscription, &mut seen).0.unwrap();
    drop(subscription);
    livewell.shutdown().await;
    drop(livewell);

    let livewell = start(&store, NEW, reactions(true)).await;
    idle(&livewell).await;
    let results = livewell.results("base").unwrap();
    assert_eq!((results.epoch, results.sequence, results.row_count()), (at.epoch + 1, 0, 2));
    for query in ["base", "over"] {
        assert_verified(&livewell, query);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    livewell.source("s").unwrap().send(node("n6", -1)).await.unwrap();
    idle(&livewell).await;
    let of = |(epoch, columns, result): &Recorded| (*epoch, columns.len(), result.sequence);
    let acted: Vec<_> = recorder.seen.lock().unwrap().iter().map(of).collect();
    let (old, new) = (at.epoch, at.epoch + 1);
    assert_eq!(acted, [(old, 1, 1), (old, 1, 2), (old, 1, 3), (old, 1, 4), (new, 2, 1)]);

    let mut subscription = livewell.subscribe_after("base", at).await.unwrap();
    assert!(matches!(subscription.try_next().unwrap(), Some(Event::Reset { .. })));
    seen.clear();
    drain(&mut subscription, &mut seen);
    assert_eq!(seen, rows(&livewell, "base"));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reaction_behind_by_several_changes_goes_on_through_each_epoch() {
    let (store, recorder) = (memory(), Recorder::default());
    let act = |enabled| {
        let act = reaction("act", "base", Recovery::Strict, recorder.clone());
        vec![ReactionSetup { enabled, ..act }]
    };
    for (run, text) in [OLD, NEW, OLD].into_iter().enumerate() {
        let livewell = start(&store, text, act(false)).await;
        idle(&livewell).await;
        for x in 0..3 {
            livewell.source("s").unwrap().send(node(&format!("n{run}{x}"), x)).await.unwrap();
        }
        idle(&livewell).await;
        livewell.shutdown().await;
    }
    let livewell = start(&store, OLD, act(true)).await;
    idle(&livewell).await;
    let of = |(epoch, _, result): &Recorded| (*epoch, result.sequence);
    let acted: Vec<_> = recorder.seen.lock().unwrap().iter().map(of).collect();
    assert_eq!(acted, [(1, 1), (2, 1), (2, 2), (3, 1)]);
    livewell.shutdown().await;
}

#[tokio::test]
async fn what_came_before_a_change_goes_through_the_old_definition_though_it_lags() {
    let store = memory();
    let livewell = start(&store, OLD, Vec::new()).await;
    livewell.stop("base").await.unwrap();
    for x in 0..4 {
        livewell.source("s").unwrap().send(node(&format!("n{x}"), x)).await.unwrap();
    }
    livewell.shutdown().await;
    let livewell = start(&store, NEW, vec![held()]).await;
    livewell.source("s").unwrap().send(node("n4", 1)).await.unwrap();
    idle(&livewell).await;
    assert_eq!((log_keys(&livewell, 1), log_keys(&livewell, 2)), (2, 1));
    let results = livewell.results("base").unwrap();
    assert_eq!((results.epoch, results.sequence, results.row_count()), (2, 1, 3));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_query_is_built_though_what_it_reads_two_queries_away_is_paused() {
    let livewell = open(&memory());
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.source("s").unwrap().send(node("n1", 1)).await.unwrap();
    livewell.add_query(query("a", "MATCH (n:N) RETURN n.id AS id")).await.unwrap();
    idle(&livewell).await;
    livewell.stop("a").await.unwrap();
    livewell
        .add_query(Query { enabled: false, ..query("a", "MATCH (n:N) RETURN n.id AS id") })
        .await
        .unwrap();
    livewell.source("s").unwrap().send(node("n2", 1)).await.unwrap();
    let over =
        |id: &str, read: &str| Query::cypher(id, format!("MATCH (r:{read}) RETURN r.id AS id")).from(read);
    livewell.add_query(over("b", "a")).await.unwrap();
    livewell.add_query(over("c", "b")).await.unwrap();
    until(&livewell, "c", |status| status.rows == 1).await;
    // And it gets the rest once that goes on.
    livewell.add_query(query("a", "MATCH (n:N) RETURN n.id AS id")).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "c").len(), 2);
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_new_query_lets_one_that_lags_come_to_where_it_begins_though_its_outbox_is_small() {
    let livewell = open(&memory());
    livewell.add_source(InProcess::new("s")).await.unwrap();
    let small = || Query { outbox: small_outbox(), ..query("base", "MATCH (n:N) RETURN n.id AS id") };
    livewell.add_query(small()).await.unwrap();
    idle(&livewell).await;
    livewell.stop("base").await.unwrap();
    for x in 0..40 {
        livewell.source("s").unwrap().send(node(&format!("n{x}"), x)).await.unwrap();
    }
    let over = Query::cypher("over", "MATCH (b:base) RETURN b.id AS id").from("base");
    livewell.add(Setup { queries: vec![small(), over], ..Setup::default() }).await.unwrap();
    idle(&livewell).await;
    let results = livewell.results("over").unwrap();
    assert_eq!((results.position, results.sequence, results.row_count()), (40, 0, 40));
    livewell.shutdown().await;
}

/// A reaction that does not run, and holds every result.
fn held() -> ReactionSetup {
    ReactionSetup { enabled: false, ..reaction("held", "base", Recovery::Strict, Recorder::default()) }
}

#[tokio::test]
async fn the_outbox_of_a_drained_epoch_is_given_up() {
    let store = memory();
    let livewell = start(&store, OLD, Vec::new()).await;
    livewell.source("s").unwrap().send(node("n", 5)).await.unwrap();
    idle(&livewell).await;
    let old = livewell.results("base").unwrap().epoch;
    assert_eq!(log_keys(&livewell, old), 1);
    livewell.shutdown().await;
    drop(livewell);
    let livewell = start(&store, NEW, Vec::new()).await;
    idle(&livewell).await;
    // The sweeper looks again every few seconds, and `base` whenever it comes to rest.
    for at in 0..600 {
        if log_keys(&livewell, old) == 0 {
            break;
        }
        livewell.source("s").unwrap().send(node("m", at)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(log_keys(&livewell, old), 0);
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_definition_changed_back_before_it_was_taken_up_is_the_old_one() {
    let store = memory();
    let livewell = start(&store, OLD, Vec::new()).await;
    livewell.source("s").unwrap().send(node("n", 5)).await.unwrap();
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = open(&store);
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(Query { enabled: false, ..query("base", NEW) }).await.unwrap();
    livewell.shutdown().await;
    drop(livewell);
    let livewell = start(&store, OLD, Vec::new()).await;
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "base").len(), 1);
    assert_verified(&livewell, "base");
    assert_verified(&livewell, "over");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_query_that_no_longer_reads_a_source_no_longer_holds_it() {
    let store = memory();
    let text = "MATCH (n:N) RETURN n.id AS id";
    let both = Query::cypher("q", text).from("s").from("t");
    let livewell = open(&store);
    let sources = || vec![InProcess::new("s").into_source(), InProcess::new("t").into_source()];
    livewell.add(Setup { sources: sources(), queries: vec![both], ..Setup::default() }).await.unwrap();
    livewell.source("t").unwrap().send(node("a", 1)).await.unwrap();
    livewell.source("s").unwrap().send(node("a", 1)).await.unwrap();
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = open(&store);
    let over = Query::cypher("over", "MATCH (q:q), (n:N) RETURN q.id AS q, n.id AS n").from("q").from("t");
    let queries = vec![query("q", text), over];
    livewell.add(Setup { sources: sources(), queries, ..Setup::default() }).await.unwrap();
    for x in 0..5 {
        livewell.source("t").unwrap().send(node("b", x)).await.unwrap();
    }
    livewell.source("s").unwrap().send(node("b", 1)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "q").len(), 2);
    assert_eq!(rows(&livewell, "over").len(), 4);
    assert_verified(&livewell, "over");
    livewell.shutdown().await;
}
