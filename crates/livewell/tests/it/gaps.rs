//! Gaps: a consumer that comes back, or wakes up, behind what the outbox still holds.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Livewell, OutboxSettings, Query, ReactionSetup, Recovery, Setup, State, WhenFull};
use livewell_reaction::file::{Append, Table};
use livewell_store::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn all() -> Query {
    query("all", "MATCH (n:N) RETURN n.id AS id, n.x AS x").outbox(small_outbox())
}

async fn start(store: &Arc<dyn Store>, reaction: ReactionSetup) -> Livewell {
    let livewell = open(store);
    let sources = vec![InProcess::new("s").into_source()];
    let reactions = vec![reaction];
    livewell.add(Setup { sources, queries: vec![all()], reactions, ..Setup::default() }).await.unwrap();
    livewell
}

async fn send(livewell: &Livewell, ids: std::ops::Range<i64>) {
    let source = livewell.source("s").unwrap();
    for x in ids {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    idle(livewell).await;
}

/// Runs with the reaction, then without it past the outbox's capacity, then with it again.
async fn with_gap(make: impl Fn() -> ReactionSetup) -> Livewell {
    let store = memory();
    let livewell = start(&store, make()).await;
    send(&livewell, 0..3).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = start(&store, ReactionSetup { enabled: false, ..make() }).await;
    send(&livewell, 3..23).await;
    livewell.shutdown().await;
    drop(livewell);
    start(&store, make()).await
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn strict_stops_on_a_gap_and_says_what_to_do_and_reset_goes_on_from_what_is_true() {
    let recorder = Recorder::default();
    let livewell = with_gap(|| reaction("r", "all", Recovery::Strict, recorder.clone())).await;
    reach(&livewell, "r", State::Error).await;
    let error = status(&livewell, "r").error.unwrap();
    assert!(
        error.contains("`all`") && error.contains("reset r") && error.contains("auto_skip_gap"),
        "{error}"
    );
    assert_eq!(recorder.sequences(), [1, 2, 3]);
    livewell.reset("r").unwrap();
    idle(&livewell).await;
    reach(&livewell, "r", State::CaughtUp).await;
    send(&livewell, 23..24).await;
    assert_eq!(recorder.sequences(), [1, 2, 3, 24]);
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_trigger_that_may_skip_goes_on_with_what_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.jsonl");
    let make = || reaction("r", "all", Recovery::AutoSkipGap, Append::new(&path));
    let livewell = with_gap(make).await;
    idle(&livewell).await;
    let sequences: Vec<u64> = lines(&path).iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, [1, 2, 3, 19, 20, 21, 22, 23]);
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_table_is_rebuilt_from_the_live_results() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.jsonl");
    let make = || reaction("r", "all", Recovery::AutoReset, Table::new(&path));
    let livewell = with_gap(make).await;
    idle(&livewell).await;
    assert_eq!(lines(&path).len(), 23);
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_strict_table_stops_on_a_gap_and_reset_heals_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.jsonl");
    let make = || reaction("r", "all", Recovery::Strict, Table::new(&path));
    let livewell = with_gap(make).await;
    reach(&livewell, "r", State::Error).await;
    assert_eq!(lines(&path).len(), 3);
    livewell.reset("r").unwrap();
    reach(&livewell, "r", State::CaughtUp).await;
    assert_eq!(lines(&path).len(), 23);
    livewell.shutdown().await;
}

async fn held_up(outbox: OutboxSettings, recovery: Recovery) -> (Livewell, Recorder) {
    let recorder = Recorder::default();
    let livewell = open(&memory());
    recorder.hold(true);
    let (sources, queries) = (vec![InProcess::new("s").into_source()], vec![all().outbox(outbox)]);
    let reactions = vec![reaction("r", "all", recovery, recorder.clone())];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    let source = livewell.source("s").unwrap();
    for x in 0..30 {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    (livewell, recorder)
}

#[tokio::test]
async fn a_full_outbox_makes_the_query_wait_and_nothing_is_lost() {
    let (livewell, recorder) = held_up(small_outbox(), Recovery::Strict).await;
    reach(&livewell, "all", State::Waiting).await;
    assert_eq!(status(&livewell, "all").sequence, 5);
    recorder.hold(false);
    idle(&livewell).await;
    assert_eq!(recorder.sequences(), (1..=30).collect::<Vec<_>>());
    assert_verified(&livewell, "all");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reaction_that_stands_still_too_long_is_no_longer_waited_for() {
    let outbox = OutboxSettings { max_wait: Duration::from_millis(200), ..small_outbox() };
    let (livewell, recorder) = held_up(outbox, Recovery::Strict).await;
    until(&livewell, "all", |status| status.sequence == 30).await;
    recorder.hold(false);
    reach(&livewell, "r", State::Error).await;
    assert!(recorder.sequences().len() < 26, "{:?}", recorder.sequences());
    livewell.shutdown().await;
}

#[tokio::test]
async fn an_outbox_that_evicts_waits_for_nobody_and_keeps_its_last_results() {
    let outbox = OutboxSettings { when_full: WhenFull::Evict, ..small_outbox() };
    let (livewell, recorder) = held_up(outbox, Recovery::AutoSkipGap).await;
    until(&livewell, "all", |status| status.sequence == 30).await;
    assert_eq!(status(&livewell, "all").log_entries, 5);
    recorder.hold(false);
    idle(&livewell).await;
    assert!(recorder.sequences().ends_with(&[26, 27, 28, 29, 30]), "{:?}", recorder.sequences());
    livewell.shutdown().await;
}
