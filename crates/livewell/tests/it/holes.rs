//! A log that lost entries: every reader stops and names the missing one, wherever it is; none waits forever.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{EmbeddedStore, Event, InProcess, Livewell, Position, Recovery, Setup, State};
use livewell_source::file::Files;
use livewell_store::keyspace::log_key;
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Feed, Outbox, OutboxWriter, Store, WriteSet, catalog, compare};
use std::sync::Arc;

const TEXT: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";

/// Deletes keys of a component behind its back, as a damaged page of the store may.
fn lose(store: &dyn Store, id: &str, keys: impl Fn(u32, u64) -> Vec<Vec<u8>>) {
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, id).unwrap().unwrap().number;
    let epoch = Feed::open(snapshot.clone(), number).unwrap().map_or(1, |feed| feed.head.epoch);
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    keys(number, epoch).into_iter().for_each(|key| set.delete(key));
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
}

fn entries(sequences: &[u64]) -> impl Fn(u32, u64) -> Vec<Vec<u8>> {
    let sequences = sequences.to_vec();
    move |number, epoch| sequences.iter().map(|sequence| log_key(number, epoch, *sequence)).collect()
}

/// A source of which 10 transactions are logged, and a query that has taken in none of them; a recorder of the query
/// that has delivered none of its results if `delivers` is off.
async fn behind(store: &Arc<dyn Store>, recorder: &Recorder, (steps, delivers): (bool, bool)) -> Livewell {
    let livewell = open(store);
    let mut all = query("all", TEXT);
    all.enabled = steps;
    let mut reactions = vec![reaction("r", "all", Recovery::Strict, recorder.clone())];
    reactions[0].enabled = delivers;
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries: vec![all], reactions, ..Setup::default() }).await.unwrap();
    livewell
}

async fn after_losing(sequences: &[u64], of: &str, ran: (bool, bool)) -> (Livewell, Recorder) {
    let (store, recorder) = (memory(), Recorder::default());
    let livewell = behind(&store, &recorder, ran).await;
    let source = livewell.source("s").unwrap();
    for x in 0..10 {
        source.send(node(&format!("n{x}"), x)).await.unwrap();
    }
    if ran.0 {
        idle(&livewell).await;
    }
    livewell.shutdown().await;
    drop(livewell);
    lose(&*store, of, entries(sequences));
    (behind(&store, &recorder, (true, true)).await, recorder)
}

async fn expect_missing(livewell: &Livewell, id: &str, of: &str, sequence: u64) {
    reach(livewell, id, State::Error).await;
    let error = status(livewell, id).error.unwrap();
    let says = format!("entry {sequence} of epoch 1 is missing from the log of `{of}`, which goes up to 10");
    assert!(error.contains(&says) && error.contains("backup") && error.ends_with("[LW0310]"), "{error}");
}

#[tokio::test]
async fn a_query_stops_at_the_entry_that_its_source_lost() {
    let all: Vec<u64> = (1..=10).collect();
    for (lost, first) in [(&[1][..], 1), (&[4], 4), (&[10], 10), (&[9, 10], 9), (&all, 1)] {
        let (livewell, _) = after_losing(lost, "s", (false, false)).await;
        expect_missing(&livewell, "all", "s", first).await;
        livewell.shutdown().await;
    }
}

#[tokio::test]
async fn a_query_that_is_reset_goes_on_from_the_elements() {
    let (livewell, _) = after_losing(&[10], "s", (false, false)).await;
    expect_missing(&livewell, "all", "s", 10).await;
    livewell.reset("all").unwrap();
    idle(&livewell).await;
    assert_eq!((status(&livewell, "all").state, status(&livewell, "all").rows), (State::CaughtUp, 10));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reaction_stops_at_the_result_that_its_query_lost() {
    for (lost, first) in [(&[1][..], 1), (&[7], 7), (&[10], 10)] {
        let (livewell, recorder) = after_losing(lost, "all", (true, false)).await;
        expect_missing(&livewell, "r", "all", first).await;
        assert!(recorder.sequences().iter().all(|sequence| *sequence < first), "{:?}", recorder.sequences());
        livewell.shutdown().await;
    }
}

#[tokio::test]
async fn a_subscriber_fails_at_the_result_that_is_lost_and_the_query_shows_it() {
    let (livewell, _) = after_losing(&[10], "all", (true, true)).await;
    let mut subscription = livewell.subscribe_after("all", Position { epoch: 1, sequence: 9 }).await.unwrap();
    assert_eq!(subscription.look_ahead().unwrap_err().code, "LW0310");
    assert_eq!(subscription.try_next().unwrap_err().code, "LW0310");
    expect_missing(&livewell, "all", "all", 10).await;
    let mut subscription =
        livewell.subscribe_after("all", Position { epoch: 1, sequence: 10 }).await.unwrap();
    assert_eq!(subscription.try_next().unwrap(), None, "one that has seen it waits for what comes next");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_source_does_not_trim_past_what_is_lost() {
    let (livewell, _) = after_losing(&[10], "s", (true, true)).await;
    let error = livewell.source("s").unwrap().send(node("more", 1)).await.unwrap_err();
    assert_eq!(error.code, "LW0310", "{error}");
    reach(&livewell, "s", State::Error).await;
    livewell.shutdown().await;
}

#[tokio::test]
async fn an_outbox_is_not_read_for_whole_where_its_end_is_lost() {
    let (livewell, _) = after_losing(&[10], "all", (true, true)).await;
    let outbox = Outbox::new(livewell.store().clone());
    assert_eq!(outbox.read_from("all", 3).await.unwrap_err().code(), "LW0310");
    for sequence in [3, 7, 9] {
        outbox.append("outside", sequence, b"x").await.unwrap();
    }
    assert_eq!(outbox.read_from("outside", 3).await.unwrap().len(), 2);
    lose(&**livewell.store(), "outside", entries(&[9]));
    assert_eq!(outbox.read_from("outside", 3).await.unwrap_err().code(), "LW0310");
    assert_eq!(outbox.read_from("outside", 0).await.unwrap_err().code(), "LW0303");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reset_over_lost_rows_begins_a_new_epoch_instead_of_a_wrong_difference() {
    let store = memory();
    let livewell = behind(&store, &Recorder::default(), (true, true)).await;
    let source = livewell.source("s").unwrap();
    source.send((0..5).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>()).await.unwrap();
    idle(&livewell).await;
    let mut subscription = livewell.subscribe("all").await.unwrap();
    let mut seen = std::collections::BTreeMap::new();
    drain(&mut subscription, &mut seen);
    let signature = *rows(&livewell, "all").keys().next().unwrap();
    lose(&*store, "all", |number, _| {
        vec![livewell_store::keyspace::snapshot_key(number, 1, &signature.to_be_bytes())]
    });
    livewell.reset("all").unwrap();
    until(&livewell, "all", |one| one.epoch == 2).await;
    let reset = subscription.try_next().unwrap();
    assert!(matches!(&reset, Some(Event::Reset { .. })), "{reset:?}");
    seen.clear();
    drain(&mut subscription, &mut seen);
    assert_eq!((seen.len(), seen), (5, rows(&livewell, "all")));
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_list_of_what_is_set_aside_is_not_given_for_whole_where_a_piece_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ops.jsonl");
    std::fs::write(&path, "bad\nworse\n").unwrap();
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(directory.path().join("data"), livewell::Durability::Os).unwrap());
    let livewell = open(&store);
    let mut file = livewell_source::settings::FileSettings::new("s", &path);
    file.on_error = livewell_source::settings::OnError::Park;
    livewell.add(Setup { sources: vec![Files::new(file).into_source()], ..Setup::default() }).await.unwrap();
    idle(&livewell).await;
    assert_eq!(livewell.parked("s", 0, 10).unwrap().len(), 2);
    lose(&*store, "s", |number, _| vec![Key::new(Space::Parked).number(number).long(2).done()]);
    assert_eq!(livewell.parked("s", 0, 1).unwrap().len(), 1, "a page that is full says nothing of the rest");
    let error = livewell.parked("s", 1, 10).unwrap_err();
    assert!(error.code == "LW0303" && error.message.contains("1 of 2 pieces"), "{error}");
    livewell.shutdown().await;
}

#[tokio::test]
async fn after_an_unclean_end_what_small_feeds_count_is_checked_before_they_run() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let limits = livewell::Limits { scrub_bytes_per_second: 0, ..livewell::Limits::default() };
        Livewell::builder().shared_store(disk(&directory)).limits(limits).build().unwrap()
    };
    let setup = || {
        let (sources, queries) =
            (vec![InProcess::new("s").into_source()], vec![query("all", TEXT), query("other", TEXT)]);
        Setup { sources, queries, ..Setup::default() }
    };
    let livewell = open();
    livewell.add(setup()).await.unwrap();
    livewell
        .source("s")
        .unwrap()
        .send((0..5).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>())
        .await
        .unwrap();
    idle(&livewell).await;
    let signature = *rows(&livewell, "all").keys().next().unwrap();
    livewell.shutdown().await;
    drop(livewell);
    lose(&*disk(&directory), "all", |number, _| {
        vec![livewell_store::keyspace::snapshot_key(number, 1, &signature.to_be_bytes())]
    });
    for was_closed in [true, false] {
        if !was_closed {
            // What a process that was killed has left.
            let session = directory.path().join("data/SESSION");
            std::fs::write(session, "Livewell store session\ndurable\n").unwrap();
        }
        let livewell = open();
        livewell.add(setup()).await.unwrap();
        reach(&livewell, "other", State::CaughtUp).await;
        reach(&livewell, "all", if was_closed { State::CaughtUp } else { State::Error }).await;
        if !was_closed {
            let error = status(&livewell, "all").error.unwrap();
            assert!(error.contains("`all` holds 4 of 5 entries") && error.contains("[LW0303]"), "{error}");
        }
        livewell.shutdown().await;
    }
}

#[tokio::test]
async fn what_only_a_round_of_the_scrub_looks_at_stops_its_component_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ops.jsonl");
    std::fs::write(&path, "bad\nworse\n").unwrap();
    let mut file = livewell_source::settings::FileSettings::new("s", &path);
    file.on_error = livewell_source::settings::OnError::Park;
    let setup = || Setup { sources: vec![Files::new(file.clone()).into_source()], ..Setup::default() };
    let livewell = open(&disk(&directory));
    livewell.add(setup()).await.unwrap();
    idle(&livewell).await;
    assert!(!livewell.scrubbed().running && livewell.scrubbed().finished.is_none());
    livewell.shutdown().await;
    drop(livewell);
    lose(&*disk(&directory), "s", |number, _| vec![Key::new(Space::Parked).number(number).long(1).done()]);
    std::fs::write(directory.path().join("data/SESSION"), "Livewell store session\ndurable\n").unwrap();
    let livewell = open(&disk(&directory));
    livewell.add(setup()).await.unwrap();
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(
        error.contains("`s` holds 1 of 2 pieces of parked input") && error.contains("[LW0303]"),
        "{error}"
    );
    while livewell.scrubbed().finished.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let scrubbed = livewell.scrubbed();
    assert!(scrubbed.damaged == 1 && scrubbed.keys > 5 && scrubbed.bytes > 100, "{scrubbed:?}");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_reaction_that_lost_its_checkpoint_stops_instead_of_passing_over_results() {
    let (store, recorder) = (memory(), Recorder::default());
    let livewell = behind(&store, &recorder, (true, false)).await;
    livewell.source("s").unwrap().send(node("n", 1)).await.unwrap();
    until(&livewell, "all", |one| one.sequence == 1).await;
    livewell.shutdown().await;
    drop(livewell);
    let all = catalog::find(&*store.snapshot().unwrap(), "all").unwrap().unwrap().number;
    lose(&*store, "r", |number, _| vec![livewell_store::Checkpoint::key(number, all)]);
    let livewell = behind(&store, &recorder, (true, true)).await;
    reach(&livewell, "r", State::Error).await;
    let error = status(&livewell, "r").error.unwrap();
    assert!(error.contains("a checkpoint in `all` is missing") && error.contains("[LW0303]"), "{error}");
    assert_eq!(recorder.sequences(), [0u64; 0]);
    livewell.shutdown().await;
}
