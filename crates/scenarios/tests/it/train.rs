//! The Train Benchmark: its railways are what they were, and its queries have the reference's rows at each step.

use livewell_model::{AppliedTransaction, Element, Map, Row, Timestamp, Value};
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, MemoryState, parse};
use livewell_scenarios::choice::Choice;
use livewell_scenarios::train::{Model, Query, Rates, generate, inject, repair};
use std::collections::BTreeSet;

const SEED: u64 = 1;

#[test]
fn a_railway_has_the_published_size_and_is_the_same_each_time() {
    let count = |model: &Model| {
        let nodes = model.elements().filter(|element| matches!(element, Element::Node(_))).count();
        (nodes, model.elements().count() - nodes)
    };
    assert_eq!(count(&generate(1, Rates::REPAIR, SEED).0), (1_596, 2_735));
    // Published are about 117,000 nodes and 196,000 relationships.
    assert_eq!(count(&generate(64, Rates::REPAIR, SEED).0), (112_935, 192_485));
}

#[test]
fn each_query_has_the_reference_s_rows_after_loading_injections_and_repairs() {
    for query in Query::ALL {
        let mut compared = Compared::new(query);
        let (mut model, load) = generate(1, Rates::REPAIR, SEED);
        let mut rows = compared.step(&model, &load);
        let mut choice = Choice::new(SEED);
        for _ in 0..3 {
            let injection = inject(&mut model, query, 10, &mut choice);
            let injected = compared.step(&model, &injection);
            assert!(injected.len() > rows.len(), "{query}: {} rows, then {}", rows.len(), injected.len());
            let places: Vec<_> = injected.iter().take(10).map(numbers).collect();
            let mending = repair(&mut model, query, &places);
            rows = compared.step(&model, &mending);
            assert!(rows.len() < injected.len(), "{query}: {} rows, then {}", injected.len(), rows.len());
        }
    }
}

/// A maintained query, compared with the reference after each step.
struct Compared {
    query: Query,
    engine: Engine,
    reference: Reference,
    state: MemoryState,
}

impl Compared {
    fn new(query: Query) -> Self {
        let engine = Engine::compile(query.text(), &Map::new()).expect("a query");
        let parsed = parse(query.text()).expect("a query");
        let reference = Reference::new(&parsed, &Map::new()).expect("a query");
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0)).expect("a step");
        Self { query, engine, reference, state }
    }

    fn step(&mut self, model: &Model, transaction: &AppliedTransaction) -> Vec<Row> {
        self.engine.step(&mut self.state, transaction).expect("a step");
        let rows: Vec<Row> = self.state.rows().into_iter().map(|(_, row)| row).collect();
        let mut graph = Graph::new();
        model.elements().for_each(|element| graph.insert(element.clone()));
        let expected = self.reference.rows(&graph.packed()).expect("rows");
        let encoded = |rows: &[Row]| rows.iter().map(Row::encode).collect::<BTreeSet<_>>();
        assert_eq!(encoded(&rows), encoded(&expected), "{}, {}", self.query, transaction.sequence);
        assert_eq!(rows.len(), expected.len(), "{}, {}", self.query, transaction.sequence);
        rows
    }
}

fn numbers(row: &Row) -> Vec<u64> {
    let number = |value: &Value| match value {
        Value::Int(number) => u64::try_from(*number).expect("the number of an element"),
        other => panic!("{other:?} is not the number of an element"),
    };
    row.columns.iter().map(number).collect()
}
