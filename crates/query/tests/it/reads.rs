//! What a plan says it reads is all it reads: a step in which nothing of it changes does nothing.

use crate::joins::{QUERIES, joins, transaction};
use crate::random::Case;
use crate::random::for_each::Keyed;
use livewell_model::{AppliedChange, AppliedTransaction, Element, Map, SmolStr, Timestamp, Value, key};
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
            let Ok(diffs) = engine.step(&mut state, transaction) else { break };
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
    let Steps { skipped, stepped } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}

#[test]
fn a_transaction_that_changes_nothing_that_is_read_for_any_value_does_nothing() {
    let mut steps = Steps::default();
    for keyed in (0..300).map(Keyed::generate) {
        let Ok(engine) = keyed.each().engine() else { continue };
        steps.take(&engine, &keyed.case.stream, &keyed.case);
    }
    let Steps { skipped, stepped } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
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
    let Steps { skipped, stepped } = steps;
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}
