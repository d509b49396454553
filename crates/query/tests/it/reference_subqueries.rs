//! What the reference says about subqueries in expressions. The values are worked out by hand.

use crate::reference_cases::{chain, check, f, fails, i, values};
use livewell_model::Value;
use livewell_query::reference::Graph;

const NULL: Value = Value::Null;

fn list(items: &[Value]) -> Value {
    Value::list(items.to_vec())
}

/// The query with each node's `x`, ascending, beside the value of `expr` over the node `n`.
fn check_each(expr: &str, expected: [Value; 3]) {
    let rows: Vec<Vec<Value>> = (1..).zip(expected).map(|(x, value)| vec![i(x), value]).collect();
    let rows: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    check(&chain(), &format!("MATCH (n) RETURN n.x, {expr} AS value"), &rows);
}

#[test]
fn a_pattern_in_where_asks_whether_it_matches() {
    check(&chain(), "MATCH (n) WHERE (n)-[:S]->() RETURN n.x", &[&[i(2)]]);
    check(&chain(), "MATCH (n) WHERE NOT (n)-->() RETURN n.x", &[&[i(3)]]);
    check(&chain(), "MATCH (a), (b) WHERE (a)-[:R]->(b) RETURN a.x, b.x", &[&[i(1), i(1)], &[i(1), i(2)]]);
    check(&chain(), "MATCH (a), (b) WHERE (a)-[*2]->(b) RETURN a.x, b.x", &[&[i(1), i(2)], &[i(1), i(3)]]);
    check(&chain(), "MATCH (n) WHERE (n)-[:R]->(:B) OR n.x = 3 RETURN n.x", &[&[i(1)], &[i(3)]]);
    check(
        &chain(),
        "MATCH (n:A) OPTIONAL MATCH (n)-->(m) WHERE (m)-->() RETURN n.x, m.x",
        &[&[i(1), i(1)], &[i(1), i(2)], &[i(2), NULL]],
    );
}

#[test]
fn exists_count_and_collect_are_of_the_rows_of_a_subquery() {
    check_each("EXISTS { (n)-->(m) WHERE m.x = n.x + 1 }", [true, true, false].map(Value::Bool));
    check_each("COUNT { (n)-->() }", [i(2), i(1), i(0)]);
    check_each("COUNT { (n)--(m) }", [i(2), i(2), i(1)]);
    check_each("COUNT { (n)-->(), (m) }", [i(6), i(3), i(0)]);
    check_each("COUNT { MATCH (m) WHERE m.x > n.x RETURN m }", [i(2), i(1), i(0)]);
    check_each("[(n)-->(m) | m.x]", [list(&[i(1), i(2)]), list(&[i(3)]), list(&[])]);
    check_each("[(n)-->(m) WHERE m.x > 1 | m.x * 10]", [list(&[i(20)]), list(&[i(30)]), list(&[])]);
    check_each(
        "[p = (n)-[:R|S*1..2]->() | length(p)]",
        [list(&[i(1), i(1), i(2), i(2)]), list(&[i(1)]), list(&[])],
    );
    check_each(
        "COLLECT { MATCH (n)--(m) RETURN m.x }",
        [list(&[i(1), i(2)]), list(&[i(1), i(3)]), list(&[i(2)])],
    );
    check_each(
        "COLLECT { MATCH (n)-->(m) RETURN DISTINCT m.x > 0 }",
        [list(&[Value::Bool(true)]), list(&[Value::Bool(true)]), list(&[])],
    );
}

#[test]
fn a_collected_list_keeps_null_and_is_ordered_by_value() {
    let graph = values(&[f(1.0), NULL, i(2), i(1)]);
    let all = list(&[i(1), f(1.0), i(2), NULL]);
    check(&graph, "RETURN COLLECT { MATCH (n) RETURN n.x } AS l", &[&[all]]);
    let down = list(&[NULL, i(2), i(1), f(1.0)]);
    check(&graph, "RETURN COLLECT { MATCH (n) WITH n ORDER BY n.x DESC RETURN n.x } AS l", &[&[down]]);
}

#[test]
fn the_row_around_stays_known_in_every_clause() {
    check_each("COUNT { MATCH (m) WITH m.x AS y WHERE y < n.x RETURN y }", [i(0), i(1), i(2)]);
    check_each(
        "COLLECT { UNWIND [1, 2] AS y WITH DISTINCT y % 2 AS z RETURN z + n.x }",
        [list(&[i(1), i(2)]), list(&[i(2), i(3)]), list(&[i(3), i(4)])],
    );
    check_each(
        "COLLECT { MATCH (m) WITH m.x > n.x AS more, count(*) AS c RETURN [more, c] }",
        [
            list(&[list(&[Value::Bool(false), i(1)]), list(&[Value::Bool(true), i(2)])]),
            list(&[list(&[Value::Bool(false), i(2)]), list(&[Value::Bool(true), i(1)])]),
            list(&[list(&[Value::Bool(false), i(3)])]),
        ],
    );
    check_each(
        "EXISTS { MATCH (m) WITH DISTINCT m.x AS y MATCH (n)-->(o {x: y}) WHERE y > n.x }",
        [true, true, false].map(Value::Bool),
    );
}

#[test]
fn each_row_around_has_a_window_of_its_own() {
    check_each(
        "COLLECT { MATCH (m) RETURN m.x * n.x AS y ORDER BY y DESC LIMIT 2 }",
        [list(&[i(3), i(2)]), list(&[i(6), i(4)]), list(&[i(9), i(6)])],
    );
    check_each(
        "COLLECT { MATCH (n)-->(m) RETURN m.x ORDER BY m.x SKIP 1 }",
        [list(&[i(2)]), list(&[]), list(&[])],
    );
    check_each("COUNT { MATCH (m) WHERE m.x > n.x RETURN m LIMIT 1 }", [i(1), i(1), i(0)]);
    check_each("EXISTS { MATCH (n)-->(m) RETURN m SKIP 1 }", [true, false, false].map(Value::Bool));
    check_each("EXISTS { MATCH (m) RETURN m LIMIT 0 }", [false, false, false].map(Value::Bool));
    check_each(
        "COLLECT { MATCH (m) WITH m ORDER BY m.x DESC LIMIT 1 MATCH (m)<--(o) RETURN o.x + n.x }",
        [list(&[i(3)]), list(&[i(4)]), list(&[i(5)])],
    );
}

#[test]
fn an_aggregate_of_all_rows_is_one_row_for_each_row_around() {
    check_each("COLLECT { MATCH (n)-->(m) RETURN sum(m.x) }", [list(&[i(3)]), list(&[i(3)]), list(&[i(0)])]);
    check_each(
        "COLLECT { MATCH (n)-->(m) RETURN [count(*), max(m.x)] }",
        [list(&[list(&[i(2), i(2)])]), list(&[list(&[i(1), i(3)])]), list(&[list(&[i(0), NULL])])],
    );
    check_each(
        "EXISTS { MATCH (n)-->(m) WITH count(m) AS c WHERE c = 0 RETURN c }",
        [false, false, true].map(Value::Bool),
    );
    check_each("COUNT { MATCH (n)-->(m) RETURN count(*) }", [i(1), i(1), i(1)]);
    check_each(
        "COLLECT { MATCH (n)-->(m) WITH collect(m.x) AS xs, n.x AS y RETURN size(xs) + y }",
        [list(&[i(3)]), list(&[i(3)]), list(&[])],
    );
    check_each(
        "COLLECT { MATCH (n)-->(m) WITH count(*) AS c WHERE c > 1 RETURN sum(c) }",
        [list(&[i(2)]), list(&[i(0)]), list(&[i(0)])],
    );
}

#[test]
fn subqueries_nest_and_stand_at_any_place() {
    check_each(
        "EXISTS { (n)-->(m) WHERE NOT EXISTS { (m)-->() WHERE m.x > n.x } }",
        [true, true, false].map(Value::Bool),
    );
    check_each(
        "[(n)-->(m) | COUNT { (m)-->(o) WHERE o.x > n.x }]",
        [list(&[i(1), i(1)]), list(&[i(0)]), list(&[])],
    );
    check_each("CASE WHEN EXISTS { (n)-->() } THEN COUNT { (n)<--() } ELSE -1 END", [i(1), i(1), i(-1)]);
    check_each("[x IN [(n)-->(m) | m.x] | x + 1]", [list(&[i(2), i(3)]), list(&[i(4)]), list(&[])]);
    check_each("size([x IN [1, 2, 3] WHERE EXISTS { (n)-[:S]->() }])", [i(0), i(3), i(0)]);
    check(&chain(), "MATCH (n) RETURN sum(COUNT { (n)-->() }), max(size([(n)--() | 1]))", &[&[i(3), i(2)]]);
    check(
        &chain(),
        "MATCH (n) RETURN COUNT { (n)-->() } AS c, count(*)",
        &[&[i(2), i(1)], &[i(1), i(1)], &[i(0), i(1)]],
    );
    check(&chain(), "MATCH (n) WITH n ORDER BY COUNT { (n)-->() } LIMIT 1 RETURN n.x", &[&[i(3)]]);
    check(
        &chain(),
        "MATCH (n:B) UNWIND [(n)--(m) | m.x] AS x RETURN n.x, x",
        &[&[i(2), i(1)], &[i(2), i(3)], &[i(3), i(2)]],
    );
    check(&chain(), "MATCH (n {x: COUNT { (:B) } + 1}) RETURN n.x", &[&[i(3)]]);
}

#[test]
fn a_variable_around_that_is_null_matches_nothing_in_a_subquery() {
    let query = |expr: &str| format!("OPTIONAL MATCH (n:Nothing) RETURN {expr} AS value");
    check(&chain(), &query("EXISTS { (n)--() }"), &[&[Value::Bool(false)]]);
    check(&chain(), &query("COUNT { (n) }"), &[&[i(0)]]);
    check(&chain(), &query("[(n)--(m) | m]"), &[&[list(&[])]]);
    check(&chain(), &query("COUNT { OPTIONAL MATCH (n)--(m) }"), &[&[i(1)]]);
    assert!(
        fails(&values(&[i(1)]), "MATCH (n) WITH n.x AS x WHERE EXISTS { (x)--() } RETURN 1").contains("node")
    );
}

#[test]
fn a_subquery_errs_where_one_of_its_rows_does() {
    assert!(!fails(&chain(), "MATCH (n) RETURN EXISTS { (m) WHERE 1 / (m.x - n.x) > 0 } AS e").is_empty());
    check(&Graph::new(), "RETURN EXISTS { (m) WHERE 1 / 0 > m.x } AS e", &[&[Value::Bool(false)]]);
}

#[test]
fn the_ends_of_a_relationship_are_its_nodes() {
    let query = "MATCH (x {x: 1})-[r]-(y) RETURN startNode(r).x AS s, endNode(r).x AS e";
    check(&chain(), query, &[&[i(1), i(2)], &[i(1), i(1)]]);
    let none = "MATCH (c {x: 3}) OPTIONAL MATCH (c)-[r]->() RETURN startNode(r) AS s";
    check(&chain(), none, &[&[Value::Null]]);
}
