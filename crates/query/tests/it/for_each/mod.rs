//! Queries that are run for each value of parameters: for every value, also one that nothing has, the rows are those of
//! the query with that parameter.

mod cost;
pub mod oracle;
mod refused;
mod values;

use crate::random::stream;
use livewell_model::{AppliedChange, AppliedTransaction, ElementId, Map, Node, Timestamp, Value};
use livewell_query::MemoryState;
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
    assert!(compared > 5, "{text}: only {compared} times there were rows");
}

#[test]
fn a_condition_of_a_match_gives_each_row_the_value_for_which_it_is_true() {
    holds("MATCH (n:A) WHERE n.a = $p RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A) WHERE $p = n.a RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A {c: $p}) RETURN n.b AS b", &[("p", Text)]);
    holds("MATCH (n)-[r:R {a: $p}]->(m) RETURN n.b AS b, m.c AS c", &[("p", Integer)]);
    holds("MATCH (:A {a: $p})--(m) RETURN m.b AS b", &[("p", Integer)]);
    holds("MATCH (n)-[:R|S {a: $p}]-({b: $q}) RETURN n.a AS a", &[("p", Integer), ("q", Float)]);
    holds("MATCH (n:A)-->(m) WHERE n.b > 0 AND m.c = $p AND n.a < 3 RETURN n.b AS b", &[("p", Text)]);
    holds("MATCH (n:A) WHERE n.c = $p RETURN n.b AS b", &[("p", Boolean)]);
    holds("MATCH (n:A) WHERE (n.a > 0) = $p RETURN n.b AS b", &[("p", Boolean)]);
}

#[test]
fn a_condition_behind_a_with_does_so_of_what_was_computed() {
    holds("MATCH (n:A) WITH n, n.a + 1 AS next WHERE next = $p RETURN n.b AS b, next", &[("p", Integer)]);
    holds("MATCH (n:A) WITH n.c AS c, count(*) AS count WHERE count = $p RETURN c, count", &[("p", Integer)]);
    holds("MATCH (n:A) WITH n ORDER BY n.a, n.b LIMIT 2 WHERE n.a = $p RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A) WITH DISTINCT n.b AS b WHERE b = $p RETURN b", &[("p", Float)]);
    holds("MATCH (n) WITH count(*) AS rows MATCH (m:A {a: $p}) RETURN rows, m.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A) WITH count(*) AS count WHERE count = $p RETURN count", &[("p", Integer)]);
    holds("MATCH (n:A) WITH max(n.c) AS c, sum(n.a) AS sum WHERE c = $p RETURN sum", &[("p", Text)]);
    holds(
        "MATCH (n) CALL (n) { MATCH (n)--(m) RETURN count(m) AS c } WITH * WHERE c = $p RETURN n.b AS b",
        &[("p", Integer)],
    );
    holds("OPTIONAL MATCH (n:A) WITH n WHERE n.a = $p RETURN n.b AS b", &[("p", Integer)]);
    holds("UNWIND [1, 2, 3] AS x WITH x WHERE x = $p RETURN x", &[("p", Integer)]);
    holds("MATCH (n:A) UNWIND [n.a, n.b] AS x WITH * WHERE x = $p RETURN n.c AS c", &[("p", Integer)]);
}

#[test]
fn values_of_one_number_are_one_whatever_their_types() {
    holds("MATCH (n) WHERE n.b = $p RETURN n.a AS a, n.b AS b", &[("p", Integer)]);
    holds("MATCH (n) WHERE n.b = $p RETURN n.a AS a, n.b AS b", &[("p", Float)]);
    holds("MATCH (n) WHERE n.a = $p RETURN n.a AS a", &[("p", Float)]);
    holds("MATCH (n) WHERE n.b = $p RETURN count(*) AS count, collect(n.b) AS rows", &[("p", Integer)]);
}

#[test]
fn a_parameter_is_compared_with_where_it_stands_again_and_several_are_a_tuple() {
    holds("MATCH (n:A)-->(m) WHERE n.a = $p AND m.a = $p RETURN n.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A)-->(m) WHERE n.a = $p AND m.b = $p RETURN m.b AS b", &[("p", Integer)]);
    holds("MATCH (n:A {a: $p}) MATCH (m:B {a: $p}) RETURN n.b AS b, m.b AS c", &[("p", Integer)]);
    holds("MATCH (n:A {a: $p}) WITH n MATCH (n)-->(m) WHERE m.a = $p RETURN m.b AS b", &[("p", Integer)]);
    let long = "coalesce(n.a, n.c, n.c, n.c, n.c, n.c, n.c, n.c, n.c)";
    holds(&format!("MATCH (n) WHERE {long} = $p WITH n WHERE n.b = $p RETURN n.c AS c"), &[("p", Integer)]);
    holds("MATCH (n:A {a: $p, b: $p}) RETURN n.c AS c", &[("p", Integer)]);
    holds("MATCH (n:A {a: $p}) WHERE n.c = $q RETURN n.b AS b", &[("p", Integer), ("q", Text)]);
    holds("MATCH (n:A {a: $p}) WHERE n.c = $q RETURN n.b AS b", &[("q", Text), ("p", Integer)]);
    holds(
        "MATCH (n:A {a: $p}) WITH n MATCH (n)-->(m) WHERE m.c = $q RETURN count(*) AS count, max(m.a) AS most",
        &[("q", Text), ("p", Integer)],
    );
    holds(
        "MATCH (n {a: $p}) WITH n.c AS c, count(*) AS count WHERE count = $q RETURN c",
        &[("p", Integer), ("q", Integer)],
    );
}

#[test]
fn clauses_behind_the_value_are_those_of_one_value() {
    let p = &[("p", Integer)];
    holds("MATCH (n {a: $p}) OPTIONAL MATCH (n)-->(m:B) RETURN n.b AS b, m.a AS a", p);
    holds(
        "MATCH (n {a: $p}) OPTIONAL MATCH (n)-->(m:B) OPTIONAL MATCH (m)-->(o) WITH n, count(o) AS c RETURN n.b AS b, c",
        p,
    );
    holds("MATCH (n {a: $p}) UNWIND [n.b, n.c] AS x RETURN x", p);
    holds("MATCH (n {a: $p}) RETURN n.b AS b, COUNT { (n)-->(:B) } AS count", p);
    holds("MATCH (n {a: $p}) WHERE EXISTS { MATCH (n)-->(m) WHERE m.b > n.b } RETURN n.b AS b", p);
    holds(
        "MATCH (n {a: $p}) RETURN n.b AS b, COLLECT { MATCH (n)--(m) RETURN m.b ORDER BY m.b LIMIT 2 } AS l",
        p,
    );
    holds(
        "MATCH (n {a: $p}) CALL (n) { MATCH (n)-->(m) RETURN count(m) AS count } RETURN n.b AS b, count",
        p,
    );
    holds(
        "MATCH (n {a: $p}) CALL (n) { MATCH (n)-->(m) RETURN m.c AS c UNION MATCH (n)<--(m) RETURN m.c AS c } RETURN n.b AS b, c",
        p,
    );
    holds("MATCH (n {a: $p})-[r*1..2]->(m) RETURN n.b AS b, size(r) AS length", p);
    holds("MATCH path = (n {a: $p})-->(m) RETURN length(path) AS l, m.b AS b", p);
    holds("MATCH (n {a: $p}) MATCH (m:B) RETURN n.b AS b, m.b AS c", p);
}

#[test]
fn groups_distinct_rows_and_windows_are_those_of_one_value() {
    let p = &[("p", Integer)];
    holds("MATCH (n {a: $p}) RETURN n.c AS c, count(*) AS count", p);
    holds("MATCH (n {a: $p}) WITH n.c AS c, sum(n.a) AS sum RETURN c, sum ORDER BY sum LIMIT 1", p);
    holds("MATCH (n {a: $p}) RETURN DISTINCT n.c AS c", p);
    holds("MATCH (n {a: $p}) WITH DISTINCT n.c AS c RETURN c ORDER BY c SKIP 1", p);
    holds("MATCH (n {a: $p}) RETURN n.b AS b ORDER BY n.b DESC LIMIT 1", p);
    holds("MATCH (n {a: $p}) WITH n ORDER BY n.c SKIP 1 LIMIT 1 MATCH (n)--(m) RETURN n.b AS b, m.b AS c", p);
    holds("MATCH (n {a: $p}) WITH n.c AS c, count(*) AS i WITH i, count(*) AS j RETURN i, j", p);
}

#[test]
fn queries_of_a_union_are_put_together_value_by_value() {
    let p = &[("p", Integer)];
    holds("MATCH (n {a: $p}) RETURN n.c AS c UNION MATCH (n)-->(m {a: $p}) RETURN n.c AS c", p);
    holds("MATCH (n {a: $p}) RETURN n.b AS b UNION ALL MATCH (n {b: $p}) RETURN n.b AS b", p);
    holds(
        "MATCH (n {a: $p}) RETURN n.b AS b ORDER BY b LIMIT 1 UNION MATCH (n {b: $p}) RETURN n.a AS b LIMIT 1",
        p,
    );
    holds(
        "MATCH (n {a: $p, c: $q}) RETURN n.b AS b UNION MATCH (n {c: $q}) WITH n WHERE n.b = $p RETURN n.a AS b",
        &[("q", Text), ("p", Integer)],
    );
    holds(
        "MATCH (n {a: $p}) RETURN n.c AS c, count(*) AS i UNION MATCH (n {b: $p}) RETURN n.c AS c, 1 AS i",
        p,
    );
}

#[test]
fn an_aggregate_over_all_rows_has_a_row_for_values_that_nothing_has() {
    let p = &[("p", Integer)];
    holds(
        "MATCH (n {a: $p}) RETURN count(*) AS count, sum(n.a) AS sum, min(n.b) AS least, collect(n.c) AS rows",
        p,
    );
    holds("MATCH (n {a: $p}) RETURN 10 + count(*) AS count", p);
    holds("MATCH (n {a: $p}) WITH count(*) AS count RETURN count, count > 0 AS any", p);
    holds("MATCH (n {a: $p}) WITH count(*) AS count WHERE count > 1 RETURN count", p);
    holds("MATCH (n {a: $p}) WITH count(*) AS count RETURN count ORDER BY count LIMIT 1", p);
    holds("MATCH (n {a: $p}) OPTIONAL MATCH (n)-->(m:B) RETURN count(m) AS count, avg(m.a) AS mean", p);
    holds("MATCH (n {a: $p}) WITH n.c AS c, count(*) AS i RETURN max(i) AS most", p);
    holds(
        "MATCH (n {a: $p}) RETURN count(*) AS a, CASE WHEN count(*) = 0 THEN null ELSE 1 / count(*) END AS b",
        p,
    );
    holds(
        "MATCH (n {a: $p}) RETURN percentileCont(n.a, 0.5) AS half, stDev(n.a) AS d, count(DISTINCT n.c) AS c",
        p,
    );
}

#[test]
fn functions_of_time_follow_a_row_of_one_value() {
    let p = &[("p", Integer)];
    holds("MATCH (n {a: $p}) WITH n, livewell.trueFor(n.b > 0, duration('PT1S')) AS t RETURN n.b AS b, t", p);
    holds("MATCH (n {a: $p}) WHERE livewell.trueFor(n.b > 0, duration('PT1S')) RETURN n.b AS b", p);
    holds("MATCH (n) WHERE n.a = $p AND livewell.trueFor(n.b > 0, duration('PT1S')) RETURN n.b AS b", p);
    holds("MATCH (n) WHERE livewell.trueFor(n.b > 0, duration('PT1S')) AND n.a = $p RETURN n.b AS b", p);
    holds("MATCH (n {a: $p}) RETURN n.b AS b, livewell.previousValue(n.b, 0) AS before", p);
    holds(
        "MATCH (n {a: $p}) WITH n.c AS c, count(*) AS i RETURN c, livewell.previousValue(i, 0) AS before",
        p,
    );
    holds("MATCH (n {a: $p}) RETURN n.b AS b, livewell.changeDateTime(n) AS at", p);
}

#[test]
fn a_row_of_nobody_is_dropped_where_the_condition_stands_and_one_of_somebody_fails_for_all() {
    let stepped = |query: &str, properties: &[(&str, Value)]| {
        let engine = Each::new(query, &[("p", Integer)]).engine().expect(query);
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0)).expect("a base");
        let properties: Map = properties.iter().cloned().collect();
        let node = Node { id: ElementId::new("s", "n"), labels: vec!["N".into()], properties };
        let changes = vec![AppliedChange { before: None, after: Some(node.into()) }];
        let transaction = AppliedTransaction { sequence: 1, position: 1, timestamp: Timestamp(0), changes };
        engine.step(&mut state, &transaction).map(|diffs| diffs.len()).ok()
    };
    let (zero, two) = (("y", Value::Int(0)), ("y", Value::Int(2)));
    let before = "MATCH (n:N) WHERE n.x = $p AND 1 / n.y >= 0 RETURN n.y AS y";
    let behind = "MATCH (n:N) WHERE 1 / n.y >= 0 AND n.x = $p RETURN n.y AS y";
    for nobody in [Value::Null, Value::Float(f64::NAN), Value::Float(0.5), Value::string("1")] {
        let nobody = ("x", nobody);
        assert_eq!(stepped(before, &[nobody.clone(), zero.clone()]), Some(0), "{nobody:?}");
        assert!(stepped(behind, &[nobody.clone(), zero.clone()]).is_none(), "{nobody:?}");
        assert_eq!(stepped(behind, &[nobody.clone(), two.clone()]), Some(0), "{nobody:?}");
    }
    for somebody in [Value::Int(1), Value::Float(1.0)] {
        let somebody = ("x", somebody);
        assert!(stepped(before, &[somebody.clone(), zero.clone()]).is_none(), "{somebody:?}");
        assert_eq!(stepped(before, &[somebody.clone(), two.clone()]), Some(1), "{somebody:?}");
    }
}

#[test]
fn what_a_value_has_that_nothing_has_is_known_beforehand() {
    let nothing = |text: &str| {
        let engine = Each::new(text, &[("p", Integer)]).engine().expect(text);
        engine.for_each().and_then(|for_each| for_each.nothing()).map(<[Value]>::to_vec)
    };
    let (zero, null) = (Value::Int(0), Value::Null);
    assert_eq!(nothing("MATCH (n {a: $p}) RETURN n.b AS b"), None);
    assert_eq!(nothing("MATCH (n {a: $p}) RETURN n.b AS b, count(*) AS c"), None);
    assert_eq!(
        nothing("MATCH (n {a: $p}) RETURN max(n.b) AS m, count(*) AS c"),
        Some(vec![null, zero.clone()])
    );
    let computed = "MATCH (n {a: $p}) WITH count(*) AS c RETURN 'n' + c AS t, c ORDER BY c + 1 LIMIT 1";
    assert_eq!(nothing(computed), Some(vec![Value::string("n0"), zero]));
    assert_eq!(nothing("MATCH (n {a: $p}) WITH count(*) AS c WHERE c > 0 RETURN c"), None);
    assert_eq!(nothing("MATCH (n {a: $p}) RETURN count(*) AS c SKIP 1"), None);
    assert_eq!(nothing("MATCH (n {a: $p}) RETURN count(*) AS c LIMIT 0"), None);
    assert_eq!(nothing("MATCH (n) WITH count(*) AS c MATCH (m {a: $p}) RETURN c, m.b AS b"), None);
}
