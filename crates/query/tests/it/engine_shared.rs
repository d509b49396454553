//! Patterns of which several elements are taken by the same conditions, so that they are remembered once, while many
//! elements come, change, move and go at once: compared with the evaluation from scratch.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::Engine;
use livewell_query::reference::Reference;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

const QUERIES: [&str; 14] = [
    "MATCH (a:N)-[r:R]->(b:N) RETURN a.x AS a, b.x AS b, r.x AS r",
    "MATCH (a:N)-[:R]->(b:N)-[:R]->(c:N) RETURN a.x AS a, b.x AS b, c.x AS c",
    "MATCH (a)-[r]->(b)-[s]->(c)-[t]->(d) RETURN count(*) AS n, sum(r.x + s.x + t.x) AS x",
    "MATCH (a:N)-[r:R]->(b:N)-[s:R]->(c:N)-[t:R]->(a) RETURN id(r) AS r, id(s) AS s, id(t) AS t, a.x AS a",
    "MATCH (a:N)--(b:N)--(c:N)--(a) RETURN id(a) AS a, id(b) AS b, id(c) AS c",
    "MATCH (a)-[r]-(b)-[s]-(c)-[t]-(d) RETURN count(*) AS n",
    "MATCH (a:N)-[:R]->(b:N)-[:R]->(c:N), (a)-[:S]->(s:M), (b)-[:S]->(s), (c)-[:S]->(s) RETURN a.x AS a, b.x AS b, c.x AS c, s.x AS s",
    "MATCH (a:M), (b:M), (c:M) RETURN a.x AS a, b.x AS b, c.x AS c",
    "MATCH (a:N)-[:S]->(m:M)<-[:S]-(b:N)-[:S]->(o:M)<-[:S]-(c:N) WHERE a.x < 2 AND b.x < 2 AND c.x < 2 RETURN count(*) AS n",
    "MATCH (a:N)-[r:R]->(a) MATCH (b:N)-[s:R]->(b) RETURN a.x AS a, b.x AS b, r.x AS r, s.x AS s",
    "MATCH (a:N) OPTIONAL MATCH (a)-[:R]->(b:N)-[:R]->(c:N)-[:R]->(d:N) RETURN a.x AS a, count(d) AS n",
    "MATCH (a:N)-[r:R]->(b:N) WHERE NOT EXISTS { (b)-[:R]->(c:N)-[:R]->(a) } RETURN a.x AS a, b.x AS b, r.x AS r",
    "MATCH (a:N)-[r:R]->(b:N)-[p:R*1..2]->(c:N)-[s:R]->(d:N) RETURN count(*) AS n",
    "MATCH p = (a)-[:R*1..3]-(b:M) RETURN count(*) AS n",
];

const NODES: u8 = 6;
const RELATIONSHIPS: u8 = 14;

/// What becomes of an element: it goes, or it has a label or type, a value and ends, drawn from these numbers.
type Fate = (u8, Option<(u8, u8, u8, u8)>);

fn node(id: u8, (label, x, ..): (u8, u8, u8, u8)) -> Element {
    let properties = [("x", Value::Int(i64::from(x % 3)))].into_iter().collect();
    let labels = match label % 8 {
        0 => vec![],
        1 | 2 => vec!["M".into()],
        3 => vec!["M".into(), "N".into()],
        _ => vec!["N".into()],
    };
    Node { id: node_id(id), labels, properties }.into()
}

fn relationship(id: u8, (kind, x, from, to): (u8, u8, u8, u8)) -> Element {
    let id = ElementId::new("s", format!("r{id}"));
    let properties = [("x", Value::Int(i64::from(x % 3)))].into_iter().collect();
    let kind = if kind % 3 == 0 { "S" } else { "R" }.into();
    Relationship { id, kind, from: node_id(from % NODES), to: node_id(to % NODES), properties }.into()
}

fn node_id(id: u8) -> ElementId {
    ElementId::new("s", format!("n{id}"))
}

/// Transactions from what becomes of the elements; the last of several fates of one in a transaction counts.
fn stream(fates: &[Vec<Fate>]) -> Vec<AppliedTransaction> {
    let mut present: BTreeMap<u8, Element> = BTreeMap::new();
    let numbered = (1..).zip(fates);
    let transactions = numbered.map(|(sequence, fates)| {
        let fates = fates.iter().map(|(id, to)| (id % (NODES + RELATIONSHIPS), *to));
        let changes = fates.collect::<BTreeMap<u8, _>>().into_iter().map(|(id, to)| {
            let after = to.map(|drawn| match id.checked_sub(NODES) {
                None => node(id, drawn),
                Some(id) => relationship(id, drawn),
            });
            let before = present.remove(&id);
            present.extend(after.clone().map(|element| (id, element)));
            AppliedChange { before, after }
        });
        let changes = changes.filter(|change| change.before != change.after).collect();
        AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(sequence as i64), changes }
    });
    transactions.collect()
}

fn fates() -> impl Strategy<Value = Vec<Vec<Fate>>> {
    let drawn = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let fate = (any::<u8>(), prop::option::weighted(0.85, drawn));
    // Transactions of a few changes and of many, which are joined in other orders.
    vec(prop_oneof![vec(fate.clone(), 1..6), vec(fate, 10..60)], 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_several_elements_of_a_pattern_share_is_joined_as_if_each_had_its_own(fates in fates()) {
        let stream = stream(&fates);
        for query in QUERIES {
            let tree = livewell_query::parse(query).expect("a query");
            let reference = Reference::new(&tree, &Map::new()).expect("a query");
            let engine = Engine::compile(query, &Map::new()).expect("a query");
            let mut pair = Lockstep::new(&engine, &reference);
            prop_assert!(matches!(pair.begin(), Ok(Stepped::Agree)), "{query}");
            for transaction in &stream {
                let stepped = pair.step(transaction);
                prop_assert!(
                    matches!(stepped, Ok(Stepped::Agree)),
                    "{query}\n{stepped:?}\n{transaction:#?}"
                );
            }
        }
    }
}
