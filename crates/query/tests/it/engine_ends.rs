//! `startNode` and `endNode`, held to the reference while nodes and relationships come, change and go.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::Engine;
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_scenarios::choice::Choice;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use std::collections::BTreeMap;

const QUERIES: [&str; 3] = [
    "MATCH (a)-[r]-(b) RETURN startNode(r).x AS s, id(endNode(r)) AS e",
    "MATCH (a {x: 1}) OPTIONAL MATCH (a)-[r:R]->() RETURN id(a) AS a, startNode(r) AS s",
    "MATCH ()-[r]->() WHERE endNode(r).x > 0 RETURN startNode(r).x AS x, count(*) AS n",
];

#[test]
fn the_ends_follow_their_nodes() {
    for (number, query) in QUERIES.into_iter().enumerate() {
        let engine = Engine::compile(query, &Map::new()).expect("it is a query");
        let tree = parse(query).expect("it is a query");
        let reference = Reference::new(&tree, &Map::new()).expect("it is a query");
        for seed in 0..30 {
            let mut pair = Lockstep::new(&engine, &reference);
            let mut choice = Choice::new(seed * 10 + number as u64);
            let mut present = BTreeMap::new();
            pair.begin().expect("they agree on nothing");
            for sequence in 1..40 {
                let change = change(&mut present, &mut choice);
                let transaction = AppliedTransaction {
                    sequence,
                    position: sequence,
                    timestamp: Timestamp(0),
                    changes: change.into_iter().collect(),
                };
                let stepped =
                    pair.step(&transaction).unwrap_or_else(|why| panic!("{query}, seed {seed}: {why}"));
                assert!(matches!(stepped, Stepped::Agree), "{query}, seed {seed}: {stepped:?}");
            }
        }
    }
}

/// One element comes, changes or goes.
fn change(present: &mut BTreeMap<ElementId, Element>, choice: &mut Choice) -> Option<AppliedChange> {
    let node = |at: usize| ElementId::new("s", format!("n{at}"));
    let element = if choice.one_in(2) {
        let properties = Map::from_iter([("x", Value::Int(choice.below(3) as i64))]);
        Element::Node(Node { id: node(choice.below(4)), labels: vec![], properties }.into())
    } else {
        let (id, from, to) = (choice.below(5), choice.below(4), choice.below(4));
        let id = ElementId::new("s", format!("r{id}"));
        let properties = Map::new();
        let kind = "R".into();
        Element::Relationship(Relationship { id, kind, from: node(from), to: node(to), properties }.into())
    };
    let id = element.id().clone();
    let after = (!choice.one_in(4)).then_some(element);
    let before = match &after {
        Some(after) => present.insert(id, after.clone()),
        None => present.remove(&id),
    };
    (before != after).then_some(AppliedChange { before, after })
}
