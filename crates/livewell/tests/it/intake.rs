//! What sources take in: whole transactions or nothing.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Change, InProcess, IntoTransaction, Limits, Livewell, Node, Query, Relationship, Setup};
use livewell_model::Value;
use livewell_source::file::Files;
use livewell_source::settings::{FileSettings, OnError};

const ALL: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";

async fn start() -> Livewell {
    let livewell = open(&memory());
    let (sources, queries) =
        (vec![InProcess::new("s").into_source(), InProcess::new("t").into_source()], vec![query("all", ALL)]);
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    livewell
}

#[tokio::test]
async fn a_refused_transaction_leaves_nothing() {
    let livewell = start().await;
    let source = livewell.source("s").unwrap();
    source.send(node("a", 1)).await.unwrap();
    let bad = Change::update(Relationship::new("a", "R", "x", "y"));
    let error = source.send(vec![node("b", 2), bad]).await.unwrap_err();
    assert_eq!(error.kind, livewell::ErrorKind::Invalid, "{error}");
    idle(&livewell).await;
    assert_eq!(values(&livewell, "all").len(), 1);
    let status = status(&livewell, "s");
    assert_eq!((status.rows, status.sequence), (1, 1));
    livewell.shutdown().await;
}

#[tokio::test]
async fn several_transactions_are_taken_in_all_or_none() {
    let livewell = start().await;
    let source = livewell.source("s").unwrap();
    let bad = vec![node("a", 1), Change::update(Relationship::new("a", "R", "x", "y"))];
    let sent = vec![node("a", 1).into_transaction(), node("b", 1).into_transaction(), bad.into_transaction()];
    let (at, error) = source.send_all(sent.clone()).await.unwrap_err();
    assert_eq!((at, error.kind), (2, livewell::ErrorKind::Invalid));
    let receipts = source.send_all(sent[..2].to_vec()).await.unwrap();
    let of: Vec<_> = receipts.iter().map(|receipt| (receipt.position, receipt.sequence)).collect();
    assert_eq!(of, [(1, 1), (2, 2)]);
    idle(&livewell).await;
    assert_eq!(values(&livewell, "all").len(), 2);
    livewell.shutdown().await;
}

#[tokio::test]
async fn what_changes_nothing_is_counted_and_gets_no_position() {
    let livewell = start().await;
    let source = livewell.source("s").unwrap();
    source.send(node("a", 1)).await.unwrap();
    for change in [node("a", 1), Change::delete("unknown")] {
        assert_eq!(source.send(change).await.unwrap().position, 1);
    }
    assert_eq!(source.send(Change::delete("a")).await.unwrap().position, 2);
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").without_effect, 2);
    assert_eq!(status(&livewell, "all").sequence, 2);
    livewell.shutdown().await;
}

#[tokio::test]
async fn relationships_lead_from_one_source_to_another() {
    let livewell = start().await;
    let text = "MATCH (a:N)-[r:R]->(b:N) RETURN a.id AS a, b.id AS b";
    livewell.add_query(Query::cypher("across", text).from("s").from("t")).await.unwrap();
    let (s, t) = (livewell.source("s").unwrap(), livewell.source("t").unwrap());
    // The relationship comes before either end.
    s.send(Change::insert(Relationship::new("r", "R", "a", "b").to_source("t"))).await.unwrap();
    s.send(vec![node("a", 1), node("b", 1)]).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "across").len(), 0);
    t.send(node("b", 2)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "across"), [[Value::string("a"), Value::string("b")]]);
    assert_verified(&livewell, "across");
    t.send(Change::delete("b")).await.unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "across").len(), 0);
    assert_verified(&livewell, "across");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_file_that_parks_goes_on_after_what_is_no_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in.jsonl");
    let good = |id: &str| {
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["N"],"properties":{{"id":"{id}"}}}}}}"#
        )
    };
    let text = [good("a"), "no change".into(), good("b")].join("\n") + "\n";
    std::fs::write(&path, text).unwrap();
    let livewell = open(&memory());
    let file = FileSettings {
        id: "s".into(),
        path: Some(path),
        on_error: OnError::Park,
        follow: Some(false),
        ..FileSettings::default()
    };
    livewell
        .add(Setup {
            sources: vec![Files::new(file).into_source()],
            queries: vec![query("all", ALL)],
            ..Setup::default()
        })
        .await
        .unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").error, None);
    assert_eq!(values(&livewell, "all").len(), 2);
    livewell.shutdown().await;
}

#[tokio::test]
async fn ids_of_any_bytes_and_up_to_their_limit_are_elements_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    for store in [memory(), disk(&directory)] {
        let livewell = open(&store);
        let (sources, queries) = (vec![InProcess::new("s").into_source()], vec![query("all", ALL)]);
        livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
        let source = livewell.source("s").unwrap();
        let long = "ü".repeat(32 << 10);
        let ids = ["a", "a\0", "a\0\0", "\0", "\u{ff}", "\u{10ffff}", " ", "a\nb", long.as_str(), &long[2..]];
        for (x, id) in ids.iter().enumerate() {
            source.send(node(id, x as i64)).await.unwrap();
        }
        for id in ["", &"x".repeat((64 << 10) + 1)] {
            assert_eq!(source.send(node(id, 1)).await.unwrap_err().code, "LW0523");
        }
        idle(&livewell).await;
        assert_eq!(values(&livewell, "all").len(), ids.len());
        assert_verified(&livewell, "all");
        for id in ids {
            source.send(Change::delete(id)).await.unwrap();
        }
        idle(&livewell).await;
        assert_eq!((status(&livewell, "s").rows, values(&livewell, "all").len()), (0, 0));
        livewell.shutdown().await;
    }
}

#[tokio::test]
async fn a_transaction_beyond_the_limit_is_refused_and_one_at_it_taken() {
    let limits = Limits { transaction_changes_max: 5_000, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(memory()).limits(limits).build().unwrap();
    let (sources, queries) = (vec![InProcess::new("s").into_source()], vec![query("all", ALL)]);
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    let source = livewell.source("s").unwrap();
    let nodes = |count: i64| (0..count).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>();
    assert_eq!(source.send(nodes(5_001)).await.unwrap_err().code, "LW0520");
    source.send(nodes(5_000)).await.unwrap();
    idle(&livewell).await;
    assert_eq!((status(&livewell, "all").rows, status(&livewell, "all").sequence), (5_000, 1));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_full_log_refuses_and_takes_more_once_the_query_has_read_it() {
    let limits = Limits { log_entries_max: 3, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(memory()).limits(limits).build().unwrap();
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(Query { enabled: false, ..query("all", ALL) }).await.unwrap();
    let source = livewell.source("s").unwrap();
    for x in 0..3 {
        source.send(Change::insert(Node::new(format!("n{x}")).label("N"))).await.unwrap();
    }
    let error = source.send(node("more", 1)).await.unwrap_err();
    assert_eq!(error.kind, livewell::ErrorKind::Unavailable, "{error}");
    livewell.shutdown().await;
}
