//! A store whose disk is full or fails: everything waits, says why, and resumes by itself with nothing lost or doubled.

use crate::fixture::*;
use crate::moody::{Mood, Moody};
use livewell::IntoSource;
use livewell::{InProcess, Livewell, Recovery, Setup, State};
use livewell_source::file::Files;
use livewell_source::settings::FileSettings;
use livewell_store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ALL: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";

fn line(x: usize) -> String {
    format!(
        "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"f{x}\",\"labels\":[\"N\"],\"properties\":{{\"id\":\"f{x}\",\"x\":{x}}}}}}}\n"
    )
}

async fn start(store: &Moody, file: &std::path::Path, recorder: &Recorder) -> Livewell {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = open(&store);
    let file = Files::new(FileSettings::new("f", file)).into_source();
    let sources = vec![InProcess::new("s").into_source(), file];
    let queries = vec![query("q", ALL), livewell::Query::cypher("files", ALL).from("f")];
    let reactions = vec![reaction("r", "q", Recovery::Strict, recorder.clone())];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_fails_everything_waits_with_the_reason_and_resumes_by_itself() {
    for (mood, code) in [(Mood::Full, "LW0302"), (Mood::Broken, "LW0305")] {
        let (store, recorder) = (Moody::new(), Recorder::default());
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f.jsonl");
        std::fs::write(&path, line(0)).unwrap();
        let livewell = start(&store, &path, &recorder).await;
        let source = livewell.source("s").unwrap();
        source.send(node("a", 1)).await.unwrap();
        until(&livewell, "files", |one| one.rows == 1).await;
        until(&livewell, "r", |one| one.sequence == 1).await;

        // What is on its way when it begins, and what comes then.
        recorder.hold(true);
        source.send(node("b", 2)).await.unwrap();
        until(&livewell, "q", |one| one.sequence == 2).await;
        store.is(mood);
        recorder.hold(false);
        std::fs::write(&path, line(0) + &line(1)).unwrap();
        for _ in 0..20 {
            let begun = Instant::now();
            let error = source.send(node("refused", 9)).await.unwrap_err();
            assert_eq!(error.code, code, "{error}");
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
        for id in ["s", "f", "r"] {
            until(&livewell, id, |one| one.state == State::Waiting).await;
            let error = status(&livewell, id).error.unwrap();
            assert!(error.contains(code), "{id}: {error}");
        }
        let waiting: Vec<String> = livewell.waiting_for_disk().into_iter().map(|(id, _)| id).collect();
        assert_eq!(waiting, ["f", "r", "s"]);
        assert_eq!(rows(&livewell, "q").len(), 2, "what is there can be read");
        // A while, in which nothing gets tired of trying or tries all the time.
        let before = store.refused();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let tried = store.refused() - before;
        assert!((2..40).contains(&tried), "{tried} attempts in 3 s");
        assert!(["s", "f", "q", "r"].iter().all(|id| status(&livewell, id).failures == 0));

        store.is(Mood::Well);
        until(&livewell, "files", |one| one.rows == 2).await;
        idle(&livewell).await;
        source.send(node("c", 3)).await.unwrap();
        for id in ["s", "f", "q", "files", "r"] {
            until(&livewell, id, |one| one.state == State::CaughtUp).await;
        }
        idle(&livewell).await;
        assert!(livewell.waiting_for_disk().is_empty());
        for one in livewell.status().unwrap() {
            assert_eq!((one.state, one.error), (State::CaughtUp, None), "{}", one.id);
        }
        assert_eq!(rows(&livewell, "q").len(), 3, "all that was acknowledged and nothing else");
        let mut seen = recorder.sequences();
        seen.dedup();
        assert_eq!(seen, [1, 2, 3]);
        ["q", "files"].iter().for_each(|id| assert_verified(&livewell, id));
        livewell.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_is_asked_for_while_the_disk_is_full_is_not_forgotten() {
    let (store, recorder) = (Moody::new(), Recorder::default());
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("f.jsonl");
    std::fs::write(&path, line(0)).unwrap();
    let livewell = start(&store, &path, &recorder).await;
    livewell.source("s").unwrap().send(node("a", 1)).await.unwrap();
    until(&livewell, "files", |one| one.rows == 1).await;
    idle(&livewell).await;
    let epoch = status(&livewell, "f").epoch;
    store.is(Mood::Full);
    ["f", "q", "r"].iter().for_each(|id| livewell.reset(id).unwrap());
    for id in ["f", "q", "r"] {
        until(&livewell, id, |one| one.state == State::Waiting).await;
    }
    // Gone from the file, so the source shows whether it was read again.
    std::fs::write(&path, line(5) + &line(6) + &line(7)).unwrap();
    store.is(Mood::Well);
    until(&livewell, "f", |one| one.epoch > epoch && one.rows == 3).await;
    idle(&livewell).await;
    assert_verified(&livewell, "q");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_to_the_end_does_not_wait_for_ever_for_a_full_disk() {
    let (store, recorder) = (Moody::new(), Recorder::default());
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("f.jsonl");
    std::fs::write(&path, line(0)).unwrap();
    let livewell = start(&store, &path, &recorder).await;
    idle(&livewell).await;
    store.is(Mood::Full);
    std::fs::write(&path, line(0) + &line(1)).unwrap();
    until(&livewell, "f", |one| one.state == State::Waiting).await;
    let begun = Instant::now();
    idle(&livewell).await;
    assert!(begun.elapsed() > Duration::from_millis(500), "it gives up only after a while");
    assert_eq!(status(&livewell, "f").state, State::Waiting);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_that_lasts_costs_a_reaction_no_results() {
    let (store, recorder) = (Moody::new(), Recorder::default());
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = open(&shared);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let mut small = query("q", ALL);
    small.outbox = livewell::OutboxSettings { max_wait: Duration::from_millis(300), ..small_outbox() };
    livewell.add_query(small).await.unwrap();
    livewell.add_reaction(reaction("r", "q", Recovery::Strict, recorder.clone())).await.unwrap();
    recorder.hold(true);
    source.send(node("a", 1)).await.unwrap();
    until(&livewell, "q", |one| one.sequence == 1).await;
    store.is(Mood::Full);
    recorder.hold(false);
    until(&livewell, "r", |one| one.state == State::Waiting && one.error.is_some()).await;
    // Longer than the outbox waits for a reaction that does not come forward.
    tokio::time::sleep(Duration::from_millis(900)).await;
    store.is(Mood::Well);
    for x in 0..30 {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    idle(&livewell).await;
    assert_eq!(status(&livewell, "r").state, State::CaughtUp, "{:?}", status(&livewell, "r").error);
    let mut seen = recorder.sequences();
    seen.dedup();
    assert_eq!(seen, (1..=31).collect::<Vec<_>>());
    livewell.shutdown().await;
}
