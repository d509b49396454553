//! A query that cannot take something in stops alone, says why, and can be healed.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Limits, Livewell, Recovery, Setup, State};
use livewell_model::Value;
use std::time::Duration;

#[tokio::test]
async fn an_evaluation_error_stops_its_query_only_and_a_reset_heals_it() {
    let livewell = open(&memory());
    let queries = vec![
        query("inverse", "MATCH (n:N) RETURN n.id AS id, 12 / n.x AS y"),
        query("all", "MATCH (n:N) RETURN n.id AS id"),
    ];
    livewell
        .add(Setup { sources: vec![InProcess::new("s").into_source()], queries, ..Setup::default() })
        .await
        .unwrap();
    idle(&livewell).await;
    let source = livewell.source("s").unwrap();
    let good = |id: &str, x| livewell::IntoTransaction::into_transaction(node(id, x));
    source.send_all(vec![good("a", 3), good("b", 4), good("zero", 0), good("c", 6)]).await.unwrap();
    idle(&livewell).await;
    reach(&livewell, "inverse", State::Error).await;
    let error = status(&livewell, "inverse").error.unwrap();
    assert!(error.contains("`inverse`") && error.contains("zero") && error.contains("position 3"), "{error}");
    assert_eq!(rows(&livewell, "inverse").len(), 2);
    assert_verified(&livewell, "inverse");
    assert_eq!(rows(&livewell, "all").len(), 4);
    // The data is mended, but the query has still to come past the bad transaction: only a reset helps.
    source.send(node("zero", 12)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "inverse").len(), 2);
    livewell.reset("inverse").unwrap();
    reach(&livewell, "inverse", State::CaughtUp).await;
    assert_eq!(rows(&livewell, "inverse").len(), 4);
    assert_verified(&livewell, "inverse");
    livewell.shutdown().await;
}

#[tokio::test]
async fn what_is_behind_a_trimmed_log_cannot_be_verified_and_that_is_no_damage() {
    let limits = Limits { error_hold: Duration::ZERO, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(memory()).limits(limits).build().unwrap();
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("q", "MATCH (n:N) RETURN 12 / n.x AS y")).await.unwrap();
    source.send(node("zero", 0)).await.unwrap();
    reach(&livewell, "q", State::Error).await;
    // In error it holds nothing, so what it has not taken in goes.
    for x in 1..5 {
        source.send(node("a", x)).await.unwrap();
    }
    assert_eq!(livewell.verify("q").unwrap_err().code, "LW0534");
    source.send(node("zero", 3)).await.unwrap();
    livewell.reset("q").unwrap();
    reach(&livewell, "q", State::CaughtUp).await;
    assert_verified(&livewell, "q");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_stopped_component_keeps_its_place_and_goes_on_when_it_is_added_again() {
    let livewell = open(&memory());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let text = "MATCH (n:N) RETURN n.id AS id";
    livewell.add_query(query("q", text)).await.unwrap();
    assert_eq!(livewell.add_query(query("q", text)).await.unwrap_err().code, "LW0503");
    let recorder = Recorder::default();
    livewell.add_reaction(reaction("r", "q", Recovery::Strict, recorder.clone())).await.unwrap();
    source.send(node("a", 1)).await.unwrap();
    idle(&livewell).await;
    for id in ["r", "q", "s"] {
        livewell.stop(id).await.unwrap();
        assert_eq!(status(&livewell, id).state, State::Stopped);
    }
    assert_eq!(source.send(node("b", 1)).await.unwrap_err().code, "LW0525");
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    source.send(node("b", 1)).await.unwrap();
    idle(&livewell).await;
    assert_eq!((rows(&livewell, "q").len(), recorder.sequences()), (1, vec![1]));
    livewell.add_query(query("q", text)).await.unwrap();
    livewell.add_reaction(reaction("r", "q", Recovery::Strict, recorder.clone())).await.unwrap();
    idle(&livewell).await;
    assert_eq!((rows(&livewell, "q").len(), recorder.sequences()), (2, vec![1, 2]));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_build_that_fails_keeps_the_old_rows_and_is_taken_up_again() {
    let store = memory();
    let livewell = open(&store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    source.send(vec![node("a", 3), node("b", 0)]).await.unwrap();
    livewell.add_query(query("q", "MATCH (n:N) RETURN n.x AS y")).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "q").len(), 2);
    livewell.shutdown().await;
    drop(livewell);
    let livewell = open(&store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("q", "MATCH (n:N) RETURN 12 / n.x AS y")).await.unwrap();
    reach(&livewell, "q", State::Error).await;
    assert_eq!(values(&livewell, "q"), [[Value::Int(0)], [Value::Int(3)]]);
    source.send(node("b", 4)).await.unwrap();
    livewell.reset("q").unwrap();
    reach(&livewell, "q", State::CaughtUp).await;
    assert_eq!(values(&livewell, "q"), [[Value::Int(3)], [Value::Int(4)]]);
    assert_verified(&livewell, "q");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_build_that_was_cut_off_is_taken_up_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = disk(&directory);
    let livewell = open(&store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    for chunk in 0..20 {
        let nodes: Vec<_> = (0..250).map(|x| node(&format!("n{chunk}-{x}"), x)).collect();
        source.send(nodes).await.unwrap();
    }
    livewell.add_query(query("q", "MATCH (n:N) RETURN n.x AS x, count(*) AS n")).await.unwrap();
    livewell.shutdown().await;
    drop(livewell);
    for _ in 0..3 {
        let livewell = open(&store);
        livewell.add_source(InProcess::new("s")).await.unwrap();
        livewell.add_query(query("q", "MATCH (n:N) RETURN n.x AS x, count(*) AS n")).await.unwrap();
        livewell.reset("q").unwrap();
        livewell.shutdown().await;
    }
    let livewell = open(&store);
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("q", "MATCH (n:N) RETURN n.x AS x, count(*) AS n")).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "q").len(), 250);
    assert_verified(&livewell, "q");
    livewell.shutdown().await;
}
