//! Random transactions, resets and reopenings against evaluation from scratch and the results one by one.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Change, InProcess, Livewell, Node, Query, Relationship, Setup};
use livewell_model::diff::Columns;
use livewell_store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Act {
    Send(Vec<Step>),
    Reopen,
    /// Dropped without a word; what was at work may still finish its step.
    Drop,
    Reset(u8),
    Check,
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, i64),
    Update(u8, i64),
    Join(u8, u8),
    Delete(u8),
    Part(u8, u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let step = prop_oneof![
        3 => (0..7_u8, -3..4_i64).prop_map(|(id, x)| Step::Insert(id, x)),
        2 => (0..7_u8, -3..4_i64).prop_map(|(id, x)| Step::Update(id, x)),
        3 => (0..7_u8, 0..7_u8).prop_map(|(a, b)| Step::Join(a, b)),
        1 => (0..7_u8).prop_map(Step::Delete),
        1 => (0..7_u8, 0..7_u8).prop_map(|(a, b)| Step::Part(a, b)),
    ];
    let act = prop_oneof![
        12 => prop::collection::vec(step, 1..6).prop_map(Act::Send),
        1 => Just(Act::Reopen),
        1 => Just(Act::Drop),
        1 => (0..3_u8).prop_map(Act::Reset),
        2 => Just(Act::Check),
    ];
    prop::collection::vec(act, 1..40)
}

fn change(step: &Step) -> Change {
    match step {
        Step::Insert(id, x) => node(&format!("n{id}"), *x),
        Step::Update(id, x) => Change::update(Node::new(format!("n{id}")).set("x", *x)),
        Step::Join(a, b) => {
            let (from, to) = (format!("n{a}"), format!("n{b}"));
            Change::insert(Relationship::new(format!("r{a}{b}"), "R", from, to))
        }
        Step::Delete(id) => Change::delete(format!("n{id}")),
        Step::Part(a, b) => Change::delete(format!("r{a}{b}")),
    }
}

const QUERIES: [(&str, &str); 3] = [
    ("join", "MATCH (a:N)-[:R]->(b:N) WHERE a.x < b.x RETURN a.id AS a, b.id AS b, b.x - a.x AS by"),
    ("total", "MATCH (n:N) RETURN n.x AS x, count(*) AS n, min(n.id) AS first"),
    ("distinct", "MATCH (a:N)-[:R]->(b) RETURN DISTINCT a.x AS x"),
];

async fn start(store: &Arc<dyn Store>) -> Livewell {
    let livewell = open(store);
    let queries = QUERIES.map(|(id, text)| query(id, text));
    let over =
        Query::cypher("over", "MATCH (t:total), (d:distinct) WHERE t.x = d.x RETURN t.x AS x, t.n AS n");
    let queries = queries.into_iter().chain([over.from("total").from("distinct")]).collect();
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    livewell
}

/// What subscribers of one query have, who resume where they were.
#[derive(Default)]
struct Seen {
    at: Option<livewell::Position>,
    rows: BTreeMap<u64, Columns>,
}

async fn check(livewell: &Livewell, seen: &mut HashMap<&'static str, Seen>) {
    idle(livewell).await;
    for query in ["join", "total", "distinct", "over"] {
        assert_eq!(status(livewell, query).error, None);
        assert_verified(livewell, query);
        let seen = seen.entry(query).or_default();
        let mut subscription = match seen.at {
            Some(at) => livewell.subscribe_after(query, at).await.unwrap(),
            None => livewell.subscribe(query).await.unwrap(),
        };
        let (at, resets) = drain(&mut subscription, &mut seen.rows);
        seen.at = at.or(seen.at);
        assert_eq!(resets, 0);
        assert_eq!(seen.rows, rows(livewell, query), "of `{query}`");
    }
}

async fn run(store: Arc<dyn Store>, acts: &[Act]) {
    let mut livewell = start(&store).await;
    let mut seen = HashMap::new();
    for act in acts {
        match act {
            Act::Send(steps) => {
                let changes: Vec<Change> = steps.iter().map(change).collect();
                livewell.source("s").unwrap().send(changes).await.unwrap();
            }
            Act::Reopen => {
                livewell.shutdown().await;
                livewell = start(&store).await;
            }
            Act::Drop => {
                drop(livewell);
                livewell = start(&store).await;
            }
            Act::Reset(at) => livewell.reset(QUERIES[usize::from(*at)].0).unwrap(),
            Act::Check => check(&livewell, &mut seen).await,
        }
    }
    check(&livewell, &mut seen).await;
    livewell.shutdown().await;
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn rows_and_results_are_exact_however_often_everything_is_stopped_in_memory(acts in acts()) {
        block_on(run(memory(), &acts));
    }

    #[test]
    fn rows_and_results_are_exact_however_often_everything_is_stopped_on_disk(acts in acts()) {
        let directory = tempfile::tempdir().unwrap();
        block_on(run(disk(&directory), &acts));
    }
}
