//! What a store gives back after everything was stopped, or dropped in the middle.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Durability, EmbeddedStore, InProcess, Livewell, Query, ReactionSetup, Recovery, Setup};
use livewell_model::temporal::Date;
use livewell_model::{Decimal, Value};
use livewell_reaction::file::Append;
use livewell_store::commit::Conflict;
use livewell_store::head::{EpochRecord, Head};
use livewell_store::{IndexError, Snapshot, Store, StoreId, Version, WriteSet, catalog, compare, sweep};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

async fn start(store: &Arc<dyn Store>, reactions: Vec<ReactionSetup>) -> Livewell {
    let livewell = open(store);
    let queries = vec![
        query("all", "MATCH (n:N) RETURN n.id AS id, n.x AS x"),
        query("sums", "MATCH (n:N) RETURN n.x % 3 AS k, sum(n.x) AS x"),
        Query::cypher("top", "MATCH (s:sums) RETURN max(s.x) AS x").from("sums"),
    ];
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

fn stands(livewell: &Livewell) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let of = |query: &str| {
        let results = livewell.results(query).unwrap();
        (results.epoch, results.sequence, results.config_hash, rows(livewell, query))
    };
    ["all", "sums", "top"].map(of).into()
}

#[tokio::test]
async fn rows_signatures_and_sequences_are_the_same_after_reopening_and_positions_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = disk(&directory);
    let livewell = start(&store, Vec::new()).await;
    for x in 0..20 {
        livewell.source("s").unwrap().send(node(&format!("n{x}"), x)).await.unwrap();
    }
    idle(&livewell).await;
    let before = stands(&livewell);
    livewell.shutdown().await;
    drop(livewell);
    let livewell = start(&store, Vec::new()).await;
    idle(&livewell).await;
    assert_eq!(stands(&livewell), before);
    let receipt = livewell.source("s").unwrap().send(node("n20", 20)).await.unwrap();
    assert_eq!((receipt.position, receipt.sequence), (21, 21));
    idle(&livewell).await;
    ["all", "sums", "top"].iter().for_each(|query| assert_verified(&livewell, query));
    livewell.shutdown().await;
}

#[tokio::test]
async fn what_was_taken_in_and_not_yet_stepped_is_stepped_after_a_restart_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.jsonl");
    let store = disk(&directory);
    for round in 0..6 {
        let livewell =
            start(&store, vec![reaction("log", "sums", Recovery::Strict, Append::new(&path))]).await;
        let source = livewell.source("s").unwrap();
        for x in 0..40 {
            source.send(node(&format!("n{}", (x * 7 + round) % 31), x)).await.unwrap();
        }
        // No rest before the end.
        livewell.shutdown().await;
    }
    let livewell = start(&store, vec![reaction("log", "sums", Recovery::Strict, Append::new(&path))]).await;
    idle(&livewell).await;
    ["all", "sums", "top"].iter().for_each(|query| assert_verified(&livewell, query));
    let text = std::fs::read_to_string(&path).unwrap();
    let sequences: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["sequence"].as_u64().unwrap())
        .collect();
    let last = livewell.results("sums").unwrap().sequence;
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reaction_that_was_away_goes_on_where_it_stood() {
    let (store, recorder) = (memory(), Recorder::default());
    let act = || vec![reaction("act", "all", Recovery::Strict, recorder.clone())];
    for (at, reactions) in [act(), Vec::new(), act()].into_iter().enumerate() {
        let livewell = start(&store, reactions).await;
        livewell.source("s").unwrap().send(node("n", at as i64)).await.unwrap();
        idle(&livewell).await;
        livewell.shutdown().await;
    }
    assert_eq!(recorder.sequences(), [1, 2, 3]);
}

#[tokio::test]
async fn a_reaction_that_follows_another_query_too_starts_there_now() {
    let (store, recorder) = (memory(), Recorder::default());
    let mut one = reaction("act", "all", Recovery::Strict, recorder.clone());
    for round in 0..2 {
        let livewell = start(&store, vec![one]).await;
        livewell.source("s").unwrap().send(node("n", round)).await.unwrap();
        idle(&livewell).await;
        livewell.shutdown().await;
        one = reaction("act", "all", Recovery::Strict, recorder.clone());
        one.queries.push("sums".into());
    }
    assert_eq!(recorder.sequences(), [1, 2, 2]);
}

/// A store that takes its time for the sweeper.
struct SlowSweeps {
    inner: EmbeddedStore,
    sweeping: AtomicBool,
}

impl Store for SlowSweeps {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.inner.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        if sets.iter().any(|set| set.feed == catalog::SWEEPER) {
            self.sweeping.store(true, Ordering::Release);
            std::thread::park_timeout(Duration::from_millis(200));
        }
        self.inner.commit(sets)
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(livewell_store::MemoryStore::new()))
    }
}

#[tokio::test]
async fn a_directory_can_be_opened_again_right_after_a_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let inner = EmbeddedStore::open(&path, Durability::Os).unwrap();
    let mut garbage = WriteSet { feed: 99, next: Version { epoch: 1, commit: 1 }, ..WriteSet::default() };
    sweep::mark(&mut garbage, b"nothing");
    assert_eq!(inner.commit(&[garbage]).unwrap(), [Ok(())]);
    let store = Arc::new(SlowSweeps { inner, sweeping: AtomicBool::new(false) });
    let livewell = Livewell::builder().shared_store(store.clone()).build().unwrap();
    while !store.sweeping.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(store);
    livewell.shutdown().await;
    drop(livewell);
    EmbeddedStore::open(&path, Durability::Os).expect("nobody owns the directory any more");
}

#[tokio::test]
async fn parameters_that_json_has_no_form_for_are_the_same_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let exact = Value::from(Decimal::parse("12345678901234567890.5").unwrap());
    let day = Value::from(Date::new(2024, 2, 29).unwrap());
    for (round, least) in [exact, day, "2024-02-29".into()].into_iter().enumerate() {
        let store = disk(&directory);
        let livewell = open(&store);
        let mut query = query("q", "MATCH (n:N) WHERE n.x < 100 RETURN n.id AS id, $least AS least");
        query.params.insert("least", least.clone());
        let sources = vec![InProcess::new("s").into_source()];
        livewell.add(Setup { sources, queries: vec![query], ..Setup::default() }).await.unwrap();
        livewell.source("s").unwrap().send(node(&format!("n{round}"), 1)).await.unwrap();
        idle(&livewell).await;
        let shown: Vec<Value> = rows(&livewell, "q").into_values().map(|row| row[1].clone()).collect();
        assert_eq!(shown, vec![least.clone(); round + 1]);
        assert_eq!(livewell::stored_query(&*store, "q").unwrap().params.get("least"), Some(&least));
        assert_verified(&livewell, "q");
        livewell.shutdown().await;
    }
}

/// Writes into the store that the state of a query is that of another plan, as a version with other layouts has left it.
fn forget_the_plan(store: &Arc<dyn Store>, query: &str) {
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, query).unwrap().unwrap().number;
    let epoch = Head::read(&*snapshot, number).unwrap().unwrap().epoch;
    let mut record = EpochRecord::read(&*snapshot, number, epoch).unwrap().unwrap();
    record.fingerprint ^= 1;
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    set.put(EpochRecord::key(number, epoch), record.encode());
    store.commit(&[set]).unwrap().pop().unwrap().unwrap();
}

fn generation(store: &Arc<dyn Store>, query: &str) -> u32 {
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, query).unwrap().unwrap().number;
    Head::read(&*snapshot, number).unwrap().unwrap().generation
}

#[tokio::test]
async fn a_query_whose_state_is_of_another_plan_is_rebuilt_once_and_its_rows_stay() {
    let store = memory();
    let livewell = start(&store, Vec::new()).await;
    for x in 0..20 {
        livewell.source("s").unwrap().send(node(&format!("n{x}"), x)).await.unwrap();
    }
    idle(&livewell).await;
    let before = stands(&livewell);
    livewell.shutdown().await;
    forget_the_plan(&store, "sums");
    for _ in 0..2 {
        let livewell = start(&store, Vec::new()).await;
        idle(&livewell).await;
        assert_eq!(stands(&livewell), before);
        ["all", "sums", "top"].iter().for_each(|query| assert_verified(&livewell, query));
        livewell.shutdown().await;
        let generations = ["all", "sums", "top"].map(|query| generation(&store, query));
        assert_eq!(generations, [1, 2, 1]);
    }
}
