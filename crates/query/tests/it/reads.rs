//! What a plan says it reads is all it reads: a step in which nothing of it changes does nothing.

use crate::joins::{QUERIES, joins, transaction};
use crate::random::Case;
use crate::random::for_each::Keyed;
use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, SmolStr, Timestamp, Value, key,
};
use livewell_query::state::{Area, Order, Visit};
use livewell_query::{Engine, Interest, MemoryState, State, StepError, Wanted};
use livewell_scenarios::choice::Choice;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A state that counts what is written to it.
#[derive(Default)]
struct Counting {
    inner: MemoryState,
    writes: usize,
}

impl State for Counting {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.inner.get(area, key)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        self.inner.scan(area, prefix, order, visit)
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        self.inner.scan_from(area, prefix, at, order, visit)
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.writes += 1;
        self.inner.put(area, key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.writes += 1;
        self.inner.delete(area, key);
    }
}

/// What the steps of a case came to.
#[derive(Default)]
struct Steps {
    skipped: u32,
    stepped: u32,
    failed: u32,
}

impl Steps {
    /// Steps through a case; a step that could be skipped must not do anything.
    fn take(&mut self, engine: &Engine, stream: &[AppliedTransaction], shown: &dyn std::fmt::Display) {
        let (interest, mut state) = (engine.interest(), Counting::default());
        if engine.begin(&mut state, Timestamp::default()).is_err() {
            return;
        }
        for transaction in stream {
            let due = engine.next_due(&state).expect("a state");
            let is_due = due.is_some_and(|due| due <= transaction.timestamp);
            let is_hit = transaction.changes.iter().any(|change| {
                let is_touched = interest.is_touched_by(change);
                assert!(!is_touched || is_found(&interest, change), "{change:?} is not found\n{shown}");
                is_touched
            });
            let before = state.writes;
            let Ok(diffs) = engine.step(&mut state, transaction) else {
                assert!(
                    is_due || is_hit,
                    "transaction {} fails and is skipped\n{shown}",
                    transaction.sequence
                );
                self.failed += 1;
                break;
            };
            let did = (diffs.len(), state.writes - before);
            let is_skipped = !is_due && !is_hit;
            assert!(!is_skipped || did == (0, 0), "{did:?} at transaction {}\n{shown}", transaction.sequence);
            if is_skipped { self.skipped += 1 } else { self.stepped += 1 }
        }
    }
}

/// Whether a guard that is touched is found by what it says it wants.
fn is_found(interest: &Interest, change: &AppliedChange) -> bool {
    let images = || [&change.before, &change.after].into_iter().flatten();
    interest.guards().iter().filter(|guard| guard.is_touched_by(change)).all(|guard| {
        images().any(|image| {
            let is_wanted = match (guard.wanted(), image) {
                (Wanted::All, _) => true,
                (Wanted::Nodes(labels), Element::Node(node)) => {
                    labels.iter().all(|label| node.has_label(label))
                }
                (Wanted::NodesOfAny(labels), Element::Node(node)) => {
                    labels.iter().any(|label| node.has_label(label))
                }
                (Wanted::Relationships(types), Element::Relationship(relationship)) => {
                    types.is_empty() || types.contains(&relationship.kind)
                }
                _ => false,
            };
            let equals = |(property, values): (&SmolStr, Vec<&Value>)| {
                let key = key::of([image.properties().get(property).unwrap_or(&Value::Null)]);
                values.into_iter().any(|value| key::of([value]) == key)
            };
            is_wanted && guard.constants().into_iter().all(equals)
        })
    })
}

#[test]
fn a_transaction_that_changes_nothing_that_is_read_does_nothing() {
    let mut steps = Steps::default();
    for case in (0..300).map(Case::generate) {
        let Ok(engine) = Engine::compile(&case.query, &Map::new()) else { continue };
        steps.take(&engine, &case.stream, &case);
    }
    let Steps { skipped, stepped, .. } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}

#[test]
fn a_transaction_that_changes_nothing_that_is_read_for_any_value_does_nothing() {
    let mut steps = Steps::default();
    for keyed in (0..300).map(Keyed::generate) {
        let Ok(engine) = keyed.each().engine() else { continue };
        steps.take(&engine, &keyed.case.stream, &keyed.case);
    }
    let Steps { skipped, stepped, .. } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}

#[test]
fn a_transaction_on_which_a_condition_fails_is_not_skipped() {
    let node = |x: i64| {
        let node = Node { id: ElementId::new("s", "n"), labels: vec!["N".into()], properties: Map::new() };
        let node = Node { properties: [("x", Value::Int(x))].into_iter().collect(), ..node };
        AppliedChange { before: None, after: Some(Element::Node(node.into())) }
    };
    let mut steps = Steps::default();
    for (query, x) in [("10 / n.x = 5", 0), ("n.x + 9223372036854775807 > 0", 1)] {
        let query = format!("MATCH (n:N) WHERE {query} RETURN n.x AS x");
        let engine = Engine::compile(&query, &Map::new()).unwrap();
        let (timestamp, changes) = (Timestamp(1), vec![node(x)]);
        steps.take(&engine, &[AppliedTransaction { sequence: 1, position: 1, timestamp, changes }], &query);
    }
    assert_eq!(steps.failed, 2);
}

#[test]
fn a_transaction_that_changes_no_part_in_a_join_does_nothing() {
    let mut steps = Steps::default();
    for (query, seed) in QUERIES.into_iter().flat_map(|query| (0..20).map(move |seed| (query, seed))) {
        let engine = Engine::compile_with(query, &Map::new(), &joins()).expect("it is a query");
        let (mut choice, mut present) = (Choice::new(seed), BTreeMap::new());
        let stream: Vec<_> = (1..30).map(|at| transaction(at, &mut present, &mut choice)).collect();
        steps.take(&engine, &stream, &query);
    }
    let Steps { skipped, stepped, .. } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}

#[test]
fn what_makes_most_changes_concern_a_query_is_explained() {
    let told = |text: &str| {
        let plan = Engine::compile(text, &Map::new()).unwrap().explain();
        plan.lines()
            .filter_map(|line| line.strip_prefix("Concerned by "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(told("MATCH (n) RETURN count(*) AS n"), ["any node, for a pattern without a label"]);
    assert_eq!(
        told("MATCH (a:A)-[r]->(b:B) RETURN a.x AS x"),
        ["any relationship, for a pattern without a type"]
    );
    assert_eq!(
        told("MATCH (n:N) RETURN livewell.getVersionByTimestamp(n, datetime('2026-01-01T00:00:00Z')).x AS x"),
        ["every change, for a function of an element's past"]
    );
    assert_eq!(told("MATCH (a:A)-[:R]->(b:B {id: 3}) RETURN a.x AS x"), Vec::<String>::new());
}
