//! The words that an operator comes from, and how many rows have passed it.

use livewell_model::{AppliedChange, AppliedTransaction, ElementId, Map, Node, Timestamp, Value};
use livewell_query::{Engine, MemoryState};

/// The kind of each operator, and the words that it comes from.
fn places(text: &str) -> Vec<(String, Option<&str>)> {
    let engine = Engine::compile(text, &Map::new()).expect("it is a query");
    let words = |span: livewell_query::language::ast::Span| &text[span.start..span.end];
    engine.operators().into_iter().map(|one| (one.kind, one.span.map(words))).collect()
}

#[test]
fn an_operator_comes_from_its_clause_and_a_filter_from_its_condition() {
    let found = places("MATCH (o:Order) WITH o.kind AS kind, count(*) AS n WHERE n > 1 RETURN kind, n");
    let of = |kind: &str| {
        let words = found.iter().filter(|(found, _)| found == kind).map(|(_, words)| words.unwrap_or("none"));
        words.collect::<Vec<_>>()
    };
    let with = "WITH o.kind AS kind, count(*) AS n WHERE n > 1";
    assert_eq!(of("Match"), ["MATCH (o:Order)"], "{found:?}");
    assert_eq!(of("Aggregate"), [with], "{found:?}");
    assert_eq!(of("Filter"), ["n > 1"], "{found:?}");
    assert_eq!(of("Project").last(), Some(&"RETURN kind, n"), "{found:?}");
}

#[test]
fn clauses_that_are_one_pattern_are_one_place_and_what_joins_branches_comes_from_no_words() {
    let found = places("MATCH (a) MATCH (b)-->(a) RETURN a.x AS x UNION RETURN 1 AS x");
    assert!(found.contains(&("Match".into(), Some("MATCH (a) MATCH (b)-->(a)"))), "{found:?}");
    assert!(found.contains(&("Union".into(), None)) && found.contains(&("Unit".into(), None)), "{found:?}");
    let inner =
        places("MATCH (a) WHERE EXISTS { MATCH (a)-->(b) WHERE b.x > 1 RETURN 1 AS one } RETURN a.x AS x");
    assert!(
        inner.iter().any(|(_, words)| words.is_some_and(|words| words.starts_with("MATCH (a)-->(b)"))),
        "{inner:?}"
    );
    assert!(inner.contains(&("Project".into(), Some("RETURN a.x AS x"))), "{inner:?}");
}

#[test]
fn the_rows_that_come_and_go_are_counted_and_nothing_else_of_the_plan_depends_on_that() {
    let engine =
        Engine::compile("MATCH (n:N) WHERE n.x > 1 RETURN n.x AS x", &Map::new()).expect("it is a query");
    let mut state = MemoryState::default();
    engine.begin(&mut state, Timestamp(0)).expect("it begins");
    let node = |x: i64| {
        let properties = Map::from_iter([("x", Value::Int(x))]);
        Node { id: ElementId::new("s", "n"), labels: vec!["N".into()], properties }.into()
    };
    let encoding = engine.encoding();
    let mut before = None;
    for (sequence, (x, passed)) in [(0, 0), (2, 1), (2, 1), (3, 3), (1, 4)].into_iter().enumerate() {
        let after = Some(livewell_model::Element::Node(node(x)));
        let change = AppliedChange { before: before.clone(), after: after.clone() };
        let sequence = sequence as u64 + 1;
        let changes = vec![change];
        let transaction =
            AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes };
        engine.step(&mut state, &transaction).expect("it steps");
        assert_eq!(engine.plan().passed().counts().last(), Some(&passed), "after {x}");
        before = after;
    }
    assert_eq!(engine.encoding(), encoding);
}
