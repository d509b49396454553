//! What a step may hold, whatever makes it, and how soon it ends when nobody wants it any more; the same for the reference.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::meter::Meter;
use livewell_query::parse;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, Join, Limits, MemoryState, Settings, StepError};
use std::time::{Duration, Instant};

/// A budget that is soon used up, also by a test without optimization.
const SMALL: usize = 8 << 20;
/// How long a step may take to end after it was cancelled.
const SOON: Duration = Duration::from_secs(2);

fn id(id: String) -> ElementId {
    ElementId::new("s", id)
}

fn inserted(element: Element) -> AppliedChange {
    AppliedChange { before: None, after: Some(element) }
}

fn node(at: usize) -> AppliedChange {
    let properties = [
        ("x", Value::Int(at as i64)),
        ("same", Value::Int(1)),
        ("text", format!("the text of node number {at}, which is not short").into()),
    ];
    let labels = vec!["N".into()];
    inserted(Element::Node(
        Node { id: id(format!("n{at}")), labels, properties: Map::from_iter(properties) }.into(),
    ))
}

fn tie(at: usize, from: usize, to: usize) -> AppliedChange {
    let (from, to) = (id(format!("n{from}")), id(format!("n{to}")));
    let (kind, properties) = ("R".into(), Map::new());
    inserted(Element::Relationship(
        Relationship { id: id(format!("r{at}")), kind, from, to, properties }.into(),
    ))
}

fn transaction(changes: Vec<AppliedChange>) -> AppliedTransaction {
    AppliedTransaction { sequence: 1, position: 1, timestamp: Timestamp(1), changes }
}

fn nodes(count: usize) -> AppliedTransaction {
    transaction((0..count).map(node).collect())
}

/// Nodes of which every two are joined.
fn joined_nodes(count: usize) -> AppliedTransaction {
    let twin = |mut change: AppliedChange| {
        change.after.iter_mut().for_each(|node| node.properties_mut().insert("twin", Value::Int(1)));
        change
    };
    transaction((0..count).map(node).map(twin).collect())
}

/// Every two of so many nodes are tied both ways.
fn dense(count: usize) -> AppliedTransaction {
    let pairs =
        (0..count).flat_map(|from| (0..count).map(move |to| (from, to))).filter(|(from, to)| from != to);
    let ties = pairs.enumerate().map(|(at, (from, to))| tie(at, from, to));
    transaction((0..count).map(node).chain(ties).collect())
}

/// No other limit than the one of memory is in the way.
fn settings(query: &str) -> Settings {
    let limits = Limits { rows: usize::MAX, ..Limits::default() };
    let is_joined = query.contains(":SAME");
    Settings {
        limits,
        joins: is_joined.then(|| Join::new("SAME").key("N", "same").key("N", "twin")).into_iter().collect(),
        ..Settings::default()
    }
}

fn engine(query: &str) -> Engine {
    Engine::compile_with(query, &Map::new(), &settings(query))
        .unwrap_or_else(|refused| panic!("{query}: {refused}"))
}

fn step(query: &str, transaction: &AppliedTransaction, meter: Meter) -> Result<usize, StepError> {
    let engine = engine(query);
    let mut state = MemoryState::new().within(meter);
    let begun = engine.begin(&mut state, Timestamp(0))?.len();
    Ok(begun + engine.step(&mut state, transaction)?.len())
}

fn evaluate(query: &str, transaction: &AppliedTransaction, meter: Meter) -> Result<usize, &'static str> {
    let tree = parse(query).expect("it was compiled");
    let reference = Reference::with(&tree, &Map::new(), &settings(query)).expect("it was compiled");
    let mut graph = Graph::new().within(meter);
    graph.apply(transaction);
    reference.rows(&graph).map(|rows| rows.len()).map_err(|error| error.code)
}

/// Steps over `SMALL`, each by what another operator or function makes.
const LARGE: &[&str] = &[
    "MATCH (a:N) UNWIND range(1, 100000) AS x RETURN a.x AS i, x",
    "MATCH (a:N) UNWIND range(1, a.x * 1000) AS x RETURN a.x AS i, x",
    "UNWIND range(1, 1000000) AS x RETURN x",
    "MATCH (a:N), (b:N), (c:N) RETURN a.x AS a, b.x AS b, c.x AS c",
    "MATCH (a:N) MATCH (b:N) MATCH (c:N) RETURN count(*) AS n",
    "MATCH (a:N) WITH a, range(1, 1000 + a.x) AS xs RETURN a.x AS a, xs",
    "MATCH (a:N) RETURN a.x AS a, [x IN range(1, 1000 + a.x) | [x, x]] AS pairs",
    "MATCH (a:N) WITH a, reduce(s = a.text, x IN range(1, 10) | s + s) AS s RETURN a.x AS a, s",
    "MATCH (a:N) RETURN a.x AS a, split(replace(a.text, ' ', a.text + a.text), '') AS parts",
    "MATCH (a:N) RETURN a.x AS a, toUpper(reduce(s = a.text, x IN range(1, 9) | s + s)) AS s",
    "MATCH (a:N) WITH collect(a.text) AS xs UNWIND xs AS x UNWIND xs AS y WITH collect(x + y) AS every RETURN size(every) AS n",
    "MATCH (a:N) WITH collect(a.text) AS xs UNWIND xs AS x WITH x, [y IN xs | y + x] AS ys RETURN collect(ys) AS every",
    "MATCH (a:N) UNWIND range(1, 1000) AS x RETURN DISTINCT a.x AS a, x",
    "MATCH (a:N) UNWIND range(1, 1000) AS x RETURN a.x AS a, collect(DISTINCT x + a.x) AS xs",
    "MATCH (a:N) UNWIND range(1, 1000) AS x WITH a, x ORDER BY x DESC LIMIT 1000000 RETURN a.x AS a, x",
    "MATCH (a:N) OPTIONAL MATCH (b:N) RETURN a.x AS a, b.x AS b",
    "MATCH (a:N) RETURN a.x AS a, COLLECT { MATCH (b:N) RETURN b.text } AS others",
    "MATCH (a:N) CALL (a) { MATCH (b:N) RETURN b.text AS t UNION ALL MATCH (c:N) RETURN c.text AS t } RETURN a.x AS a, t",
    "MATCH (a:N) RETURN a.x AS x UNION ALL UNWIND range(1, 1000000) AS x RETURN x",
    "MATCH (a:N)-[:SAME]-(b:N) RETURN a.x AS a, b.x AS b",
    "MATCH (a:N), (b:N) RETURN livewell.previousValue(a.x + b.x, 0) AS before",
];

#[test]
fn whatever_a_step_makes_is_within_its_budget() {
    let transaction = joined_nodes(600);
    for query in LARGE {
        match step(query, &transaction, Meter::new(SMALL)) {
            Err(StepError::OverBudget(why)) => {
                assert!(
                    why.contains("`limits.step_bytes`") && why.contains(&SMALL.to_string()),
                    "{query}: {why}"
                );
            }
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[test]
fn the_trails_of_a_path_are_within_the_budget_of_their_step() {
    for query in
        ["MATCH p = (a:N)-[:R*1..6]->(b:N) RETURN count(p) AS n", "MATCH (a:N)-[r:R*1..6]->(b:N) RETURN r"]
    {
        let stepped = step(query, &dense(9), Meter::new(SMALL));
        assert!(matches!(stepped, Err(StepError::OverBudget(_))), "{query}: {stepped:?}");
    }
}

#[test]
fn a_step_over_its_budget_names_its_operator() {
    let query = "MATCH (a:N) UNWIND range(1, 100000) AS x RETURN a.x AS i, x";
    let error = step(query, &nodes(1_000), Meter::new(SMALL)).expect_err("it is too much").to_string();
    assert!(error.contains("UNWIND range(1, 100000)"), "{error}");
}

#[test]
fn what_a_step_has_dropped_does_not_count() {
    // Each makes many times as much as the budget, and holds little of it at any time.
    for query in [
        "MATCH (a:N) WHERE size(range(1, 10000 + a.x)) > 0 RETURN a.x AS a",
        "MATCH (a:N) RETURN a.x AS a, size([x IN range(1, 1000 + a.x) | [x, x]]) AS n",
        "MATCH (a:N) RETURN a.x AS a, reduce(s = 0, x IN range(1, 1000 + a.x) | s + x) AS n",
        "MATCH (a:N) RETURN size(reduce(s = a.text, x IN range(1, 8) | s + s)) AS n",
        "MATCH (a:N) RETURN max(size(split(reduce(s = a.text, x IN range(1, 6) | s + s), ' '))) AS n",
    ] {
        let stepped = step(query, &nodes(1_000), Meter::new(SMALL));
        assert!(stepped.is_ok(), "{query}: {stepped:?}");
    }
}

#[test]
fn a_transaction_of_100_000_changes_is_within_the_usual_budget() {
    let transaction = nodes(100_000);
    for query in [
        "MATCH (a:N) WHERE a.x % 2 = 0 WITH a, a.text + '!' AS text RETURN a.x AS x, text ORDER BY x",
        "MATCH (a:N) RETURN a.x % 100 AS g, count(*) AS n, collect(a.x) AS xs",
        "MATCH (a:N) OPTIONAL MATCH (a)-[:R]->(b:N) RETURN a.x AS x, b.x AS b",
    ] {
        let stepped = step(query, &transaction, Meter::new(Limits::default().step_bytes));
        assert!(stepped.is_ok(), "{query}: {stepped:?}");
    }
}

/// A meter that is cancelled after a while.
fn cancelled_soon() -> (Meter, Instant) {
    let at = Instant::now() + Duration::from_millis(300);
    (Meter::cancelled_by(usize::MAX, move || Instant::now() > at), at)
}

/// What takes long without holding much, or at all.
const LONG: &[&str] = &[
    "MATCH (a:N) RETURN a.x AS a, reduce(s = 0, x IN range(1, 1000000) | s + x % (a.x + 7)) AS s",
    "MATCH (a:N) WHERE all(x IN range(1, 1000000) WHERE x > a.x - 1) RETURN a.x AS a",
    "MATCH (a:N) RETURN size([x IN range(1, 1000) WHERE any(y IN range(1, 1000) WHERE y = x + a.x) | x]) AS n",
    "MATCH (a:N) RETURN count(reduce(s = a.text, x IN range(1, 100000) | right(s + a.text, 50))) AS n",
    "MATCH (a:N) UNWIND range(1, 100000) AS x RETURN a.x AS i, x",
    "MATCH (a:N), (b:N), (c:N) RETURN count(*) AS n",
];

#[test]
fn a_step_that_is_cancelled_ends_within_two_seconds() {
    for query in LONG {
        let (meter, cancelled) = cancelled_soon();
        let stepped = step(query, &nodes(2_000), meter);
        assert!(matches!(stepped, Err(StepError::Cancelled)), "{query}: {stepped:?}");
        assert!(cancelled.elapsed() < SOON, "{query} ends after {:?}", cancelled.elapsed());
    }
    let query = "MATCH (a:N)-[:R*1..30]->(b:N {x: 1}) RETURN count(*) AS n";
    let (meter, cancelled) = cancelled_soon();
    let stepped = step(query, &dense(12), meter);
    assert!(matches!(stepped, Err(StepError::Cancelled)), "{query}: {stepped:?}");
    assert!(cancelled.elapsed() < SOON, "{query} ends after {:?}", cancelled.elapsed());
}

#[test]
fn an_evaluation_from_scratch_has_a_budget_and_ends_when_it_is_cancelled() {
    for query in LARGE {
        let outcome = evaluate(query, &joined_nodes(300), Meter::new(SMALL / 8));
        assert_eq!(outcome, Err("LW0540"), "{query}");
    }
    for query in LONG {
        let (meter, cancelled) = cancelled_soon();
        assert_eq!(evaluate(query, &nodes(2_000), meter), Err("LW0543"), "{query}");
        assert!(cancelled.elapsed() < SOON, "{query} ends after {:?}", cancelled.elapsed());
    }
    let (meter, cancelled) = cancelled_soon();
    let query = "MATCH (a:N)-[:R*1..30]->(b:N {x: -1}) RETURN count(*) AS n";
    assert_eq!(evaluate(query, &dense(12), meter), Err("LW0543"));
    assert!(cancelled.elapsed() < SOON, "it ends after {:?}", cancelled.elapsed());
}

#[test]
fn compiling_a_text_takes_no_longer_than_its_constants_may() {
    let began = Instant::now();
    let sum = "reduce(s = 0, x IN range(1, 1000000) | s + reduce(t = 0, y IN range(1, 40) | t + y))";
    let text = format!("MATCH (a:N) WHERE a.x > {} RETURN a.x AS a", [sum; 8].join(" + "));
    engine(&text);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
