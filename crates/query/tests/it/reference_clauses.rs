//! What the reference says about chains of clauses: OPTIONAL MATCH, UNWIND, UNION, ORDER BY, SKIP and LIMIT. The
//! rows are worked out by hand from the language's rules.

use crate::reference_cases::{chain, check, f, fails, i, id, node, rows, s, values};
use livewell_model::{Map, Value, key};
use livewell_query::reference::{Graph, Reference};

const NULL: Value = Value::Null;

/// The rows in the order a reader gets them.
fn check_ordered(graph: &Graph, query: &str, expected: &[&[Value]]) {
    let tree = livewell_query::parse(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
    let reference = Reference::new(&tree, &Map::new()).expect(query);
    let rows = reference.ordered_rows(graph).expect(query);
    let got: Vec<_> = rows.iter().map(|row| row.columns.to_vec()).collect();
    assert_eq!(got, expected, "{query}");
}

fn ints(items: &[i64]) -> Value {
    Value::list(items.iter().copied().map(Value::Int).collect::<Vec<_>>())
}

#[test]
fn an_optional_match_keeps_a_row_that_nothing_matches() {
    let query = |rest| format!("MATCH (a:A) {rest}");
    let both: &[&[Value]] = &[&[i(1), NULL], &[i(2), i(3)]];
    check(&chain(), &query("OPTIONAL MATCH (a)-[:S]->(b) RETURN a.x, b.x"), both);
    // The condition is part of the match; behind WITH it is not.
    check(&chain(), &query("OPTIONAL MATCH (a)-->(b) WHERE b.x = 3 RETURN a.x, b.x"), both);
    check(
        &chain(),
        &query("OPTIONAL MATCH (a)-->(b) WITH a, b WHERE b.x = 3 RETURN a.x, b.x"),
        &[&[i(2), i(3)]],
    );
    check(
        &chain(),
        &query("OPTIONAL MATCH (a)-[r:S {y: 1}]->(b) RETURN a.x, r, b"),
        &[&[i(1), NULL, NULL], &[i(2), NULL, NULL]],
    );
    check(&Graph::new(), "OPTIONAL MATCH (a) RETURN a, count(a), count(*)", &[&[NULL, i(0), i(1)]]);
}

#[test]
fn a_variable_that_is_null_matches_nothing_further() {
    let unmatched = "MATCH (a {x: 1}) OPTIONAL MATCH (a)-[r:S]->(b) ";
    let with = |rest: &str| format!("{unmatched}{rest}");
    check(&chain(), &with("MATCH (b)-->(c) RETURN c"), &[]);
    check(&chain(), &with("MATCH (b) RETURN b"), &[]);
    check(&chain(), &with("MATCH (c)-[r]->(d) RETURN d"), &[]);
    check(&chain(), &with("OPTIONAL MATCH (b)-->(c) RETURN a.x, b, c"), &[&[i(1), NULL, NULL]]);
    check(&chain(), &with("OPTIONAL MATCH (c)-[r]->(d) RETURN a.x, c, d"), &[&[i(1), NULL, NULL]]);
    check(&chain(), &with("OPTIONAL MATCH p = (a)-[r]->() RETURN p"), &[&[NULL]]);
}

#[test]
fn a_variable_that_holds_no_element_cannot_be_matched() {
    let holds = |value: &str, pattern: &str| format!("UNWIND [{value}] AS x MATCH {pattern} RETURN 1 AS one");
    for (value, pattern) in [("1", "(x)"), ("'x'", "(x)--()"), ("1", "()-[x]-()"), ("2", "()-[x*]-()")] {
        // Written as a property, so that the checks do not know the type.
        let query = format!("UNWIND [{{v: {value}}}] AS m WITH m.v AS x MATCH {pattern} RETURN 1 AS one");
        assert!(fails(&chain(), &query).contains("pattern needs"), "{query}");
        let optional = query.replace(" MATCH", " OPTIONAL MATCH");
        assert!(fails(&chain(), &optional).contains("pattern needs"), "{optional}");
    }
    check(&chain(), &holds("null", "(x)"), &[]);
    // A second MATCH is not reached, and errs all the same: both are one pattern.
    let later = "UNWIND [{v: 1}] AS m WITH m.v AS x MATCH (:Nothing) MATCH (x) RETURN 1 AS one";
    assert!(fails(&chain(), later).contains("pattern needs"));
}

#[test]
fn a_match_behind_with_joins_on_what_is_projected() {
    check(&chain(), "MATCH (a:A) WITH a MATCH (a)-[:S]->(b) RETURN a.x, b.x", &[&[i(2), i(3)]]);
    check(
        &chain(),
        "MATCH (a:A) WITH count(*) AS c MATCH (b:B) RETURN c, b.x",
        &[&[i(2), i(2)], &[i(2), i(3)]],
    );
    check(
        &chain(),
        "MATCH ()-[r:S]->() WITH r MATCH (a)-[r]-(b) RETURN a.x, b.x",
        &[&[i(2), i(3)], &[i(3), i(2)]],
    );
    check(&chain(), "MATCH ()-[r:S]->() WITH r MATCH (a)-[r]->(b)-[q]-(c) RETURN c", &[]);
    check(
        &chain(),
        "MATCH (a:A) WITH a.x AS x MATCH (b {x: x + 1}) RETURN x, b.x",
        &[&[i(1), i(2)], &[i(2), i(3)]],
    );
}

#[test]
fn unwind_gives_a_row_for_each_item() {
    check(&Graph::new(), "UNWIND [3, 1, 1, null] AS x RETURN x", &[&[i(3)], &[i(1)], &[i(1)], &[NULL]]);
    check(&Graph::new(), "UNWIND [] AS x RETURN x", &[]);
    check(&Graph::new(), "UNWIND null AS x RETURN x", &[]);
    check(
        &Graph::new(),
        "UNWIND [[1, 2], [], [3]] AS l UNWIND l AS x RETURN x",
        &[&[i(1)], &[i(2)], &[i(3)]],
    );
    check(
        &chain(),
        "MATCH (n:A) UNWIND labels(n) AS l RETURN n.x, l",
        &[&[i(1), s("A")], &[i(2), s("A")], &[i(2), s("B")]],
    );
    check(
        &chain(),
        "MATCH (n:B) WITH collect(n) AS ns UNWIND ns AS m MATCH (m)-->(o) RETURN o.x",
        &[&[i(3)]],
    );
    assert!(fails(&values(&[i(1)]), "MATCH (n) UNWIND n.x AS y RETURN y").contains("UNWIND needs a list"));
}

#[test]
fn union_makes_equal_rows_one_and_union_all_does_not() {
    let of = |union: &str| format!("MATCH (n:A) RETURN n.x AS x {union} MATCH (n:B) RETURN n.x AS x");
    check(&chain(), &of("UNION"), &[&[i(1)], &[i(2)], &[i(3)]]);
    check(&chain(), &of("UNION ALL"), &[&[i(1)], &[i(2)], &[i(2)], &[i(3)]]);
    check(&Graph::new(), "RETURN 1.0 AS x UNION RETURN 1 AS x", &[&[i(1)]]);
    check(&Graph::new(), "UNWIND [1, 1] AS x RETURN x UNION RETURN 2 AS x", &[&[i(1)], &[i(2)]]);
    check(
        &Graph::new(),
        "UNWIND [2, 1] AS x RETURN x ORDER BY x LIMIT 1 UNION ALL RETURN 1 AS x",
        &[&[i(1)], &[i(1)]],
    );
}

#[test]
fn keys_tell_optional_parts_items_and_branches_apart() {
    let keys =
        |graph: &Graph, query: &str| rows(graph, query).into_iter().map(|row| row.key).collect::<Vec<_>>();
    let graph = chain();
    let a = Value::Node(graph.node(&id("a")).expect("a node"));
    let query = "MATCH (a {x: 1}) OPTIONAL MATCH p = (a)-[r:S]->(b) RETURN b";
    assert_eq!(keys(&graph, query), [key::of(&[a.clone(), NULL, NULL])]);
    let query = "MATCH (a {x: 1}) UNWIND [7, 7] AS x RETURN x";
    assert_eq!(keys(&graph, query), [key::of(&[a.clone(), i(0)]), key::of(&[a.clone(), i(1)])]);
    let query = "MATCH (a {x: 1}) RETURN 1 AS x UNION ALL UNWIND [5] AS x RETURN x";
    assert_eq!(keys(&graph, query), [key::of(&[i(0), a.clone()]), key::of(&[i(1), i(0)])]);
    let query = "MATCH (a {x: 1}) RETURN a.x AS x UNION RETURN 1 AS x";
    assert_eq!(keys(&graph, query), [key::of(&[i(1)])]);
    let query = "MATCH p = (a {x: 1})-[*0..0]->() RETURN 1 AS one";
    assert_eq!(keys(&graph, query), [key::of(&[a.clone(), Value::list([]), a])]);
}

#[test]
fn rows_come_in_the_order_of_the_sort_keys_then_of_their_own_keys() {
    let graph = values(&[i(2), NULL, s("x"), f(f64::NAN), i(1), Value::Bool(true), f(1.0)]);
    let ascending = [s("x"), Value::Bool(true), i(1), f(1.0), i(2), f(f64::NAN), NULL];
    let rows: Vec<&[Value]> = ascending.iter().map(std::slice::from_ref).collect();
    check_ordered(&graph, "MATCH (n) RETURN n.x ORDER BY n.x", &rows);
    // Descending is the exact reverse but for ties: 1 of n4 and 1.0 of n6 stay in the order of their nodes.
    let descending = [NULL, f(f64::NAN), i(2), i(1), f(1.0), Value::Bool(true), s("x")];
    let rows: Vec<&[Value]> = descending.iter().map(std::slice::from_ref).collect();
    check_ordered(&graph, "MATCH (n) RETURN n.x ORDER BY n.x DESC", &rows);
    let two = "UNWIND [[1, 'b'], [2, 'a'], [1, 'a']] AS p RETURN p[0], p[1] ORDER BY p[0] DESC, p[1]";
    check_ordered(&Graph::new(), two, &[&[i(2), s("a")], &[i(1), s("a")], &[i(1), s("b")]]);
    check_ordered(&chain(), "MATCH (n) RETURN id(n) ORDER BY -n.x", &[&[s("c")], &[s("b")], &[s("a")]]);
}

#[test]
fn an_order_is_carried_on_to_the_reader() {
    let by = "UNWIND [1, 3, 2] AS x WITH x ORDER BY x DESC ";
    let with = |rest: &str| format!("{by}{rest}");
    let down: &[&[Value]] = &[&[i(3)], &[i(2)], &[i(1)]];
    check_ordered(&Graph::new(), &with("RETURN x"), down);
    check_ordered(&Graph::new(), &with("WITH x, x * 2 AS y WHERE y > 0 RETURN x"), down);
    check_ordered(&Graph::new(), &with("UNWIND [x] AS y OPTIONAL MATCH (n) RETURN y"), down);
    check_ordered(&Graph::new(), &with("RETURN x LIMIT 2"), &[&[i(3)], &[i(2)]]);
    check_ordered(&Graph::new(), &with("WITH x ORDER BY x % 2, x RETURN x"), &[&[i(2)], &[i(1)], &[i(3)]]);
    // Groups and distinct rows have no order.
    check_ordered(&Graph::new(), &with("RETURN DISTINCT x"), &[&[i(1)], &[i(2)], &[i(3)]]);
}

#[test]
fn skip_and_limit_keep_a_window_of_the_order() {
    let query = |rest: &str| format!("UNWIND [5, 3, 4, 1, 2] AS x WITH x {rest} RETURN x");
    check(&Graph::new(), &query("ORDER BY x SKIP 1 LIMIT 2"), &[&[i(2)], &[i(3)]]);
    check(&Graph::new(), &query("ORDER BY x DESC LIMIT 1"), &[&[i(5)]]);
    check(&Graph::new(), &query("ORDER BY x SKIP 9"), &[]);
    check(&Graph::new(), &query("LIMIT 0"), &[]);
    // Without an order it is that of the rows' keys, here of the positions.
    check(&Graph::new(), &query("SKIP 1 LIMIT 2"), &[&[i(3)], &[i(4)]]);
    // The condition comes behind the window.
    check(&Graph::new(), &query("ORDER BY x LIMIT 3 WHERE x > 2"), &[&[i(3)]]);
    check(&Graph::new(), "UNWIND [2, 1, 2] AS x RETURN DISTINCT x ORDER BY x DESC LIMIT 1", &[&[i(2)]]);
    check(
        &Graph::new(),
        "UNWIND [2, 1, 2] AS x RETURN x, count(*) AS c ORDER BY c DESC LIMIT 1",
        &[&[i(2), i(2)]],
    );
}

#[test]
fn collect_follows_an_order_given_before_it() {
    let query = |order: &str, item: &str| {
        format!(
            "UNWIND [[2, 'a'], [1, 'b'], [1.0, 'a'], [3, 'a']] AS p WITH p {order} RETURN collect({item})"
        )
    };
    let all = Value::list([i(1), f(1.0), i(2), i(3)]);
    check(&Graph::new(), &query("", "p[0]"), &[&[all]]);
    let by_text = Value::list([f(1.0), i(2), i(3), i(1)]);
    check(&Graph::new(), &query("ORDER BY p[1]", "p[0]"), &[&[by_text]]);
    let down = Value::list([i(3), i(2), i(1), f(1.0)]);
    check(&Graph::new(), &query("ORDER BY p[0] DESC", "p[0]"), &[&[down]]);
    let first_of_each = Value::list([f(1.0), i(2), i(3)]);
    check(&Graph::new(), &query("ORDER BY p[1]", "DISTINCT p[0]"), &[&[first_of_each]]);
    check(&Graph::new(), &query("ORDER BY p[1] LIMIT 1", "p[0]"), &[&[ints(&[2])]]);
    // An aggregation in between ends the order.
    let grouped = "UNWIND [2, 1, 3] AS x WITH x ORDER BY x DESC WITH x, count(*) AS c RETURN collect(x)";
    check(&Graph::new(), grouped, &[&[ints(&[1, 2, 3])]]);
}

#[test]
fn statistics_are_those_of_the_textbook() {
    let graph = values(&[i(2), i(4), f(4.0), i(4), i(5), i(5), i(7), i(9), NULL]);
    check(&graph, "MATCH (n) RETURN stDevP(n.x), stDev(n.x)", &[&[f(2.0), f((32.0_f64 / 7.0).sqrt())]]);
    check(
        &graph,
        "MATCH (n) RETURN percentileDisc(n.x, 0.5), percentileCont(n.x, 0.5)",
        &[&[f(4.0), f(4.5)]],
    );
    check(&graph, "MATCH (n) RETURN percentileDisc(n.x, 0), percentileCont(n.x, 1)", &[&[i(2), f(9.0)]]);
    check(&graph, "MATCH (n) RETURN percentileCont(n.x, 0.75)", &[&[f(5.5)]]);
    let nothing =
        "MATCH (n) RETURN stDev(n.y), stDevP(n.y), percentileDisc(n.y, 0.5), percentileCont(n.y, 1)";
    check(&graph, nothing, &[&[f(0.0), f(0.0), NULL, NULL]]);
    assert!(fails(&graph, "MATCH (n) RETURN percentileDisc(n.x, 1.5)").contains("between 0.0 and 1.0"));
    assert!(fails(&graph, "MATCH (n) RETURN percentileCont(n.x, n.x / 10.0)").contains("the same"));
    let text = Graph::from_iter([node("a", &[], &[("x", s("1"))]), node("b", &[], &[("x", s("2"))])]);
    assert!(fails(&text, "MATCH (n) RETURN stDev(n.x)").contains("number"));
}

#[test]
fn an_order_may_repeat_an_item_that_binds_a_variable_of_its_own() {
    for item in ["[y IN [n.x] | y + 1]", "all(y IN [n.x] WHERE y > 0)", "reduce(t = 0, y IN [n.x] | t + y)"] {
        let query =
            format!("MATCH (n {{x: 3}}) RETURN DISTINCT {item}, count(*) AS c ORDER BY {item} LIMIT 1");
        assert_eq!(rows(&chain(), &query).len(), 1, "{query}");
    }
}
