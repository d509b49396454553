//! Components that are added to what has been running for a while.

use crate::fixture::*;
use livewell::{InProcess, Query, Recovery, Setup};
use livewell_model::Value;
use livewell_reaction::file::Table;

const ALL: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";

#[tokio::test]
async fn a_query_over_what_is_there_has_it_as_its_base_and_no_history() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table.jsonl");
    let livewell = open(&memory());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    for x in 0..2_500 {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    let recorder = Recorder::default();
    let reactions = vec![
        reaction("act", "late", Recovery::Strict, recorder.clone()),
        reaction("keep", "late", Recovery::Strict, Table::new(&path)),
    ];
    // The one over the other is registered before the first has its rows.
    let over = Query::cypher("over", "MATCH (l:late) RETURN count(*) AS n").from("late");
    let queries = vec![query("late", ALL), over];
    livewell.add(Setup { queries, reactions, ..Setup::default() }).await.unwrap();
    let mut subscription = livewell.subscribe("late").await.unwrap();
    let mut seen = std::collections::BTreeMap::new();
    idle(&livewell).await;
    let results = livewell.results("late").unwrap();
    assert_eq!((results.sequence, results.row_count()), (0, 2_500));
    drain(&mut subscription, &mut seen);
    assert_eq!(seen, rows(&livewell, "late"));
    assert_eq!(values(&livewell, "over"), [[Value::Int(2_500)]]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2_500);
    assert_verified(&livewell, "late");
    assert_eq!(recorder.sequences(), [0; 0]);
    source.send(node("one more", 1)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(recorder.sequences(), [1]);
    assert_verified(&livewell, "over");
    livewell.shutdown().await;
}

#[tokio::test]
async fn an_aggregate_over_nothing_has_its_base_row() {
    let livewell = open(&memory());
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("n", "MATCH (n:N) RETURN count(*) AS n, max(n.x) AS x")).await.unwrap();
    livewell.add_query(Query::cypher("over", "MATCH (n:n) RETURN n.n AS n").from("n")).await.unwrap();
    idle(&livewell).await;
    let results = livewell.results("n").unwrap();
    assert_eq!((results.sequence, results.row_count()), (0, 1));
    assert_eq!(values(&livewell, "n"), [[Value::Int(0), Value::Null]]);
    assert_eq!(values(&livewell, "over"), [[Value::Int(0)]]);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_added_while_changes_come_misses_none_and_takes_none_in_twice() {
    let livewell = std::sync::Arc::new(open(&memory()));
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let sending = tokio::spawn(async move {
        for x in 0..600_i64 {
            source.send(node(&format!("n{}", x % 97), x)).await.unwrap();
        }
    });
    for at in 0..6 {
        let (text, over) =
            (ALL, format!("MATCH (q:q{at}), (n:N) WHERE q.id = n.id RETURN n.id AS id, n.x = q.x AS same"));
        livewell.add_query(query(&format!("q{at}"), text)).await.unwrap();
        let over = Query::cypher(format!("o{at}"), over).from(format!("q{at}")).from("s");
        livewell.add_query(over).await.unwrap();
        livewell.reset("q0").unwrap();
    }
    sending.await.unwrap();
    idle(&livewell).await;
    for at in 0..6 {
        assert_verified(&livewell, &format!("q{at}"));
        assert_verified(&livewell, &format!("o{at}"));
        assert!(values(&livewell, &format!("o{at}")).iter().all(|row| row[1] == Value::Bool(true)));
    }
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_over_a_source_that_has_just_begun_follows_it_from_the_start() {
    for _ in 0..20 {
        let livewell = std::sync::Arc::new(open(&memory()));
        let source = livewell.add_source(InProcess::new("s")).await.unwrap();
        let sending = tokio::spawn(async move {
            for x in 0..5 {
                source.send(node(&format!("n{x}"), x)).await.unwrap();
            }
        });
        livewell.add_query(query("q", ALL)).await.unwrap();
        sending.await.unwrap();
        idle(&livewell).await;
        assert_eq!((status(&livewell, "q").error, rows(&livewell, "q").len()), (None, 5));
        livewell.shutdown().await;
    }
}
