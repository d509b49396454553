//! Functions of time: timers fire in their order and once, by the input's time or by the clock, also after a restart.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::clock::Clock;
use livewell::{InProcess, Livewell, Query, ReactionSetup, Recovery, Setup};
use livewell_model::{Diff, Timestamp, Value};
use livewell_source::settings::Clock as Follows;
use livewell_store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
const LATE: &str =
    "MATCH (n:N) WHERE livewell.trueFor(n.x > 10, duration('PT10S')) RETURN n.id AS id, n.x AS x";

/// A clock that stands until it is moved, in seconds.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst) * SECOND)
    }
}

async fn start(
    store: &Arc<dyn Store>,
    clock: &Hand,
    follows: Follows,
    reactions: Vec<ReactionSetup>,
) -> Livewell {
    let livewell = Livewell::builder().shared_store(store.clone()).clock(clock.clone()).build().unwrap();
    let sources = vec![InProcess::new("s").clock(follows).into_source()];
    let queries = vec![query("late", LATE)];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

async fn send(livewell: &Livewell, id: &str, x: i64, seconds: i64) {
    let change = node(id, x).at(Timestamp(seconds * SECOND));
    livewell.source("s").unwrap().send(change).await.unwrap();
}

async fn until_rows(livewell: &Livewell, wanted: usize) {
    for _ in 0..1_500 {
        if rows(livewell, "late").len() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there are {} rows, and {wanted} were to come", rows(livewell, "late").len());
}

/// What a recorder was given: the second of each result, and for each diff its sign and the id.
fn told(recorder: &Recorder) -> Vec<(i64, Vec<String>)> {
    let seen = recorder.seen.lock().unwrap();
    let of = |diff: &Diff| {
        let (sign, data) = match diff {
            Diff::Add { data, .. } => ('+', data),
            Diff::Delete { data, .. } => ('-', data),
            Diff::Update { after, .. } => ('~', after),
        };
        let Value::String(id) = &data[0] else { panic!("no id: {data:?}") };
        format!("{sign}{id}")
    };
    let results = seen.iter().map(|(_, _, result)| result);
    results.map(|result| (result.timestamp.0 / SECOND, result.diffs.iter().map(of).collect())).collect()
}

#[tokio::test]
async fn due_timers_fire_in_order_before_the_transaction_at_or_past_them() {
    let (store, clock, recorder) = (memory(), Hand::at(1_000_000), Recorder::default());
    let reactions = vec![reaction("r", "late", Recovery::Strict, recorder.clone())];
    let livewell = start(&store, &clock, Follows::Input, reactions).await;
    send(&livewell, "b", 20, 103).await;
    send(&livewell, "a", 20, 100).await;
    send(&livewell, "c", 20, 105).await;
    send(&livewell, "d", 5, 106).await;
    idle(&livewell).await;
    assert_eq!(told(&recorder), [], "the clock on the wall says nothing here");
    // `b` stays to 113, `c` is taken back at the very moment it becomes true; `a` came after `b`, in its time.
    send(&livewell, "c", 1, 115).await;
    idle(&livewell).await;
    let (added, gone) = (vec!["+c".to_string()], vec!["-c".to_string()]);
    let both = told(&recorder)[0].1.clone();
    assert_eq!(both.iter().map(String::len).sum::<usize>(), 4, "two came at 113: {both:?}");
    assert_eq!(told(&recorder)[1..], [(115, added), (115, gone)]);
    assert_verified(&livewell, "late");
    livewell.shutdown().await;
}

#[tokio::test]
async fn while_nothing_comes_the_clock_lets_timers_fire() {
    let (store, clock) = (memory(), Hand::at(100));
    let livewell = start(&store, &clock, Follows::Wall, Vec::new()).await;
    livewell.source("s").unwrap().send(node("a", 20)).await.unwrap();
    idle(&livewell).await;
    clock.set(109);
    tokio::time::sleep(Duration::from_millis(700)).await;
    until_rows(&livewell, 0).await;
    clock.set(110);
    until_rows(&livewell, 1).await;
    assert_verified(&livewell, "late");
    livewell.source("s").unwrap().send(node("a", 3)).await.unwrap();
    until_rows(&livewell, 0).await;
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_timer_that_was_due_while_nothing_ran_fires_once_after_the_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (store, clock, recorder) = (disk(&directory), Hand::at(100), Recorder::default());
    let recorded = || vec![reaction("r", "late", Recovery::Strict, recorder.clone())];
    let livewell = start(&store, &clock, Follows::Wall, recorded()).await;
    livewell.source("s").unwrap().send(node("a", 20)).await.unwrap();
    idle(&livewell).await;
    livewell.shutdown().await;
    clock.set(500);
    for _ in 0..2 {
        let livewell = start(&store, &clock, Follows::Wall, recorded()).await;
        until_rows(&livewell, 1).await;
        idle(&livewell).await;
        assert_verified(&livewell, "late");
        livewell.shutdown().await;
    }
    assert_eq!(told(&recorder), [(110, vec!["+a".to_string()])], "at the moment it became true, and once");
}

#[tokio::test]
async fn a_query_that_is_built_later_begins_its_histories_with_its_base() {
    let (store, clock) = (memory(), Hand::at(0));
    let livewell = start(&store, &clock, Follows::Input, Vec::new()).await;
    send(&livewell, "a", 20, 100).await;
    send(&livewell, "b", 1, 105).await;
    let previous = "MATCH (n:N) RETURN n.id AS id, livewell.previousDistinctValue(n.x) AS before";
    livewell.add_query(query("previous", previous)).await.unwrap();
    let again = Query::cypher("again", LATE).from("s");
    livewell.add_query(again).await.unwrap();
    idle(&livewell).await;
    send(&livewell, "b", 2, 114).await;
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "late").len(), 1, "true since 100");
    assert_eq!(rows(&livewell, "again").len(), 0, "true since the base at 105, as far as it knows");
    let text = |id: &str| Value::String(id.into());
    assert_eq!(values(&livewell, "previous"), [[text("a"), Value::Null], [text("b"), Value::Int(1)]]);
    send(&livewell, "b", 2_000, 115).await;
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "again").len(), 1);
    ["late", "again", "previous"].iter().for_each(|query| assert_verified(&livewell, query));
    livewell.shutdown().await;
}

#[tokio::test]
async fn an_element_keeps_the_time_of_its_last_change_and_its_versions_since_the_base() {
    let directory = tempfile::tempdir().unwrap();
    let (store, clock) = (disk(&directory), Hand::at(0));
    let livewell = start(&store, &clock, Follows::Input, Vec::new()).await;
    send(&livewell, "a", 1, 100).await;
    send(&livewell, "a", 2, 110).await;
    send(&livewell, "b", 7, 120).await;
    let changed = "MATCH (n:N) RETURN n.id AS id, livewell.changeDateTime(n).epochSeconds AS at";
    let past = "MATCH (n:N {id: 'a'}) \
        RETURN [v IN livewell.getVersionsByTimeRange(n, 0, 1000000, true) | v.x] AS xs, \
        livewell.getVersionByTimestamp(n, 125000).x AS was, livewell.getVersionByTimestamp(n, 1000).x AS early";
    livewell.add_query(query("changed", changed)).await.unwrap();
    livewell.add_query(query("past", past)).await.unwrap();
    idle(&livewell).await;
    let text = |id: &str| Value::String(id.into());
    let int = Value::Int;
    assert_eq!(values(&livewell, "changed"), [[text("a"), int(110)], [text("b"), int(120)]]);
    assert_eq!(values(&livewell, "past"), [[Value::list(vec![int(2)]), int(2), Value::Null]]);
    send(&livewell, "a", 3, 130).await;
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);

    let livewell = start(&store, &clock, Follows::Input, Vec::new()).await;
    livewell.add_query(query("changed", changed)).await.unwrap();
    livewell.add_query(query("past", past)).await.unwrap();
    send(&livewell, "a", 4, 140).await;
    idle(&livewell).await;
    assert_eq!(values(&livewell, "changed"), [[text("a"), int(140)], [text("b"), int(120)]]);
    let all = Value::list(vec![int(2), int(3), int(4)]);
    assert_eq!(values(&livewell, "past"), [[all, int(2), Value::Null]]);
    ["changed", "past"].iter().for_each(|query| assert_verified(&livewell, query));
    livewell.shutdown().await;
}

#[tokio::test]
async fn what_timers_and_a_transaction_do_at_one_position_reaches_a_following_query_as_one_transaction() {
    let (store, clock) = (memory(), Hand::at(0));
    let livewell = start(&store, &clock, Follows::Input, Vec::new()).await;
    livewell
        .add_query(Query::cypher("count", "MATCH (l:late) RETURN count(*) AS n").from("late"))
        .await
        .unwrap();
    for at in 0..20 {
        send(&livewell, &format!("n{at}"), 20, 100 + at).await;
    }
    send(&livewell, "n0", 1, 200).await;
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "late").len(), 19);
    assert_eq!(values(&livewell, "count"), [[Value::Int(19)]]);
    assert_verified(&livewell, "count");
    let over = Query::cypher(
        "over",
        "MATCH (l:late) WHERE livewell.trueFor(l.x > 1, duration('PT1S')) RETURN l.id AS id",
    );
    let refused = livewell.add_query(over.from("late")).await.expect_err("time over a query");
    assert_eq!(refused.code, "LW0536");
    livewell.shutdown().await;
}

/// A clock that is moved by hand, like the one that nobody sets.
#[derive(Clone)]
struct Both(Hand, Hand);

impl Clock for Both {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.1.now().0.unsigned_abs())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_holds_up_no_timer_and_time_continues_by_what_elapses() {
    let (store, wall, elapsed) = (memory(), Hand::at(100_000), Hand::at(0));
    let recorder = Recorder::default();
    let clock = Both(wall.clone(), elapsed.clone());
    let livewell = Livewell::builder().shared_store(store.clone()).clock(clock).build().unwrap();
    let (sources, queries) =
        (vec![InProcess::new("s").clock(Follows::Wall).into_source()], vec![query("late", LATE)]);
    let reactions = vec![reaction("r", "late", Recovery::Strict, recorder.clone())];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    let source = livewell.source("s").unwrap();
    source.send(node("a", 20)).await.unwrap();
    idle(&livewell).await;
    // An hour back, and six seconds later something else becomes true.
    wall.set(100_000 - 3_600);
    elapsed.set(6);
    source.send(node("b", 20)).await.unwrap();
    idle(&livewell).await;
    assert!(status(&livewell, "s").clock_behind_seconds > 3_500.0);
    elapsed.set(9);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    until_rows(&livewell, 0).await;
    elapsed.set(11);
    until_rows(&livewell, 1).await;
    elapsed.set(15);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    until_rows(&livewell, 1).await;
    elapsed.set(17);
    until_rows(&livewell, 2).await;
    idle(&livewell).await;
    let expected = [(100_010, vec!["+a".to_string()]), (100_016, vec!["+b".to_string()])];
    assert_eq!(told(&recorder), expected, "each ten seconds after it became true");
    assert_verified(&livewell, "late");
    // Once the clock is ahead again, it counts.
    wall.set(200_000);
    source.send(node("c", 20)).await.unwrap();
    wall.set(200_010);
    until_rows(&livewell, 3).await;
    assert_eq!(status(&livewell, "s").clock_behind_seconds, 0.0);
    livewell.shutdown().await;
}
