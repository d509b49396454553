//! Queries over queries: no result shows a state that was never true.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Change, Event, InProcess, Livewell, Query, Relationship, Setup};
use livewell_model::Value;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// `a` and `b` count the same in different ways, and `c` puts them side by side.
async fn diamond() -> Livewell {
    let livewell = open(&memory());
    let queries = vec![
        query("a", "MATCH (n:N) RETURN count(*) AS n"),
        query("rows", "MATCH (n:N) RETURN n.id AS id"),
        Query::cypher("b", "MATCH (r:rows) RETURN count(*) AS n").from("rows"),
        Query::cypher("c", "MATCH (a:a), (b:b) RETURN a.n AS a, b.n AS b").from("a").from("b"),
        Query::cypher("d", "MATCH (n:N), (c:c) RETURN count(n) AS n, max(c.a) AS c").from("s").from("c"),
    ];
    let sources = vec![InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    livewell
}

fn assert_agree(row: &[Value]) {
    let zero = row[0] == Value::Int(0) && row[1] == Value::Null;
    assert!(row[0] == row[1] || zero, "{row:?} was never true");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_ways_from_one_source_are_seen_at_one_position() {
    let livewell = diamond().await;
    idle(&livewell).await;
    let (mut c, mut d) = (livewell.subscribe("c").await.unwrap(), livewell.subscribe("d").await.unwrap());
    let source = livewell.source("s").unwrap();
    for x in 0..200_i64 {
        let id = format!("n{}", (x * 7) % 23);
        let change = if x % 3 == 2 { Change::delete(id) } else { node(&id, x) };
        source.send(change).await.unwrap();
        if x % 60 == 59 {
            // A query that is rebuilt meanwhile makes the others wait, and shows them nothing half done.
            livewell.reset(["rows", "b", "c"][(x / 60) as usize % 3]).unwrap();
        }
    }
    idle(&livewell).await;
    for query in ["a", "rows", "b", "c", "d"] {
        assert_verified(&livewell, query);
    }
    for subscription in [&mut c, &mut d] {
        while let Some(event) = subscription.try_next().unwrap() {
            match event {
                Event::Row { data, .. } => assert_agree(&data),
                Event::Result { result, .. } => {
                    for diff in result.diffs {
                        if let livewell_model::Diff::Add { data, .. }
                        | livewell_model::Diff::Update { after: data, .. } = diff
                        {
                            assert_agree(&data);
                        }
                    }
                }
                Event::Reset { reason } => panic!("{reason}"),
                Event::SnapshotEnd { .. } => {}
            }
        }
    }
    livewell.shutdown().await;
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, i64),
    Join(u8, u8),
    Drop(u8),
    Part(u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        3 => (0..6_u8, -2..5_i64).prop_map(|(id, x)| Step::Put(id, x)),
        2 => (0..6_u8, 0..6_u8).prop_map(|(a, b)| Step::Join(a, b)),
        1 => (0..6_u8).prop_map(Step::Drop),
        1 => (0..6_u8, 0..6_u8).prop_map(|(a, b)| Step::Part(a, b)),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..5), 1..25)
}

fn change(step: &Step) -> Change {
    match step {
        Step::Put(id, x) => node(&format!("n{id}"), *x),
        Step::Join(a, b) => {
            let (from, to) = (format!("n{a}"), format!("n{b}"));
            Change::insert(Relationship::new(format!("r{a}{b}"), "R", from, to))
        }
        Step::Drop(id) => Change::delete(format!("n{id}")),
        Step::Part(a, b) => Change::delete(format!("r{a}{b}")),
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn layers_of_queries_are_what_an_evaluation_from_scratch_gives(transactions in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let livewell = open(&memory());
            let queries = vec![
                query("pairs", "MATCH (a:N)-[:R]->(b:N) RETURN a.id AS a, b.id AS b, a.x + b.x AS x"),
                query("degrees", "MATCH (n:N)-[:R]->(m:N) RETURN n.id AS id, count(m) AS out"),
                Query::cypher("sums", "MATCH (p:pairs) RETURN p.a AS a, sum(p.x) AS x").from("pairs"),
                Query::cypher("top", "MATCH (s:sums), (n:N) WHERE s.a = n.id AND s.x >= n.x RETURN DISTINCT s.x AS x, n.x AS y")
                    .from("sums").from("s"),
                Query::cypher("all", "MATCH (l:degrees), (p:pairs) WHERE p.b = l.id RETURN l.id AS id, l.out AS out, count(p) AS n")
                    .from("degrees").from("pairs"),
            ];
            let ids: Vec<String> = queries.iter().map(|query| query.id.clone()).collect();
            let sources = vec![InProcess::new("s").into_source()];
            livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
            let source = livewell.source("s").unwrap();
            for (at, steps) in transactions.iter().enumerate() {
                source.send(steps.iter().map(change).collect::<Vec<_>>()).await.unwrap();
                if at % 8 == 7 {
                    idle(&livewell).await;
                    ids.iter().for_each(|id| assert_verified(&livewell, id));
                }
            }
            idle(&livewell).await;
            ids.iter().for_each(|id| assert_verified(&livewell, id));
            livewell.shutdown().await;
        });
    }
}
