//! Expiry: what has not changed for as long as the settings say goes, and nothing else, in the log like any other delete.

use crate::fixture::*;
use livewell::clock::Clock;
use livewell::{
    Change, Expire, InProcess, IntoSource, Livewell, Node, Recovery, Relationship, Setup, Unwind,
};
use livewell_model::{Map, Timestamp, Value};
use livewell_source::settings::Clock as Follows;
use livewell_source::unwind::Part;
use livewell_store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
const LABELS: [&str; 3] = ["A", "B", "C"];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The settings that the random tests change between.
fn settings() -> Vec<Option<Expire>> {
    vec![
        None,
        Some(Expire::all(seconds(30))),
        Some(Expire::by_label([("A", seconds(10)), ("B", seconds(50))])),
        Some(Expire::by_label([("A", seconds(40)), ("C", seconds(5))])),
    ]
}

/// How long an element with this label is kept, by these settings, in seconds.
fn period(rules: usize, label: &str) -> Option<i64> {
    match (rules, label) {
        (1, _) => Some(30),
        (2, "A") => Some(10),
        (2, "B") => Some(50),
        (3, "A") => Some(40),
        (3, "C") => Some(5),
        _ => None,
    }
}

#[derive(Debug, Clone)]
enum Act {
    /// Inserts an element with this label and number, so many seconds after the newest time.
    Send {
        id: u8,
        label: usize,
        x: i64,
        after: i64,
    },
    Delete {
        id: u8,
        after: i64,
    },
    /// Opens it again, with these settings.
    Reopen(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0..12_u8, 0..3_usize, 0..3_i64, -40..25_i64)
            .prop_map(|(id, label, x, after)| Act::Send { id, label, x, after }),
        1 => (0..12_u8, 0..25_i64).prop_map(|(id, after)| Act::Delete { id, after }),
        2 => (0..4_usize).prop_map(Act::Reopen),
    ];
    prop::collection::vec(act, 1..40)
}

/// What there should be: each element's label, number, and when it last changed.
#[derive(Debug, Default)]
struct Model {
    elements: BTreeMap<String, (&'static str, i64, i64)>,
    newest: i64,
    expired: usize,
}

impl Model {
    fn put(&mut self, id: &str, label: &'static str, x: i64, at: i64) {
        if self.elements.get(id).is_none_or(|(was, old, _)| (*was, *old) != (label, x)) {
            self.elements.insert(id.to_owned(), (label, x, at));
            self.newest = self.newest.max(at);
        }
    }

    fn delete(&mut self, id: &str, at: i64) {
        if self.elements.remove(id).is_some() {
            self.newest = self.newest.max(at);
        }
    }

    fn expire(&mut self, rules: usize) {
        let before = self.elements.len();
        let newest = self.newest;
        self.elements
            .retain(|_, (label, _, at)| period(rules, label).is_none_or(|period| *at + period > newest));
        self.expired += before - self.elements.len();
    }
}

async fn start(store: &Arc<dyn Store>, rules: usize) -> Livewell {
    let livewell = open(store);
    let source = InProcess::new("s").clock(Follows::Input);
    let source = match settings().swap_remove(rules) {
        Some(expire) => source.expire(expire),
        None => source,
    };
    let queries = vec![query("all", "MATCH (n) RETURN n.id AS id, n.x AS x")];
    let sources = vec![source.into_source()];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    livewell
}

async fn run(store: Arc<dyn Store>, acts: Vec<Act>) {
    let (mut rules, mut model) = (2, Model { newest: 1_000, ..Model::default() });
    let mut livewell = start(&store, rules).await;
    // So that times before the newest one are times before it.
    livewell.source("s").unwrap().send(labelled("first", "C", 0, 1_000)).await.unwrap();
    model.put("first", "C", 0, 1_000);
    for act in acts {
        match act {
            Act::Send { id, label, x, after } => {
                let (id, label, at) = (format!("e{id}"), LABELS[label], model.newest + after);
                livewell.source("s").unwrap().send(labelled(&id, label, x, at)).await.unwrap();
                model.put(&id, label, x, at);
            }
            Act::Delete { id, after } => {
                let (id, at) = (format!("e{id}"), model.newest + after);
                let delete = Change::delete(id.as_str()).at(Timestamp(at * SECOND));
                livewell.source("s").unwrap().send(delete).await.unwrap();
                model.delete(&id, at);
            }
            Act::Reopen(to) => {
                livewell.shutdown().await;
                rules = to;
                livewell = start(&store, rules).await;
            }
        }
        idle(&livewell).await;
        model.expire(rules);
        let rows = values(&livewell, "all");
        let shown: Vec<(Value, Value)> =
            rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        let wanted: Vec<(Value, Value)> = model
            .elements
            .iter()
            .map(|(id, (_, x, _))| (Value::string(id.as_str()), Value::Int(*x)))
            .collect();
        assert_eq!(shown.len(), wanted.len(), "{shown:?} {model:?}");
        assert!(wanted.iter().all(|row| shown.contains(row)), "{shown:?} {model:?}");
    }
    assert_verified(&livewell, "all");
    livewell.shutdown().await;
}

fn labelled(id: &str, label: &str, x: i64, at: i64) -> Change {
    Change::insert(Node::new(id).label(label).set("id", id).set("x", x)).at(Timestamp(at * SECOND))
}

#[test]
fn what_is_left_is_what_has_changed_lately_whatever_the_settings_were() {
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    proptest!(config, |(acts in acts(), on_disk in any::<bool>())| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = if on_disk { disk(&directory) } else { memory() };
        runtime.block_on(run(store, acts));
    });
}

/// A clock that stands until it is moved, in seconds.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst) * SECOND)
    }
}

#[tokio::test]
async fn while_nothing_comes_the_clock_lets_elements_expire_with_their_relationships_types() {
    let clock = Hand(Arc::new(AtomicI64::new(1_000)));
    let livewell = Livewell::builder().shared_store(memory()).clock(clock.clone()).build().unwrap();
    let expire = Expire::by_label([("Reading", seconds(60)), ("OF", seconds(60))]);
    let sources = vec![InProcess::new("s").expire(expire).into_source()];
    let queries = vec![
        query("readings", "MATCH (r:Reading)-[:OF]->(s:Sensor) RETURN r.id AS id, s.id AS sensor"),
        query("counted", "MATCH (r:Reading) RETURN count(*) AS readings"),
    ];
    let recorder = Recorder::default();
    let reactions = vec![reaction("seen", "counted", Recovery::Strict, recorder.clone())];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    let source = livewell.source("s").unwrap();
    source.send(Change::insert(Node::new("s1").label("Sensor").set("id", "s1"))).await.unwrap();
    for number in 0..2_500 {
        let id = format!("r{number}");
        let reading = Change::insert(Node::new(id.as_str()).label("Reading").set("id", id.as_str()));
        let of = Change::insert(Relationship::new(format!("{id}-OF"), "OF", id.as_str(), "s1"));
        source.send(vec![reading, of]).await.unwrap();
    }
    idle(&livewell).await;
    clock.0.store(1_059, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!((status(&livewell, "s").rows, status(&livewell, "s").expired), (5_001, 0));
    clock.0.store(1_060, Ordering::SeqCst);
    until(&livewell, "s", |status| status.expired == 5_000).await;
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").rows, 1, "the sensor stays");
    assert_eq!(values(&livewell, "counted"), [[Value::Int(0)]]);
    assert_eq!(rows(&livewell, "readings").len(), 0);
    for query in ["readings", "counted"] {
        assert_verified(&livewell, query);
    }
    let last = recorder.seen.lock().unwrap().last().map(|(_, _, result)| result.timestamp);
    assert_eq!(last, Some(Timestamp(1_060 * SECOND)), "reactions are told when it was");
    livewell.shutdown().await;
}

#[tokio::test]
async fn parts_expire_with_their_whole() {
    let into = Part { label: "Line".into(), id: Some("id".into()) };
    let rule = Unwind { label: "Order".into(), path: "lines".into(), relationship: "HAS".into(), into };
    let source = InProcess::new("s").clock(Follows::Input).unwind([rule]).expire(Expire::all(seconds(60)));
    let livewell = open(&memory());
    let queries = vec![query("lines", "MATCH (:Order)-[:HAS]->(l:Line) RETURN l.id AS id")];
    let sources = vec![source.into_source()];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    let order = |state: &str, at: i64| {
        let line = |id: &str| Value::Map(Map::from_iter([("id", Value::string(id))]).into());
        let order = Node::new("o1").label("Order").set("state", state);
        Change::insert(order.set("lines", Value::list(vec![line("a"), line("b")]))).at(Timestamp(at * SECOND))
    };
    let source = livewell.source("s").unwrap();
    // The lines are as old as the first; the order is not.
    for (state, at, left) in [("open", 100, 2), ("paid", 150, 2)] {
        source.send(order(state, at)).await.unwrap();
        idle(&livewell).await;
        assert_eq!(rows(&livewell, "lines").len(), left);
    }
    for (at, left) in [(161, 2), (209, 2), (210, 0)] {
        source.send(labelled("x", "X", at, at)).await.unwrap();
        idle(&livewell).await;
        assert_eq!(rows(&livewell, "lines").len(), left, "at {at}");
        assert_verified(&livewell, "lines");
    }
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_wiped_source_begins_its_index_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("changes.jsonl");
    let line = |id: &str, at: i64| {
        let element = format!(r#"{{"type":"node","id":"{id}","labels":["N"],"properties":{{"id":"{id}"}}}}"#);
        format!("{{\"operation\":\"insert\",\"timestamp\":{},\"element\":{element}}}\n", at * SECOND)
    };
    std::fs::write(&path, [line("a", 100), line("b", 130), line("c", 159)].concat()).unwrap();
    let mut settings = livewell_source::settings::FileSettings::new("s", &path);
    settings.expire = Some(Expire::all(seconds(60)));
    let livewell = open(&memory());
    let sources = vec![livewell_source::file::Files::new(settings).into_source()];
    let queries = vec![query("all", "MATCH (n) RETURN n.id AS id")];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "all").len(), 3);
    std::fs::write(&path, [line("a", 200), line("d", 245)].concat()).unwrap();
    livewell.reset("s").unwrap();
    // Otherwise the query could be built before there is nothing to build it from, and stop at the new epoch.
    idle(&livewell).await;
    livewell.reset("all").unwrap();
    idle(&livewell).await;
    assert_eq!(rows(&livewell, "all").len(), 2, "the times of what was wiped count no longer");
    livewell.shutdown().await;
}
