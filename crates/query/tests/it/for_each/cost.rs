//! What a change costs does not depend on how many values there are.

use super::oracle::Each;
use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Timestamp, Value};
use livewell_query::ParameterType::Integer;
use livewell_query::state::{Area, Order, Visit};
use livewell_query::{MemoryState, State, StepError};
use std::borrow::Cow;
use std::cell::Cell;

/// A state that counts what is read of it and written to it.
#[derive(Default)]
struct Counting {
    inner: MemoryState,
    operations: Cell<usize>,
}

impl Counting {
    fn count(&self) {
        self.operations.set(self.operations.get() + 1);
    }
}

impl State for Counting {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.count();
        self.inner.get(area, key)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        self.scan_from(area, prefix, &[], order, visit)
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        self.count();
        let mut counted = |key: &[u8], value: &[u8]| {
            self.count();
            visit(key, value)
        };
        match at {
            [] => self.inner.scan(area, prefix, order, &mut counted),
            at => self.inner.scan_from(area, prefix, at, order, &mut counted),
        }
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.count();
        self.inner.put(area, key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.count();
        self.inner.delete(area, key);
    }
}

/// An order; two of each customer.
fn order(at: usize, total: i64) -> Element {
    let properties = [("customer", Value::Int(at as i64 / 2)), ("total", Value::Int(total))];
    let (id, labels) = (ElementId::new("s", format!("o{at}")), vec!["Order".into()]);
    Node { id, labels, properties: Map::from_iter(properties) }.into()
}

fn transaction(sequence: u64, changes: Vec<AppliedChange>) -> AppliedTransaction {
    AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes }
}

/// How often state is read or written where one order of many customers changes.
fn operations(query: &str, customers: usize) -> usize {
    let engine = Each::new(query, &[("customer", Integer)]).engine().expect(query);
    let mut state = Counting::default();
    engine.begin(&mut state, Timestamp(0)).expect("a base");
    let come = (0..2 * customers).map(|at| AppliedChange { before: None, after: Some(order(at, 10)) });
    engine.step(&mut state, &transaction(1, come.collect())).expect("a step");
    let change = AppliedChange { before: Some(order(5, 10)), after: Some(order(5, 11)) };
    state.operations.set(0);
    let diffs = engine.step(&mut state, &transaction(2, vec![change])).expect("a step");
    assert!(!diffs.is_empty(), "{query}");
    state.operations.get()
}

#[test]
fn a_change_reads_and_writes_as_much_for_ten_values_as_for_thousands() {
    for query in [
        "MATCH (o:Order) WHERE o.customer = $customer RETURN o.total AS total",
        "MATCH (o:Order {customer: $customer}) RETURN o.total AS total ORDER BY total DESC LIMIT 1",
        "MATCH (o:Order {customer: $customer}) RETURN count(*) AS orders, max(o.total) AS most",
        "MATCH (o:Order {customer: $customer}) WITH DISTINCT o.total AS total RETURN total, COUNT { (:Gift) } AS gifts",
        "MATCH (o:Order {customer: $customer}) OPTIONAL MATCH (o)-->(i) WITH o.total AS total, count(i) AS n RETURN total, n",
    ] {
        let (ten, many) = (operations(query, 10), operations(query, 2_000));
        assert!(ten > 0 && ten == many, "{query}: {ten} for ten, {many} for many");
    }
}
