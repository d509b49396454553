//! A query without a value over the empty graph: it alone is in error from the start, and is built once there is one.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Limits, Livewell, Recovery, Setup, State};
use livewell_model::Value;

const MEAN: &str = "MATCH (n:N) RETURN sum(n.x) / count(*) AS mean";

fn setup(recorder: &Recorder) -> Setup {
    let queries = vec![
        query("mean", MEAN),
        query("all", "MATCH (n:N) RETURN n.id AS id"),
        livewell::Query::cypher("over", "MATCH (m:mean) RETURN m.mean AS mean").from("mean"),
    ];
    let reactions = vec![reaction("r", "mean", Recovery::Strict, recorder.clone())];
    Setup { sources: vec![InProcess::new("s").into_source()], queries, reactions, ..Setup::default() }
}

#[tokio::test]
async fn it_alone_is_in_error_by_name_and_a_reset_builds_it() {
    let livewell = open(&memory());
    let recorder = Recorder::default();
    livewell.add(setup(&recorder)).await.unwrap();
    idle(&livewell).await;
    let error = status(&livewell, "mean").error.unwrap();
    assert!(error.contains("empty graph") && error.ends_with("[LW0510]"), "{error}");
    assert!(livewell.results("mean").unwrap().is_to_come(), "no rows pass for its answer");
    let source = livewell.source("s").unwrap();
    source.send(vec![node("a", 3), node("b", 5)]).await.unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "mean").state, State::Error, "only a reset takes it up");
    assert_eq!(rows(&livewell, "all").len(), 2);
    livewell.reset("mean").unwrap();
    reach(&livewell, "mean", State::CaughtUp).await;
    reach(&livewell, "over", State::CaughtUp).await;
    for id in ["mean", "over"] {
        assert_eq!(values(&livewell, id), [[Value::Int(4)]]);
        assert_verified(&livewell, id);
    }
    source.send(node("c", 10)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "over"), [[Value::Int(6)]]);
    assert_eq!(recorder.sequences(), [1], "the reaction follows from the first rows on");
    livewell.shutdown().await;
}

#[tokio::test]
async fn started_again_over_elements_it_has_its_value() {
    let store = memory();
    let recorder = Recorder::default();
    let livewell = open(&store);
    livewell.add(setup(&recorder)).await.unwrap();
    livewell.source("s").unwrap().send(node("a", 3)).await.unwrap();
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = open(&store);
    livewell.add(setup(&recorder)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "mean"), [[Value::Int(3)]]);
    assert_verified(&livewell, "mean");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_build_takes_parts_together_where_one_alone_has_no_value() {
    let limits = Limits { rebuild_elements_max: 10, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(memory()).limits(limits).build().unwrap();
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let others: Vec<_> = (0..45)
        .map(|x| livewell::Change::insert(livewell::Node::new(format!("m{x}")).label("M").set("x", x)))
        .collect();
    source.send(others).await.unwrap();
    // After the others in the order of the snapshot, which is that of the ids.
    source.send(vec![node("z1", 3), node("z2", 5)]).await.unwrap();
    livewell.add_query(query("mean", MEAN)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "mean"), [[Value::Int(4)]]);
    assert_verified(&livewell, "mean");
    // An error of the whole base is one, at once and by name.
    livewell.add_query(query("never", "MATCH (m:M) RETURN 1 / (m.x - m.x) AS y")).await.unwrap();
    reach(&livewell, "never", State::Error).await;
    assert!(status(&livewell, "never").error.unwrap().contains("[LW0510]"));
    livewell.shutdown().await;
}
