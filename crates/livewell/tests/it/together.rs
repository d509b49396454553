//! Builds that go together: each query has the rows that it has alone, whatever becomes of the others.

use crate::fixture::*;
use livewell::{InProcess, Limits, Livewell, Query, Relationship, Setup, State};
use livewell_store::Store;
use std::sync::Arc;

const ELEMENTS: i64 = 400;

async fn open_with(store: Arc<dyn Store>, routed_from: usize) -> Livewell {
    let limits = Limits { routed_from, rebuild_elements_max: 50, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(store).limits(limits).build().unwrap();
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell
}

async fn load(livewell: &Livewell) {
    let source = livewell.source("s").unwrap();
    let nodes = (0..ELEMENTS).map(|x| node(&format!("n{x}"), x % 40)).collect::<Vec<_>>();
    source.send(nodes).await.unwrap();
    let edges = (0..ELEMENTS).map(|x| {
        let (from, to) = (format!("n{x}"), format!("n{}", x * 7 % ELEMENTS));
        livewell::Change::insert(Relationship::new(format!("r{x}"), "R", from, to))
    });
    source.send(edges.collect::<Vec<_>>()).await.unwrap();
}

/// Queries of every kind, many of each.
fn queries() -> Vec<Query> {
    let texts = |at: i64| {
        [
            format!("MATCH (n:N) WHERE n.x = {at} RETURN n.id AS id"),
            format!("MATCH (n:N {{id: 'n{at}'}}) RETURN n.x AS x"),
            format!("MATCH (a:N)-[:R]->(b:N) WHERE a.x = {at} RETURN a.id AS a, b.id AS b"),
            format!("MATCH (n:N) WHERE n.x > {at} RETURN n.x AS x, count(*) AS n"),
            format!(
                "MATCH (n:N) WHERE n.x = {at} OPTIONAL MATCH (n)-[:R]->(m:N {{x: 3}}) RETURN n.id AS id, count(m) AS n"
            ),
            format!("MATCH (n:None) WHERE n.x = {at} RETURN count(*) AS n"),
            format!(
                "MATCH (n:N) WHERE n.x = {at} AND livewell.trueFor(n.x > 1, duration('PT1000H')) RETURN n.id AS id"
            ),
        ]
    };
    let numbered = (0..8).flat_map(texts).enumerate();
    numbered.map(|(at, text)| Query::cypher(format!("q{at}"), text).from("s")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_are_built_together_while_changes_come_have_the_rows_that_they_have_alone() {
    let (together, alone) = (open_with(memory(), 1).await, open_with(memory(), usize::MAX).await);
    for livewell in [&together, &alone] {
        load(livewell).await;
        idle(livewell).await;
        livewell.add(Setup { queries: queries(), ..Setup::default() }).await.unwrap();
        for x in 0..60 {
            let change = node(&format!("n{}", x * 5 % ELEMENTS), x % 11);
            livewell.source("s").unwrap().send(change).await.unwrap();
        }
        idle(livewell).await;
    }
    for query in queries() {
        assert_eq!(values(&together, &query.id), values(&alone, &query.id), "{}", query.cypher);
        assert_verified(&together, &query.id);
    }
    together.shutdown().await;
    alone.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_stopped_or_needs_more_memory_leaves_the_others_their_rows() {
    let livewell = open_with(memory(), 1).await;
    load(&livewell).await;
    let mut queries = queries();
    queries.push(Query::cypher("fails", "MATCH (n:N) WHERE n.id = 'n80' RETURN 100 / n.x AS x").from("s"));
    let mut greedy = Query::cypher("greedy", "MATCH (n:N) RETURN collect(n.id) AS ids").from("s");
    greedy.limits.step_bytes = 1_000;
    queries.push(greedy);
    livewell.add(Setup { queries: queries.clone(), ..Setup::default() }).await.unwrap();
    livewell.stop("q0").await.unwrap();
    livewell.reset("q1").unwrap();
    idle(&livewell).await;
    for query in &queries[1..] {
        let state = status(&livewell, &query.id).state;
        if matches!(&*query.id, "fails" | "greedy") {
            assert_eq!(state, State::Error, "{}", query.id);
        } else {
            assert_eq!(state, State::CaughtUp, "{}", query.id);
            assert_verified(&livewell, &query.id);
        }
    }
    // The division has a value now, and the stopped one is built when it comes back.
    livewell.source("s").unwrap().send(node("n80", 4)).await.unwrap();
    livewell.reset("fails").unwrap();
    livewell.add_query(queries[0].clone()).await.unwrap();
    idle(&livewell).await;
    for id in ["q0", "fails"] {
        assert_verified(&livewell, id);
    }
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_holds_all_builds_up_until_there_is_room() {
    use crate::moody::{Mood, Moody};
    let store = Moody::new();
    let livewell = open_with(Arc::new(store.clone()), 1).await;
    load(&livewell).await;
    idle(&livewell).await;
    livewell.add(Setup { queries: queries(), ..Setup::default() }).await.unwrap();
    store.is(Mood::Full);
    for _ in 0..200 {
        if store.refused() > 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    store.is(Mood::Well);
    idle(&livewell).await;
    for query in queries() {
        assert_eq!(status(&livewell, &query.id).state, State::CaughtUp);
        assert_verified(&livewell, &query.id);
    }
    livewell.shutdown().await;
}
