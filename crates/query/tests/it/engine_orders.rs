//! What is asked for by its number in an order, while many elements come, change and go at once: windows and
//! percentiles, compared with the evaluation from scratch.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::Engine;
use livewell_query::reference::Reference;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

const QUERIES: [&str; 9] = [
    "MATCH (n:N) RETURN n.id AS id, n.x AS x ORDER BY x SKIP 7 LIMIT 4",
    "MATCH (n:N) RETURN n.id AS id, n.x AS x ORDER BY x DESC, id LIMIT 9",
    "MATCH (n:N) RETURN n.id AS id, n.x AS x ORDER BY x SKIP 12",
    "MATCH (n:N) WITH n ORDER BY n.x SKIP 3 LIMIT 1 RETURN n.x AS x, n.y AS y",
    "MATCH (n:N) WITH n ORDER BY n.x SKIP 2 LIMIT 0 RETURN n.x AS x",
    "MATCH (g:G) RETURN g.id AS id, COLLECT { MATCH (n:N)-[:IN]->(g) RETURN n.x AS x ORDER BY x SKIP 1 LIMIT 3 } AS xs",
    "MATCH (n:N) RETURN percentileDisc(n.x, 0.0) AS a, percentileDisc(n.x, 0.3) AS b, percentileCont(n.x, 0.5) AS c, \
     percentileDisc(n.x, 1.0) AS d, percentileDisc(DISTINCT n.x, 0.5) AS e, percentileCont(DISTINCT n.x, 0.9) AS f",
    "MATCH (n:N) RETURN n.y AS y, percentileCont(n.x, 0.25) AS c, percentileDisc(DISTINCT n.x, 0.7) AS d",
    "MATCH (n:N) RETURN n.y AS y, stDev(n.x) AS s, stDevP(DISTINCT n.x) AS p, livewell.linearGradient(n.x, n.y) AS g",
];

/// What becomes of one of the nodes: nothing, or a node in one of the groups with one of few values.
type Fate = (u8, Option<(u8, u8)>);

fn node(id: u8, (x, y): (u8, u8)) -> Element {
    // Equivalent values of two types, so that classes have several members.
    let x = match x % 3 {
        0 => Value::Float(f64::from(x / 3)),
        _ => Value::Int(i64::from(x / 3)),
    };
    let properties = [("id", Value::Int(id.into())), ("x", x), ("y", Value::Int(i64::from(y % 3)))];
    Node { id: element_id("n", id), labels: vec!["N".into()], properties: properties.into_iter().collect() }
        .into()
}

fn in_group(id: u8, y: u8) -> Element {
    let (from, to) = (element_id("n", id), element_id("g", y % 3));
    Relationship { id: element_id("r", id), kind: "IN".into(), from, to, properties: Map::new() }.into()
}

fn group(id: u8) -> Element {
    let properties = [("id", Value::Int(id.into()))].into_iter().collect();
    Node { id: element_id("g", id), labels: vec!["G".into()], properties }.into()
}

fn element_id(kind: &str, id: u8) -> ElementId {
    ElementId::new("s", format!("{kind}{id}"))
}

/// Transactions from what becomes of the nodes.
fn stream(fates: &[Vec<Fate>]) -> Vec<AppliedTransaction> {
    let groups = (0..3).map(|id| AppliedChange { before: None, after: Some(group(id)) }).collect();
    let (mut present, mut all) = (BTreeMap::new(), vec![groups]);
    for fates in fates {
        let mut changes: BTreeMap<ElementId, AppliedChange> = BTreeMap::new();
        let mut change = |element: Element, is_new: bool| {
            let none = AppliedChange { before: None, after: None };
            let change = changes.entry(element.id().clone()).or_insert(none);
            *(if is_new { &mut change.after } else { &mut change.before }) = Some(element);
        };
        // The last of several fates of one node in a transaction counts.
        for (id, to) in fates.iter().copied().collect::<BTreeMap<u8, _>>() {
            for (values, is_new) in [(present.remove(&id), false), (to, true)] {
                let Some(values) = values else { continue };
                change(node(id, values), is_new);
                change(in_group(id, values.1), is_new);
            }
            present.extend(to.map(|values| (id, values)));
        }
        all.push(changes.into_values().filter(|change| change.before != change.after).collect());
    }
    let numbered = (1..).zip(all);
    numbered
        .map(|(sequence, changes)| AppliedTransaction {
            sequence,
            position: sequence,
            timestamp: Timestamp(0),
            changes,
        })
        .collect()
}

fn fates() -> impl Strategy<Value = Vec<Vec<Fate>>> {
    let values = (0u8..30, 0u8..3);
    let few = vec((0u8..40, proptest::option::weighted(0.6, values.clone())), 1..4);
    let many = vec((0u8..40, proptest::option::weighted(0.5, values)), 10..60);
    vec(prop_oneof![3 => few, 1 => many], 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_counted_in_an_order_is_what_counting_afresh_gives(fates in fates()) {
        let stream = stream(&fates);
        for text in QUERIES {
            let engine = Engine::compile(text, &Map::new()).expect("a query");
            let query = livewell_query::parse(text).expect("a query");
            let reference = Reference::new(&query, &Map::new()).expect("a query");
            let mut pair = Lockstep::new(&engine, &reference);
            prop_assert!(matches!(pair.begin(), Ok(Stepped::Agree)), "{}", text);
            for transaction in &stream {
                let stepped = pair.step(transaction);
                prop_assert!(matches!(stepped, Ok(Stepped::Agree)), "{}: {:?}", text, stepped);
            }
        }
    }
}
