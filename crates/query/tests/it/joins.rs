//! Joins: virtual relationships follow the nodes, whatever the order in which these come, change and go.

use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Timestamp, Value};
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_query::{Engine, Join, Settings};
use livewell_scenarios::choice::Choice;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use std::collections::BTreeMap;

pub const QUERIES: [&str; 5] = [
    "MATCH (d:Driver)-[:OWNED_BY]->(v:Vehicle) RETURN d.name AS driver, v.plate AS plate",
    "MATCH (v:Vehicle)-[r:OWNED_BY]-(d) RETURN id(v) AS v, id(d) AS d, type(r) AS r",
    "MATCH (a)-[:PAIR]-(b) RETURN id(a) AS a, id(b) AS b",
    "MATCH (v:Vehicle) OPTIONAL MATCH (v)<-[:OWNED_BY]-(d:Driver) RETURN v.plate AS plate, count(d) AS drivers",
    "MATCH (v:Vehicle) WHERE EXISTS { (v)-[:OWNED_BY]-(:Driver)-[:PAIR]-() } RETURN id(v) AS v",
];

pub fn joins() -> Settings {
    let joins = vec![
        Join::new("OWNED_BY").key("Vehicle", "plate").key("Driver", "plate"),
        // One label under two properties: a node can be joined with another, or with itself.
        Join::new("PAIR").key("Driver", "name").key("Driver", "plate"),
    ];
    Settings { joins, ..Settings::default() }
}

#[test]
fn engine_and_reference_agree_over_random_streams() {
    for (number, query) in QUERIES.into_iter().enumerate() {
        let engine = Engine::compile_with(query, &Map::new(), &joins()).expect("it is a query");
        let tree = parse(query).expect("it is a query");
        let reference = Reference::with(&tree, &Map::new(), &joins());
        // What the reference does not evaluate (yet) has no oracle.
        let Ok(reference) = reference else { continue };
        for seed in 0..40 {
            let mut pair = Lockstep::new(&engine, &reference);
            let mut choice = Choice::new(seed * 100 + number as u64);
            let mut present = BTreeMap::new();
            pair.begin().expect("they agree on nothing");
            for sequence in 1..30 {
                let stepped = pair.step(&transaction(sequence, &mut present, &mut choice));
                let stepped = stepped.unwrap_or_else(|why| panic!("{query}, seed {seed}: {why}"));
                assert!(matches!(stepped, Stepped::Agree), "{query}, seed {seed}: {stepped:?}");
            }
        }
    }
}

/// A few nodes come, change or go.
pub fn transaction(
    sequence: u64,
    present: &mut BTreeMap<String, Element>,
    choice: &mut Choice,
) -> AppliedTransaction {
    let mut changes = BTreeMap::new();
    for _ in 0..choice.between(1, 3) {
        let id = format!("n{}", choice.below(6));
        let after = (!choice.one_in(4)).then(|| node(&id, choice));
        let before = match &after {
            Some(after) => present.insert(id.clone(), after.clone()),
            None => present.remove(&id),
        };
        changes
            .entry(id)
            .and_modify(|change: &mut AppliedChange| change.after.clone_from(&after))
            .or_insert(AppliedChange { before, after });
    }
    let changes = changes.into_values().filter(|change| change.before != change.after).collect();
    AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes }
}

fn node(id: &str, choice: &mut Choice) -> Element {
    // Equal across their types, or never equal, not even to themselves.
    let values =
        [Value::Int(1), Value::Float(1.0), "1".into(), Value::Float(f64::NAN), Value::list([Value::Null])];
    let mut properties = Map::new();
    for name in ["plate", "name"] {
        if !choice.one_in(4) {
            properties.insert(name, choice.of(&values).clone());
        }
    }
    let labels = match choice.below(4) {
        0 => vec!["Vehicle".into()],
        1 => vec!["Driver".into(), "Vehicle".into()],
        2 => vec!["Driver".into()],
        _ => vec![],
    };
    Node { id: ElementId::new("s", id), labels, properties }.into()
}

#[test]
fn what_makes_no_sense_is_refused() {
    let settings = |joins: &[Join]| Settings { joins: joins.to_vec(), ..Settings::default() };
    let refused = |joins: &[Join]| {
        let refusal =
            Engine::compile_with("MATCH (a)-[:J]-(b) RETURN id(a) AS a", &Map::new(), &settings(joins));
        refusal.expect_err("it is refused").to_string()
    };
    let join = Join::new("J").key("A", "x").key("B", "x");
    assert!(refused(&[join.clone(), join.clone()]).contains("the join `J` is there twice"));
    let many: Vec<Join> =
        (0..256).map(|at| Join::new(format!("J{at}")).key("A", "x").key("B", "x")).collect();
    assert!(refused(&many).contains("`J255` is one too many"));
    assert!(refused(&[Join::new("J").key("A", "x")]).contains("needs two keys"));
    assert!(refused(&[Join::new("J").key("A", "x").key("A", "x")]).contains("has a key twice"));
    assert!(refused(&[Join::new("").key("A", "x").key("B", "x")]).contains("has no type"));
    let mixed =
        Engine::compile_with("MATCH (a)-[:J|K]->(b) RETURN id(a) AS a", &Map::new(), &settings(&[join]));
    assert!(mixed.expect_err("it is refused").to_string().contains("a join has no direction"));
}
