//! Queries that are run for each value of parameters: for every value, also one that nothing has, the rows are those of
//! the query with that parameter.

mod oracle;

use crate::random::stream;
use livewell_model::Value;
use livewell_query::ParameterType::{self, Boolean, Float, Integer, Text};
use livewell_scenarios::choice::Choice;
use oracle::Each;

/// Values of a type: those that the streams hold, some that equal them, and some that nothing ever has.
fn values_of(of: ParameterType) -> Vec<Value> {
    match of {
        Text => ["", "x", "y", "xy", "xyz", "ä", "never"].map(Value::string).into(),
        Integer => (-3..=6).chain([i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1]).map(Value::Int).collect(),
        Float => [0.0, 0.1, 0.2, 1.0, 2.0, -1.0, 1e16, 1e-300, 3.5, -0.25, -1e30, f64::INFINITY, 77.5]
            .map(Value::Float)
            .into(),
        Boolean => [true, false].map(Value::Bool).into(),
    }
}

/// All tuples of values of these types.
fn tuples(types: &[ParameterType]) -> Vec<Vec<Value>> {
    types.iter().fold(vec![vec![]], |tuples, of| {
        let values = values_of(*of);
        let longer = |tuple: Vec<Value>| {
            values
                .iter()
                .map(move |value| [&tuple[..], std::slice::from_ref(value)].concat())
                .collect::<Vec<_>>()
        };
        tuples.into_iter().flat_map(longer).collect()
    })
}

/// The law holds for this query over random streams, and not only of no rows.
fn holds(text: &str, declared: &[(&str, ParameterType)]) {
    let each = Each::new(text, declared);
    let engine = each.engine().unwrap_or_else(|refused| panic!("{}", refused.render(text, "query")));
    let types: Vec<_> = declared.iter().map(|(_, of)| *of).collect();
    let mut compared = 0;
    for seed in 0..12 {
        let stream = stream::generate(&mut Choice::new(seed));
        let checked = each.check(&engine, &stream, tuples(&types));
        compared += checked.unwrap_or_else(|why| panic!("{text}\nseed {seed}: {why}\n{}", engine.explain()));
    }
    assert!(compared > 10, "{text}: only {compared} times there were rows");
}

#[test]
fn a_condition_of_a_match_gives_each_row_the_value_for_which_it_is_true() {
    holds("MATCH (n:A) WHERE n.a = $p RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A) WHERE $p = n.a RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A {c: $p}) RETURN n.b AS b", &[("p", Text)]);
    holds("MATCH (n)-[r:R {a: $p}]->(m) RETURN n.b AS b, m.c AS c", &[("p", Integer)]);
    holds("MATCH (n:A)-->(m) WHERE n.b > 0 AND m.c = $p AND n.a < 3 RETURN n.b AS b", &[("p", Text)]);
    holds("MATCH (n:A) WHERE n.c = $p RETURN n.b AS b", &[("p", Boolean)]);
    holds("MATCH (n:A) WHERE (n.a > 0) = $p RETURN n.b AS b", &[("p", Boolean)]);
}
