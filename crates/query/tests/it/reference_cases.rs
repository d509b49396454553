//! What the reference says about small graphs, against rows worked out by hand from the language's rules.

use livewell_model::{Element, ElementId, Map, Node, Relationship, Row, Value, key};
use livewell_query::reference::{Graph, Reference};

pub fn id(id: &str) -> ElementId {
    ElementId::new("s", id)
}

pub fn properties(entries: &[(&str, Value)]) -> Map {
    entries.iter().map(|(name, value)| (*name, value.clone())).collect()
}

pub fn node(name: &str, labels: &[&str], entries: &[(&str, Value)]) -> Element {
    let labels = labels.iter().map(|label| (*label).into()).collect();
    Node { id: id(name), labels, properties: properties(entries) }.into()
}

pub fn relationship(name: &str, kind: &str, from: &str, to: &str) -> Element {
    let properties = Map::new();
    Relationship { id: id(name), kind: kind.into(), from: id(from), to: id(to), properties }.into()
}

/// `(a:A {x: 1})-[r:R]->(b:A:B {x: 2})-[s:S]->(c:B {x: 3})`, and a loop `t:R` at `a`.
pub fn chain() -> Graph {
    Graph::from_iter([
        node("a", &["A"], &[("x", 1.into())]),
        node("b", &["A", "B"], &[("x", 2.into())]),
        node("c", &["B"], &[("x", 3.into())]),
        relationship("r", "R", "a", "b"),
        relationship("s", "S", "b", "c"),
        relationship("t", "R", "a", "a"),
    ])
}

/// Nodes `n0`, `n1`, ... without labels, each with one of the values as its `x`.
pub fn values(values: &[Value]) -> Graph {
    let node = |(at, value): (usize, &Value)| match value {
        Value::Null => node(&format!("n{at}"), &[], &[]),
        value => node(&format!("n{at}"), &[], &[("x", value.clone())]),
    };
    values.iter().enumerate().map(node).collect()
}

pub fn rows(graph: &Graph, query: &str) -> Vec<Row> {
    let tree = livewell_query::parse(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
    let reference =
        Reference::new(&tree, &Map::new()).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
    reference.rows(graph).unwrap_or_else(|error| panic!("{query}: {error}"))
}

pub fn exact(columns: &[Value]) -> Vec<u8> {
    columns.iter().flat_map(key::exact).collect()
}

/// The rows as a bag: in one order, and such that `1` is not `1.0`.
pub fn check(graph: &Graph, query: &str, expected: &[&[Value]]) {
    let mut got: Vec<_> = rows(graph, query).into_iter().map(|row| row.columns.to_vec()).collect();
    let mut expected: Vec<_> = expected.iter().map(|row| row.to_vec()).collect();
    got.sort_by_key(|row| exact(row));
    expected.sort_by_key(|row| exact(row));
    let same = got.len() == expected.len() && got.iter().zip(&expected).all(|(a, b)| exact(a) == exact(b));
    assert!(same, "{query}\n gave {got:?}\n not {expected:?}");
}

pub fn fails(graph: &Graph, query: &str) -> String {
    let tree = livewell_query::parse(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
    let reference =
        Reference::new(&tree, &Map::new()).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
    reference.rows(graph).expect_err(query).to_string()
}

pub fn s(text: &str) -> Value {
    Value::string(text)
}

pub fn i(int: i64) -> Value {
    Value::Int(int)
}

pub fn f(float: f64) -> Value {
    Value::Float(float)
}

#[test]
fn labels_are_a_conjunction_and_types_a_disjunction() {
    check(&chain(), "MATCH (n:A) RETURN n.x", &[&[i(1)], &[i(2)]]);
    check(&chain(), "MATCH (n:B:A) RETURN n.x", &[&[i(2)]]);
    check(&chain(), "MATCH ()-[r:R]->() RETURN id(r)", &[&[s("r")], &[s("t")]]);
    check(&chain(), "MATCH ()-[r:S|R]->() RETURN id(r)", &[&[s("r")], &[s("s")], &[s("t")]]);
    check(&chain(), "MATCH ()-[r:X]->() RETURN id(r)", &[]);
}

#[test]
fn a_directed_pattern_matches_one_way_and_an_undirected_one_both_ways_but_a_loop_once() {
    let query = |pattern| format!("MATCH {pattern} RETURN id(a), id(b)");
    let ab: &[Value] = &[s("a"), s("b")];
    let ba: &[Value] = &[s("b"), s("a")];
    let aa: &[Value] = &[s("a"), s("a")];
    check(&chain(), &query("(a)-[:R]->(b)"), &[ab, aa]);
    check(&chain(), &query("(a)<-[:R]-(b)"), &[ba, aa]);
    check(&chain(), &query("(a)-[:R]-(b)"), &[ab, ba, aa]);
    check(&chain(), "MATCH (a)-[:R]-(a) RETURN id(a)", &[&[s("a")]]);
}

#[test]
fn relationships_are_distinct_within_a_clause_but_not_across_clauses() {
    let one = Graph::from_iter([node("a", &[], &[]), node("b", &[], &[]), relationship("r", "R", "a", "b")]);
    check(&one, "MATCH (a)-[r]->(b), (c)-[q]->(d) RETURN id(q)", &[]);
    check(&one, "MATCH (a)--(b)--(c) RETURN id(a)", &[]);
    check(&one, "MATCH (a)-[r]->(b) MATCH (c)-[q]->(d) RETURN id(r), id(q)", &[&[s("r"), s("r")]]);
    // Nodes may repeat: out and back over two parallel relationships.
    let mut two = one;
    two.insert(relationship("q", "R", "a", "b"));
    check(&two, "MATCH (a)-->(b)<--(c) RETURN id(c)", &[&[s("a")], &[s("a")]]);
}

#[test]
fn a_relationship_matches_only_between_nodes_that_exist() {
    let mut graph = chain();
    graph.insert(relationship("dangling", "D", "c", "nowhere"));
    graph.insert(relationship("to_a_relationship", "D", "c", "r"));
    check(&graph, "MATCH ()-[d:D]-() RETURN id(d)", &[]);
    graph.insert(node("nowhere", &[], &[]));
    check(&graph, "MATCH ()-[d:D]->() RETURN id(d)", &[&[s("dangling")]]);
    graph.remove(&id("c"));
    check(&graph, "MATCH ()-[d:D]->() RETURN id(d)", &[]);
}

#[test]
fn inline_properties_are_equalities_that_must_be_true() {
    let graph = values(&[i(1), f(1.0), i(2), Value::Null, f(f64::NAN)]);
    check(&graph, "MATCH (n {x: 1}) RETURN n.x", &[&[i(1)], &[f(1.0)]]);
    check(&graph, "MATCH (n {x: null}) RETURN n.x", &[]);
    check(&chain(), "MATCH (a)-[:R {y: 1}]->() RETURN a", &[]);
    check(&chain(), "MATCH (a {x: 1}) MATCH (b {x: a.x + 1}) RETURN b.x", &[&[i(2)]]);
}

#[test]
fn several_clauses_join_on_what_they_share() {
    check(&chain(), "MATCH (a:A) MATCH (a)-[:S]->(b) RETURN a.x, b.x", &[&[i(2), i(3)]]);
    check(&chain(), "MATCH (a)-[:R]->(b), (b)-[:S]->(c) RETURN a.x, c.x", &[&[i(1), i(3)]]);
    check(&chain(), "MATCH (a:B), (b:B) RETURN a.x * 10 + b.x", &[&[i(22)], &[i(23)], &[i(32)], &[i(33)]]);
}

#[test]
fn where_keeps_only_true() {
    let graph = values(&[i(1), i(2), Value::Null]);
    check(&graph, "MATCH (n) WHERE n.x > 1 RETURN n.x", &[&[i(2)]]);
    check(&graph, "MATCH (n) WHERE NOT n.x > 1 RETURN n.x", &[&[i(1)]]);
    check(&graph, "MATCH (n) WHERE n.x > 1 OR n.x IS NULL RETURN n.x", &[&[i(2)], &[Value::Null]]);
    check(&graph, "MATCH (n) WITH n.x AS x WHERE x < 2 RETURN x", &[&[i(1)]]);
}

#[test]
fn a_projection_keeps_duplicates_and_distinct_does_not() {
    let graph = values(&[i(1), f(1.0), i(2), Value::Null, Value::Null, f(f64::NAN), f(f64::NAN)]);
    let nan: &[Value] = &[f(f64::NAN)];
    let null: &[Value] = &[Value::Null];
    check(&graph, "MATCH (n) RETURN n.x", &[&[i(1)], &[f(1.0)], &[i(2)], null, null, nan, nan]);
    check(&graph, "MATCH (n) RETURN DISTINCT n.x", &[&[i(1)], &[i(2)], null, nan]);
    check(&graph, "MATCH (n) WITH DISTINCT n.x AS x RETURN count(*)", &[&[i(4)]]);
}

#[test]
fn a_group_is_shown_by_its_smallest_tuple() {
    let graph = Graph::from_iter([
        node("a", &[], &[("x", f(1.0)), ("y", i(2))]),
        node("b", &[], &[("x", i(1)), ("y", f(2.0))]),
    ]);
    check(&graph, "MATCH (n) RETURN n.x, n.y, count(*)", &[&[i(1), f(2.0), i(2)]]);
    check(&graph, "MATCH (n) RETURN DISTINCT n.y, n.x", &[&[i(2), f(1.0)]]);
}

#[test]
fn a_query_without_match_has_one_row() {
    check(&chain(), "RETURN 1 + 1 AS two", &[&[i(2)]]);
    check(&chain(), "WITH 3 AS x RETURN x, count(*)", &[&[i(3), i(1)]]);
}

#[test]
fn aggregates_skip_null_and_count_rows_only_with_a_star() {
    let graph = values(&[i(5), i(3), Value::Null, i(5)]);
    let all = "count(*), count(n.x), sum(n.x), avg(n.x), min(n.x), max(n.x), collect(n.x)";
    let listed = Value::list([i(3), i(5), i(5)]);
    let row: &[Value] = &[i(4), i(3), i(13), f(13.0 / 3.0), i(3), i(5), listed];
    check(&graph, &format!("MATCH (n) RETURN {all}"), &[row]);
    let distinct = "count(DISTINCT n.x), sum(DISTINCT n.x), avg(DISTINCT n.x), collect(DISTINCT n.x)";
    let row: &[Value] = &[i(2), i(8), f(4.0), Value::list([i(3), i(5)])];
    check(&graph, &format!("MATCH (n) RETURN {distinct}"), &[row]);
}

#[test]
fn a_global_aggregate_has_a_row_over_nothing_and_a_keyed_group_has_none() {
    let all = "count(*), count(n), sum(n.x), avg(n.x), min(n.x), max(n.x), collect(n)";
    let nothing = Value::list([]);
    let row: &[Value] = &[i(0), i(0), i(0), Value::Null, Value::Null, Value::Null, nothing];
    check(&Graph::new(), &format!("MATCH (n) RETURN {all}"), &[row]);
    check(&Graph::new(), "MATCH (n) RETURN n.x, count(*)", &[]);
    check(&Graph::new(), "MATCH (n) WITH count(*) AS c WHERE c > 0 RETURN c", &[]);
}

#[test]
fn integers_sum_to_an_integer_that_must_fit_only_at_the_end() {
    check(&values(&[i(i64::MAX), i(1), i(-2)]), "MATCH (n) RETURN sum(n.x)", &[&[i(i64::MAX - 1)]]);
    let error = fails(&values(&[i(i64::MAX), i(1)]), "MATCH (n) RETURN sum(n.x)");
    assert!(error.contains("64-bit"), "{error}");
    // 2^53 + 1 is not a double; the average of integers rounds their exact sum.
    let beyond = (1 << 53) + 1;
    check(&values(&[i(beyond), i(0)]), "MATCH (n) RETURN avg(n.x)", &[&[f(4_503_599_627_370_496.0)]]);
}

#[test]
fn floats_sum_exactly_and_round_once() {
    check(&values(&[f(1e16), f(1.0), f(-1e16)]), "MATCH (n) RETURN sum(n.x)", &[&[f(1.0)]]);
    check(&values(&[f(0.1), f(0.2), f(0.3)]), "MATCH (n) RETURN sum(n.x)", &[&[f(0.6)]]);
    check(
        &values(&[i((1 << 53) + 1), f(1.0)]),
        "MATCH (n) RETURN sum(n.x)",
        &[&[f(9_007_199_254_740_994.0)]],
    );
    check(&values(&[i(1), f(-1.0)]), "MATCH (n) RETURN sum(n.x)", &[&[f(0.0)]]);
}

#[test]
fn nan_and_the_infinities_sum_as_ieee_has_it() {
    let sum = "MATCH (n) RETURN sum(n.x)";
    check(&values(&[f(f64::INFINITY), f(1.0)]), sum, &[&[f(f64::INFINITY)]]);
    check(&values(&[f(f64::NEG_INFINITY), i(1)]), sum, &[&[f(f64::NEG_INFINITY)]]);
    check(&values(&[f(f64::INFINITY), f(f64::NEG_INFINITY)]), sum, &[&[f(f64::NAN)]]);
    check(&values(&[f(f64::NAN), f(f64::INFINITY)]), sum, &[&[f(f64::NAN)]]);
    check(&values(&[f(f64::MAX), f(f64::MAX)]), sum, &[&[f(f64::INFINITY)]]);
}

#[test]
fn sums_of_what_is_no_number_fail() {
    let graph = values(&[i(1), s("x")]);
    assert!(fails(&graph, "MATCH (n) RETURN sum(n.x)").contains("string"));
    assert!(fails(&graph, "MATCH (n) RETURN avg(n.x)").contains("string"));
    assert!(!fails(&graph, "MATCH (n) RETURN 1 / 0").is_empty());
}

#[test]
fn extremes_and_collect_follow_the_total_order() {
    let graph = values(&[f(1.0), i(1), s("z"), Value::Bool(true), f(f64::NAN), Value::list([i(9)])]);
    let listed = [Value::list([i(9)]), s("z"), Value::Bool(true), i(1), f(1.0), f(f64::NAN)];
    let row: &[Value] = &[Value::list([i(9)]), f(f64::NAN), Value::list(listed)];
    check(&graph, "MATCH (n) RETURN min(n.x), max(n.x), collect(n.x)", &[row]);
    let ones = values(&[f(1.0), i(1), f(1.0)]);
    let row: &[Value] = &[i(1), f(1.0), Value::list([i(1)]), f(1.0)];
    check(&ones, "MATCH (n) RETURN min(n.x), max(n.x), collect(DISTINCT n.x), max(DISTINCT n.x)", &[row]);
}

#[test]
fn an_item_may_mix_aggregates_with_grouping_items() {
    let graph = values(&[i(1), i(1), i(2)]);
    check(&graph, "MATCH (n) RETURN n.x, n.x + count(*)", &[&[i(1), i(3)], &[i(2), i(3)]]);
    let alias = "MATCH (n) WITH n.x AS x RETURN x, x * 10 + count(*) * sum(x) AS y";
    check(&graph, alias, &[&[i(1), i(14)], &[i(2), i(22)]]);
    check(&graph, "MATCH (n) RETURN {c: count(*), m: max(n.x)}.m AS m", &[&[i(2)]]);
    check(&graph, "MATCH (n) RETURN count(*) + sum(n.x) AS both", &[&[i(7)]]);
}

#[test]
fn distinct_after_aggregates_makes_equal_groups_one() {
    let graph = values(&[i(1), i(2)]);
    check(&graph, "MATCH (n) WITH n.x AS x, count(*) AS c RETURN DISTINCT c", &[&[i(1)]]);
    check(&graph, "MATCH (n) WITH n.x AS x, count(*) AS c RETURN sum(c), c", &[&[i(2), i(1)]]);
}

#[test]
fn a_matched_rows_key_is_its_elements_in_the_order_of_the_text() {
    let graph = chain();
    let element = |name: &str| graph.node(&id(name)).map(Value::Node).expect("a node");
    let via = |name: &str| {
        let found = graph.elements().into_iter().find(|element| *element.id() == id(name));
        found.expect("a relationship").to_value()
    };
    let keys = |query| rows(&graph, query).into_iter().map(|row| row.key).collect::<Vec<_>>();
    let path = key::of(&[element("c"), via("s"), element("b"), via("r"), element("a")]);
    let one = keys("MATCH (c)<-[:S]-()<-[x]-(a {x: 1}) RETURN 1 AS one");
    assert_eq!(one, [path]);
    assert_eq!(keys("MATCH (c)<-[:S]-(b) MATCH (b)<-[x]-(a {x: 1}) RETURN 1 AS one"), one);
    let again = key::of(&[element("b"), via("s"), element("c")]);
    assert_eq!(keys("MATCH (b)-[s:S]->(c) WITH b, c, s.none AS s WHERE s IS NULL RETURN 7 AS x"), [again]);
}

#[test]
fn a_groups_key_is_its_grouping_values_and_a_distinct_rows_key_all_of_them() {
    let graph = values(&[f(1.0), i(1)]);
    let keys = |query| rows(&graph, query).into_iter().map(|row| row.key).collect::<Vec<_>>();
    assert_eq!(keys("MATCH (n) RETURN count(*), n.x, max(n.x), 'k' AS k"), [key::of(&[i(1), s("k")])]);
    assert_eq!(keys("MATCH (n) RETURN DISTINCT n.x, 'k' AS k"), [key::of(&[i(1), s("k")])]);
    assert_eq!(keys("MATCH (n) RETURN DISTINCT n.x, count(*)"), [key::of(&[i(1), i(2)])]);
    assert_eq!(keys("MATCH (n) RETURN count(*)"), [Vec::<u8>::new()]);
    assert_eq!(keys("RETURN 1 AS one"), [Vec::<u8>::new()]);
}
