//! An engine that is out of step with the reference is noticed, even if both end with the same rows.

use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Timestamp, Value};
use livewell_query::Engine;
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_scenarios::lockstep::{Lockstep, Stepped};

fn node(x: i64) -> Element {
    let properties = [("x", Value::Int(x))].into_iter().collect();
    Node { id: ElementId::new("s", "n"), labels: vec!["A".into()], properties }.into()
}

fn transaction(before: Option<Element>, after: Option<Element>) -> AppliedTransaction {
    let changes = vec![AppliedChange { before, after }];
    AppliedTransaction { sequence: 1, position: 1, timestamp: Timestamp(0), changes }
}

/// Steps through these values with one query maintained and another one evaluated.
fn steps(maintained: &str, evaluated: &str, values: &[i64]) -> Result<Vec<bool>, String> {
    let engine = Engine::compile(maintained, &Map::new()).expect("a query");
    let reference = Reference::new(&parse(evaluated).expect("a query"), &Map::new()).expect("a query");
    let mut pair = Lockstep::new(&engine, &reference);
    pair.begin()?;
    let mut before = None;
    let mut agreed = Vec::new();
    for value in values {
        let stepped = pair.step(&transaction(before.clone(), Some(node(*value))))?;
        agreed.push(matches!(stepped, Stepped::Agree));
        before = Some(node(*value));
    }
    Ok(agreed)
}

const QUERY: &str = "MATCH (n:A) RETURN n.x AS x";

#[test]
fn the_same_query_agrees() {
    assert_eq!(steps(QUERY, QUERY, &[5, 1]), Ok(vec![true, true]));
}

#[test]
fn rows_that_are_wrong_only_on_the_way_are_noticed() {
    let other = "MATCH (n:A) WHERE n.x < 5 RETURN n.x AS x";
    assert_eq!(steps(QUERY, other, &[1]), Ok(vec![true]));
    assert!(steps(QUERY, other, &[5, 1]).is_err());
    assert!(steps(other, QUERY, &[5, 1]).is_err());
}

#[test]
fn a_wrong_type_and_a_wrong_row_identity_are_noticed() {
    assert!(steps("MATCH (n:A) RETURN n.x * 1.0 AS x", QUERY, &[1]).is_err());
    assert!(steps("MATCH (n:A) RETURN DISTINCT n.x AS x", QUERY, &[1]).is_err());
}

#[test]
fn an_error_of_one_alone_is_told() {
    let failing = "MATCH (n:A) RETURN 1 / n.x AS x";
    assert!(steps(failing, "MATCH (n:A) RETURN 1 AS x", &[0]).is_err());
    assert_eq!(steps("MATCH (n:A) RETURN 1 AS x", failing, &[1, 0]), Ok(vec![true, false]));
}
