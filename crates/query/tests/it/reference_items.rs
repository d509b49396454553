//! Subqueries over the items of a list, worked out by hand, in the reference and in the engine.

use crate::reference_cases::{chain, check, fails, i};
use livewell_model::{AppliedChange, AppliedTransaction, Element, Map, Timestamp, Value};
use livewell_query::language::DiagnosticKind;
use livewell_query::{Engine, MemoryState};

fn list(values: &[i64]) -> Value {
    Value::list(values.iter().map(|value| i(*value)).collect::<Vec<_>>())
}

/// Checks the reference, and the engine over the same elements, which come one by one.
fn both(query: &str, expected: &[&[Value]]) {
    check(&chain(), query, expected);
    let engine = Engine::compile(query, &Map::new()).unwrap_or_else(|refusal| panic!("{query}: {refusal}"));
    let mut state = MemoryState::new();
    engine.begin(&mut state, Timestamp(0)).expect("a base");
    for (sequence, element) in (1..).zip(elements()) {
        let changes = vec![AppliedChange { before: None, after: Some(element) }];
        let transaction =
            AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes };
        engine.step(&mut state, &transaction).unwrap_or_else(|error| panic!("{query}: {error}"));
    }
    let mut got: Vec<Vec<Value>> = state.rows().into_iter().map(|(_, row)| row.columns.to_vec()).collect();
    let mut expected: Vec<Vec<Value>> = expected.iter().map(|row| row.to_vec()).collect();
    got.sort_by_key(|row| crate::reference_cases::exact(row));
    expected.sort_by_key(|row| crate::reference_cases::exact(row));
    assert_eq!(got, expected, "{query}");
}

/// The elements of [`chain`], the relationships first.
fn elements() -> Vec<Element> {
    use crate::reference_cases::{node, relationship};
    vec![
        relationship("t", "R", "a", "a"),
        relationship("s", "S", "b", "c"),
        node("c", &["B"], &[("x", 3.into())]),
        node("a", &["A"], &[("x", 1.into())]),
        relationship("r", "R", "a", "b"),
        node("b", &["A", "B"], &[("x", 2.into())]),
    ]
}

const PATH: &str = "MATCH p = (a {x: 1})-[:R]->(b {x: 2})-[:S]->(c)";

#[test]
fn each_item_has_a_subquery_of_its_own_in_the_order_of_the_list() {
    for (expression, expected) in [
        ("[r IN relationships(p) | startNode(r).x]", list(&[1, 2])),
        ("[r IN relationships(p) | endNode(r).x]", list(&[2, 3])),
        ("[x IN nodes(p) | COUNT { (x)-->() }]", list(&[2, 1, 0])),
        ("[x IN reverse(nodes(p)) | COUNT { (x)-->() }]", list(&[0, 1, 2])),
        ("[x IN nodes(p) WHERE (x)-[:S]->() | x.x]", list(&[2])),
        ("size([x IN nodes(p) WHERE EXISTS { (x)-[:R]->(x) }])", i(1)),
        ("[x IN [a, a, null] | size([(x)-->(y) | y])]", list(&[2, 2, 0])),
        ("[x IN nodes(p) | [y IN [x] | COUNT { (y)-->() } + x.x][0]]", list(&[3, 3, 3])),
        ("[x IN [n IN nodes(p) WHERE (n)-->()] | x.x]", list(&[1, 2])),
        ("[x IN null | COUNT { (x)-->() }]", Value::Null),
        ("[x IN [] | COUNT { (x)-->() }]", list(&[])),
        ("startNode(relationships(p)[1]).x", i(2)),
        ("endNode(head(relationships(p))).x", i(2)),
        ("startNode(null)", Value::Null),
        ("[(a)-->{2}(z) | z.x]", list(&[2, 3])),
    ] {
        both(&format!("{PATH} RETURN {expression} AS v"), &[&[expected]]);
    }
}

#[test]
fn quantifiers_and_reduce_have_subqueries_over_items_too() {
    for (expression, expected) in [
        ("all(x IN nodes(p) WHERE (x)-->())", Value::Bool(false)),
        ("all(x IN [a, b] WHERE EXISTS { (x)-->() })", Value::Bool(true)),
        ("any(x IN nodes(p) WHERE COUNT { (x)-->() } = 2)", Value::Bool(true)),
        ("none(x IN nodes(p) WHERE COUNT { (x)-->() } > 2)", Value::Bool(true)),
        ("single(x IN nodes(p) WHERE COUNT { (x)-->() } = x.x)", Value::Bool(false)),
        ("all(x IN null WHERE COUNT { (x)-->() } > 0)", Value::Null),
        ("reduce(t = 10, x IN nodes(p) | t * 2 + COUNT { (x)-->() })", i(90)),
        ("reduce(t = 0, x IN nodes(p) | t + x.x * size([y IN nodes(p) WHERE (x)-->(y)]))", i(4)),
    ] {
        both(&format!("{PATH} RETURN {expression} AS v"), &[&[expected]]);
    }
    both(&format!("{PATH} WHERE all(x IN [a, b] WHERE (x)-->()) RETURN c.x AS v"), &[&[i(3)]]);
    both(
        "MATCH (a) WITH collect(a) AS every RETURN [x IN every WHERE (x)-[:S]->() | x.x] AS v",
        &[&[list(&[2])]],
    );
}

#[test]
fn what_an_item_cannot_be_is_said() {
    fails(&chain(), "MATCH (a {x: 1}) RETURN [x IN a.x | COUNT { (x)-->() }] AS v");
    let running = "MATCH (a) RETURN reduce(t = 0, x IN [a] | t + COUNT { (x)-->(y) WHERE y.x > t }) AS v";
    let refused = Engine::compile(running, &Map::new()).unwrap_err();
    assert!(refused.message.contains("the running value of `reduce`"), "{refused}");
    assert_eq!(refused.kind, DiagnosticKind::NotSupported);
}
