//! Queries with `for_each`: for every value, also one that nothing has, the rows are those of the query with that
//! parameter, and what a listener is told leads there.

mod refused;
mod verified;

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{
    Change, Event, InProcess, Livewell, Node, OutboxSettings, ParameterType, Position, Query, Recovery,
    Setup, Subscription, Values,
};
use livewell_model::diff::Columns;
use livewell_model::{Diff, Value};
use livewell_store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Rows, groups, a window, distinct rows, two ways to a value, and an aggregate that has a row over nothing.
const TEXTS: [&str; 6] = [
    "MATCH (n:N) WHERE n.x = $x RETURN n.id AS id, n.y AS y",
    "MATCH (n:N {x: $x}) RETURN n.y AS y, count(*) AS c",
    "MATCH (n:N) WHERE n.x = $x RETURN n.id AS id, n.y AS y ORDER BY y DESC, id LIMIT 2",
    "MATCH (n:N) WHERE n.x = $x WITH DISTINCT n.y AS y RETURN y, 2 * y AS z",
    "MATCH (n:N {x: $x}) RETURN n.id AS id UNION MATCH (n:N) WHERE n.y = $x RETURN n.id AS id",
    "MATCH (n:N) WHERE $x = n.x RETURN count(*) AS c, sum(n.y) AS y, min(n.id) AS first",
];

fn each() -> Query {
    of_text(TEXTS[0])
}

fn of_text(text: &str) -> Query {
    query("each", text).for_each("x", ParameterType::Integer)
}

fn of(x: i64) -> Values {
    Values::of([("x", x)])
}

/// A node with the value that it belongs to and another one.
fn row(id: u64, x: i64, y: i64) -> Change {
    Change::insert(Node::new(format!("n{id}")).label("N").set("id", format!("n{id}")).set("x", x).set("y", y))
}

async fn start(store: &Arc<dyn Store>, query: Query) -> Livewell {
    let livewell = open(store);
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries: vec![query], ..Setup::default() }).await.unwrap();
    livewell
}

fn rows_of(livewell: &Livewell, values: &Values) -> BTreeMap<u64, Columns> {
    livewell.results_for("each", values).unwrap().rows().unwrap().collect::<Result<_, _>>().unwrap()
}

/// The rows of a value among all, by their first column; without any those of a value that nothing has, each of which
/// has a signature of its own.
fn filtered(livewell: &Livewell, x: i64) -> BTreeMap<u64, Columns> {
    let own = rows(livewell, "each").into_iter().filter(|(_, row)| row[0] == Value::Int(x));
    let own: BTreeMap<_, _> = own.map(|(signature, row)| (signature, row[1..].into())).collect();
    if !own.is_empty() {
        return own;
    }
    let nothing = rows_of(livewell, &of(NOBODYS)).into_values();
    rows_of(livewell, &of(x)).into_keys().zip(nothing).collect()
}

/// How the rows of a value differ from those of the query with that parameter.
fn differences(livewell: &Livewell, x: i64) -> Vec<String> {
    livewell.verify_value_within("each", &of(x), usize::MAX, || false, &|_| ()).unwrap().differences
}

fn end(livewell: &Livewell) -> Position {
    let results = livewell.results("each").unwrap();
    Position { epoch: results.epoch, sequence: results.sequence }
}

/// Reads what a listener is told until it is where the query is; returns how often it was reset.
async fn follow(livewell: &Livewell, listener: &mut Subscription, rows: &mut BTreeMap<u64, Columns>) -> u32 {
    let mut resets = 0;
    for _ in 0..5_000 {
        resets += drain(listener, rows).1;
        if listener.position() == Some(end(livewell)) {
            return resets;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("at {:?} instead of {:?}", listener.position(), end(livewell));
}

/// Rows that are put, with their two numbers, or deleted.
type Transaction = Vec<(u64, Option<(i64, i64)>)>;

#[derive(Debug, Clone)]
enum Act {
    /// Transactions, each of a few rows that are put or deleted.
    Send(Vec<Transaction>),
    Reset,
    Reopen,
    /// The listener of this value goes and comes back where it was.
    Leave(i64),
}

const VALUES: std::ops::Range<i64> = -2..4;
/// Nothing ever has it.
const NOBODYS: i64 = 99;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let row = (0..9_u64, prop::option::weighted(0.8, (VALUES, 0..3_i64)));
    let transaction = prop::collection::vec(row, 1..5);
    let act = prop_oneof![
        8 => prop::collection::vec(transaction, 1..8).prop_map(Act::Send),
        1 => Just(Act::Reset),
        1 => Just(Act::Reopen),
        3 => VALUES.prop_map(Act::Leave),
    ];
    prop::collection::vec(act, 1..25)
}

type Listeners = BTreeMap<i64, (Option<Subscription>, Position, BTreeMap<u64, Columns>)>;

async fn send(livewell: &Livewell, transactions: &[Transaction]) {
    let source = livewell.source("s").unwrap();
    for transaction in transactions {
        let mut changes: BTreeMap<u64, Change> = BTreeMap::new();
        for (id, put) in transaction {
            let change = match put {
                Some((x, y)) => row(*id, *x, *y),
                None => Change::delete(format!("n{id}")),
            };
            changes.insert(*id, change);
        }
        source.send(changes.into_values().collect::<Vec<_>>()).await.unwrap();
    }
}

async fn check(livewell: &Livewell, listeners: &mut Listeners) {
    for (x, (listener, at, rows)) in listeners.iter_mut() {
        let own = rows_of(livewell, &of(*x));
        assert_eq!(own, filtered(livewell, *x), "the rows of {x}");
        let mut again = match listener.take() {
            Some(listener) => listener,
            None => livewell.subscribe_for("each", &of(*x), Some(*at)).await.unwrap(),
        };
        follow(livewell, &mut again, rows).await;
        assert_eq!(*rows, own, "what the listener to {x} has");
        (*listener, *at) = (Some(again), end(livewell));
        assert_eq!(
            differences(livewell, *x),
            Vec::<String>::new(),
            "against the query with the parameter {x}"
        );
    }
    assert_verified(livewell, "each");
}

async fn run(store: Arc<dyn Store>, text: &str, acts: Vec<Act>) {
    let mut livewell = start(&store, of_text(text).outbox(small_outbox())).await;
    let first = end(&livewell);
    let mut listeners: Listeners =
        VALUES.chain([NOBODYS]).map(|x| (x, (None, first, rows_of(&livewell, &of(x))))).collect();
    for act in acts {
        match act {
            Act::Send(transactions) => {
                send(&livewell, &transactions).await;
                idle(&livewell).await;
                check(&livewell, &mut listeners).await;
            }
            Act::Reset => {
                livewell.reset("each").unwrap();
                idle(&livewell).await;
            }
            Act::Leave(x) => listeners.get_mut(&x).unwrap().0 = None,
            Act::Reopen => {
                listeners.values_mut().for_each(|(listener, ..)| *listener = None);
                livewell.shutdown().await;
                drop(livewell);
                livewell = start(&store, of_text(text).outbox(small_outbox())).await;
                idle(&livewell).await;
            }
        }
    }
    idle(&livewell).await;
    check(&livewell, &mut listeners).await;
    listeners.clear();
    livewell.shutdown().await;
    let damage = livewell::check_store(&*store).unwrap();
    assert!(damage.is_empty(), "{damage:?}");
}

#[test]
fn rows_and_diffs_of_each_value_are_those_of_all_that_have_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 32, failure_persistence: None, ..Config::default() };
    proptest!(config, |(acts in acts(), text in prop::sample::select(&TEXTS), on_disk in prop::bool::weighted(0.3))| {
        let directory = tempfile::tempdir().unwrap();
        let store = if on_disk { disk(&directory) } else { memory() };
        runtime.block_on(run(store, text, acts));
    });
}

#[tokio::test]
async fn a_row_that_goes_to_another_value_is_deleted_for_the_one_and_added_for_the_other() {
    let livewell = start(&memory(), each()).await;
    send(&livewell, &[vec![(1, Some((1, 7)))]]).await;
    idle(&livewell).await;
    let at = Some(end(&livewell));
    let mut one = livewell.subscribe_for("each", &of(1), at).await.unwrap();
    let mut two = livewell.subscribe_for("each", &of(2), at).await.unwrap();
    send(&livewell, &[vec![(1, Some((2, 8)))]]).await;
    let diffs = async |listener: &mut Subscription| match listener.next().await.unwrap() {
        Some(Event::Result { result, .. }) => (result.sequence, result.diffs),
        event => panic!("{event:?}"),
    };
    let data = |y: i64| -> Columns { ["n1".into(), Value::Int(y)].into() };
    let (sequence, gone) = diffs(&mut one).await;
    assert!(matches!(&gone[..], [Diff::Delete { data: before, .. }] if *before == data(7)), "{gone:?}");
    let (same, come) = diffs(&mut two).await;
    assert!(matches!(&come[..], [Diff::Add { data: after, .. }] if *after == data(8)), "{come:?}");
    assert_eq!(sequence, same, "its number is that of the whole query's result");
    assert_eq!(two.columns(), ["id", "y"]);
}

#[tokio::test]
async fn a_slow_listener_misses_nothing() {
    let livewell = start(&memory(), each()).await;
    let mut slow = livewell.subscribe_for("each", &of(1), None).await.unwrap();
    let mut rows = BTreeMap::new();
    follow(&livewell, &mut slow, &mut rows).await;
    for piece in 0..10 {
        let transactions: Vec<_> = (0..60).map(|n| vec![(piece * 60 + n, Some((1, 0)))]).collect();
        send(&livewell, &transactions).await;
        idle(&livewell).await;
    }
    let mut sequences = Vec::new();
    while sequences.len() < 600 {
        let event = tokio::time::timeout(Duration::from_secs(5), slow.next()).await.expect("there is more");
        let Ok(Some(Event::Result { result, .. })) = event else { panic!("{event:?}") };
        fold(&mut rows, &result.diffs);
        sequences.push(result.sequence);
    }
    assert_eq!(sequences, (1..=600).collect::<Vec<_>>());
    assert_eq!(rows, rows_of(&livewell, &of(1)));
}

#[tokio::test]
async fn a_listener_further_behind_than_what_is_kept_for_those_who_join_misses_nothing() {
    let livewell = start(&memory(), each()).await;
    let begun = end(&livewell);
    let mut first = livewell.subscribe_for("each", &of(2), None).await.unwrap();
    let mut rows = BTreeMap::new();
    follow(&livewell, &mut first, &mut rows).await;
    let (source, long) = (livewell.source("s").unwrap(), "y".repeat(100_000));
    for id in 0..120 {
        let node = Node::new(format!("n{id}")).label("N").set("id", id).set("x", i64::from(id % 10 == 0) + 1);
        source.send(Change::insert(node.set("y", long.as_str()))).await.unwrap();
    }
    idle(&livewell).await;
    follow(&livewell, &mut first, &mut rows).await;
    let (mut late, mut again) =
        (livewell.subscribe_for("each", &of(2), Some(begun)).await.unwrap(), BTreeMap::new());
    assert_eq!(follow(&livewell, &mut late, &mut again).await, 0, "it goes on where it was");
    assert_eq!((again.len(), &again), (12, &rows));
}

#[tokio::test]
async fn a_thousand_listeners_are_told_of_their_own_value_and_all_move_on() {
    const LISTENERS: i64 = 1_000;
    let livewell = start(&memory(), each()).await;
    let mut listeners = Vec::new();
    for x in 0..LISTENERS {
        let mut listener = livewell.subscribe_for("each", &of(x), None).await.unwrap();
        let mut rows = BTreeMap::new();
        follow(&livewell, &mut listener, &mut rows).await;
        listeners.push((listener, rows));
    }
    for x in [3, 500, 3, 999] {
        send(&livewell, &[vec![(x as u64, Some((x, x)))], vec![(5_000 + x as u64, Some((x, 1)))]]).await;
    }
    idle(&livewell).await;
    for (x, (listener, rows)) in (0..).zip(&mut listeners) {
        assert_eq!(follow(&livewell, listener, rows).await, 0);
        assert_eq!(*rows, rows_of(&livewell, &of(x)));
    }
}

#[tokio::test]
async fn a_listener_that_heard_nothing_can_resume_after_the_outbox_has_moved_on() {
    let outbox = OutboxSettings { capacity: 5, ..OutboxSettings::default() };
    let livewell = start(&memory(), each().outbox(outbox)).await;
    let mut quiet = livewell.subscribe_for("each", &of(7), None).await.unwrap();
    let mut rows = BTreeMap::new();
    follow(&livewell, &mut quiet, &mut rows).await;
    let begun = end(&livewell);
    for id in 0..30 {
        send(&livewell, &[vec![(id, Some((1, 0)))]]).await;
    }
    idle(&livewell).await;
    follow(&livewell, &mut quiet, &mut rows).await;
    let at = quiet.position().unwrap();
    assert_eq!(at, end(&livewell));
    let mut again = livewell.subscribe_for("each", &of(7), Some(at)).await.unwrap();
    assert_eq!(follow(&livewell, &mut again, &mut rows).await, 0, "it goes on");
    let mut late = livewell.subscribe_for("each", &of(7), Some(begun)).await.unwrap();
    let Some(Event::Reset { reason }) = late.next().await.unwrap() else { panic!("it is too late") };
    assert!(reason.contains("no longer reaches back"), "{reason}");
}

#[tokio::test]
async fn a_changed_definition_begins_again_for_every_value() {
    let store = memory();
    let livewell = start(&store, each()).await;
    send(&livewell, &[vec![(1, Some((1, 7)))], vec![(2, Some((2, 1)))]]).await;
    idle(&livewell).await;
    let at = end(&livewell);
    livewell.stop("each").await.unwrap();
    let changed = query("each", "MATCH (n:N) WHERE n.y = $y RETURN n.id AS id");
    livewell.add_query(changed.for_each("y", ParameterType::Integer)).await.unwrap();
    idle(&livewell).await;
    assert_eq!(livewell.results_for("each", &of(1)).unwrap_err().code, "LW0544");
    let mut listener = livewell.subscribe_for("each", &Values::of([("y", 7)]), Some(at)).await.unwrap();
    assert!(matches!(listener.next().await.unwrap(), Some(Event::Reset { .. })));
    let mut rows = BTreeMap::new();
    follow(&livewell, &mut listener, &mut rows).await;
    assert_eq!(rows.into_values().collect::<Vec<_>>(), [Columns::from(["n1".into()])]);
}

#[tokio::test]
async fn a_reaction_gets_the_values_as_the_first_columns() {
    let (livewell, recorder) = (start(&memory(), each()).await, Recorder::default());
    livewell.add_reaction(reaction("r", "each", Recovery::Strict, recorder.clone())).await.unwrap();
    send(&livewell, &[vec![(1, Some((5, 7)))], vec![(1, Some((6, 7)))]]).await;
    idle(&livewell).await;
    let seen = recorder.seen.lock().unwrap().clone();
    let row = |x: i64| Columns::from([x.into(), "n1".into(), 7.into()]);
    let diffs: Vec<(&str, Columns)> = seen
        .iter()
        .flat_map(|(_, columns, result)| {
            assert_eq!(columns, &["x", "id", "y"]);
            result.diffs.iter().map(|diff| match diff {
                Diff::Add { data, .. } => ("add", data.clone()),
                Diff::Delete { data, .. } => ("delete", data.clone()),
                Diff::Update { after, .. } => ("update", after.clone()),
            })
        })
        .collect();
    assert_eq!(diffs, [("add", row(5)), ("delete", row(5)), ("add", row(6))]);
}
