//! Verification on a store in use: it compares one moment, however much changes meanwhile, and holds up nobody.

use crate::fixture::*;
use crate::moody::Moody;
use livewell::verify::{Progress, Verified, verify, verify_within};
use livewell::{Change, InProcess, Livewell, Query, Relationship, SourceHandle};
use livewell_query::Meter;
use livewell_store::head::Building;
use livewell_store::{Head, Store, WriteSet, catalog, compare};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// More than are read from one snapshot, several times.
const NODES: i64 = 17_000;

const JOIN: &str = "MATCH (a:N)-[:R]->(b:N) WHERE a.x % 7 <> 3 RETURN a.id AS a, a.x AS x, b.x AS y";
const GROUPS: &str = "MATCH (n:N) RETURN n.x % 10 AS g, count(*) AS c, sum(n.x) AS s";
const ABOVE: &str = "MATCH (r:join) RETURN r.a AS a, r.x + r.y AS z";

/// Nodes, each with a relationship to its successor.
async fn running(store: &Arc<dyn Store>) -> (Livewell, SourceHandle) {
    let livewell = open(store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("join", JOIN)).await.unwrap();
    livewell.add_query(query("groups", GROUPS)).await.unwrap();
    livewell.add_query(Query::cypher("above", ABOVE).from("join")).await.unwrap();
    for first in (0..NODES).step_by(1_000) {
        source
            .send((first..first + 1_000).flat_map(|x| [node(&name(x), x), tie(x)]).collect::<Vec<_>>())
            .await
            .unwrap();
    }
    idle(&livewell).await;
    (livewell, source)
}

fn name(x: i64) -> String {
    format!("n{x:05}")
}

fn tie(x: i64) -> Change {
    let (from, to) = (name(x), name((x + 1) % NODES));
    Change::insert(Relationship::new(format!("r{x:05}"), "R", from, to))
}

/// Changes, deletes and makes elements all over the source, until it is told to end.
fn churn(source: SourceHandle, is_over: Arc<AtomicBool>) -> tokio::task::JoinHandle<i64> {
    tokio::spawn(async move {
        let mut sent = 0;
        while !is_over.load(Ordering::Relaxed) {
            let at = |step: i64| (sent * 7_919 + step) % NODES;
            let changes = vec![
                node(&name(at(0)), sent),
                Change::delete(name(at(5_000))),
                node(&name(at(9_000)), -sent),
                tie(at(9_000)),
                Change::delete(format!("r{:05}", at(12_000))),
                node(&format!("later{sent:07}"), sent),
                node(&format!("a-new{sent:07}"), sent),
            ];
            source.send(changes).await.unwrap();
            sent += 1;
        }
        sent
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_of_one_moment_while_everything_changes() {
    let directory = tempfile::tempdir().unwrap();
    let (livewell, source) = running(&disk(&directory)).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let churning = churn(source, is_over.clone());
    let mut sequences = Vec::new();
    for _ in 0..3 {
        for id in ["join", "groups", "above"] {
            let id = id.to_owned();
            let verified = livewell.unblock(move |livewell| livewell.verify(&id)).await.unwrap();
            assert_eq!(verified.differences, Vec::<String>::new());
            sequences.push(verified.sequence);
        }
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(churning.await.unwrap() > 20, "too little has changed meanwhile");
    sequences.dedup();
    assert!(sequences.len() > 3, "nothing has changed meanwhile: {sequences:?}");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_store_is_held_while_a_query_is_evaluated_and_progress_is_reported() {
    let store = Moody::new();
    let (livewell, _source) = running(&(Arc::new(store.clone()) as Arc<dyn Store>)).await;
    livewell.shutdown().await;
    let (read, compared, held) = (RefCell::new(Vec::new()), Cell::new(0), Cell::new(usize::MAX));
    let on_progress = |progress| match progress {
        Progress::Read { elements, of } => {
            assert_eq!(of, 2 * NODES as u64);
            read.borrow_mut().push(elements);
        }
        Progress::Compared { of, .. } => {
            assert!(of > 0);
            compared.set(compared.get() + 1);
            held.set(store.held_snapshots());
        }
        _ => {}
    };
    let verified = verify_within(&store, "join", &Meter::unlimited(), &on_progress).unwrap();
    assert_eq!(verified.differences, Vec::<String>::new());
    assert_eq!(held.get(), 0, "snapshots are held during the evaluation");
    let read = read.into_inner();
    assert!(read.len() > 4 && read.is_sorted() && compared.get() > 2, "{read:?}, {}", compared.get());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_ends_in_any_phase_when_nobody_wants_it() {
    let (livewell, _source) = running(&memory()).await;
    for when in ["at once", "while reading", "while evaluating"] {
        let is_cancelled = Arc::new(AtomicBool::new(when == "at once"));
        let flag = is_cancelled.clone();
        let on_progress = |progress: Progress| {
            let is_now = match progress {
                Progress::Read { elements, .. } => when == "while reading" && elements > 0,
                _ => when == "while evaluating",
            };
            is_cancelled.fetch_or(is_now, Ordering::Relaxed);
        };
        let ended =
            livewell.verify_within("join", usize::MAX, move || flag.load(Ordering::Relaxed), &on_progress);
        assert_eq!(ended.unwrap_err().code, "LW0543", "{when}");
    }
    for bytes in [100_000, 2_000_000] {
        let error = livewell.verify_within("join", bytes, || false, &|_| ()).unwrap_err();
        assert_eq!(error.code, "LW0543", "{error}");
        assert!(error.message.contains("verify_bytes"), "{error}");
    }
    livewell.shutdown().await;
}

/// Verifies `join`, and at its first piece has the source change so often, with all queries up to date, that its log is
/// trimmed beyond what is still to be read.
async fn verified_over_a_trimmed_log(holds_log: bool) -> Result<Verified, livewell::Error> {
    let store = memory();
    let (livewell, source) = running(&store).await;
    let runtime = tokio::runtime::Handle::current();
    let verified = tokio::task::spawn_blocking(move || {
        let is_first = Cell::new(true);
        let change = |_| {
            if is_first.replace(false) {
                runtime.block_on(async {
                    for x in 0..50 {
                        source.send(vec![node(&name(x * 100), -x)]).await.unwrap();
                        idle(&livewell).await;
                    }
                });
            }
        };
        if holds_log {
            return livewell.verify_within("join", usize::MAX, || false, &change);
        }
        // As if another process wrote the store.
        verify_within(&*store, "join", &Meter::unlimited(), &change)
    });
    verified.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_held_while_elements_are_read() {
    assert_eq!(verified_over_a_trimmed_log(true).await.unwrap().differences, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_trimmed_meanwhile_is_an_error_and_no_difference() {
    let error = verified_over_a_trimmed_log(false).await.unwrap_err();
    assert_eq!(error.code, "LW0529", "{error}");
    assert!(error.message.contains("`s` has dropped entries of its log"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_still_being_built_are_not_compared() {
    let store = memory();
    let livewell = open(&store);
    livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("join", JOIN)).await.unwrap();
    idle(&livewell).await;
    livewell.shutdown().await;
    assert_eq!(verify(&*store, "join").unwrap().differences, Vec::<String>::new());
    // As it is after a kill in the middle of a build.
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, "join").unwrap().unwrap().number;
    let head = Head { building: Some(Building::Changed), ..Head::read(&*snapshot, number).unwrap().unwrap() };
    let mut set = WriteSet::from_version(number, compare::read_version(&*snapshot, number).unwrap());
    set.put(Head::key(number), head.encode());
    assert!(store.commit(&[set]).unwrap()[0].is_ok());
    let error = verify(&*store, "join").unwrap_err();
    assert_eq!(error.code, "LW0529", "{error}");
    assert!(error.message.contains("is being built"), "{error}");
}
