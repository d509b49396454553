//! What the reference says about named paths and patterns of variable length. The rows are worked out by hand.

use crate::reference_cases::{chain, check, fails, i, id, node, properties, relationship, s};
use livewell_model::{Relationship, Value};
use livewell_query::reference::Graph;

/// The nodes and relationships of a path by their ids.
const IDS: &str = "[x IN nodes(p) | id(x)] AS n, [x IN relationships(p) | id(x)] AS r";

fn ids(names: &str) -> Value {
    Value::list(names.split_whitespace().map(s).collect::<Vec<_>>())
}

/// Nodes `n0`, `n1`, .. with a relationship of type R from each to the next.
fn line(relationships: usize) -> Graph {
    let nodes = (0..=relationships).map(|at| node(&format!("n{at}"), &["N"], &[("at", i(at as i64))]));
    let next = |at: usize| relationship(&format!("r{at}"), "R", &format!("n{at}"), &format!("n{}", at + 1));
    nodes.chain((0..relationships).map(next)).collect()
}

#[test]
fn a_path_goes_from_the_left_end_of_its_pattern_to_the_right() {
    let of = |pattern: &str| format!("MATCH p = {pattern} RETURN {IDS}");
    check(&chain(), &of("({x: 3})"), &[&[ids("c"), ids("")]]);
    check(&chain(), &of("(:B)-[:S]->()"), &[&[ids("b c"), ids("s")]]);
    check(&chain(), &of("()<-[:S]-()<-[:R]-()"), &[&[ids("c b a"), ids("s r")]]);
    check(&chain(), &of("()<-[:S]-()<-[:R*2]-()"), &[&[ids("c b a a"), ids("s r t")]]);
    check(&chain(), &of("({x: 3})-[*2..2]-({x: 1})"), &[&[ids("c b a"), ids("s r")]]);
    check(&chain(), &of("({x: 1})-[:R]-({x: 1})"), &[&[ids("a a"), ids("t")]]);
    check(&chain(), "MATCH p = (:A)-[:S]->() RETURN length(p)", &[&[i(1)]]);
    check(&chain(), "MATCH p = (:A)-[:S]->(), q = ()<-[:S]-() RETURN p", &[]);
}

#[test]
fn bounds_say_how_many_relationships_a_trail_has() {
    let ends = |length: &str| format!("MATCH ({{at: 0}})-[{length}]->(n) RETURN n.at");
    let all = [i(0), i(1), i(2), i(3), i(4)];
    let rows = |from: usize, to: usize| all[from..to].iter().map(std::slice::from_ref).collect::<Vec<_>>();
    for (length, from, to) in [
        ("*", 1, 5),
        ("*1..", 1, 5),
        ("*0..", 0, 5),
        ("*2", 2, 3),
        ("*2..3", 2, 4),
        ("*..2", 1, 3),
        ("*0", 0, 1),
        ("*0..1", 0, 2),
        ("*3..2", 0, 0),
        ("*5..", 0, 0),
        ("*4..9", 4, 5),
    ] {
        check(&line(4), &ends(length), &rows(from, to));
    }
    check(&line(4), &ends(":X*0.."), &rows(0, 1));
    check(
        &line(4),
        "MATCH ({at: 2})-[*]-(n) RETURN n.at",
        &rows(0, 5).into_iter().filter(|row| row[0] != i(2)).collect::<Vec<_>>(),
    );
    check(&line(4), "MATCH (n)-[*2]->({at: 4}) RETURN n.at", &rows(2, 3));
    check(&line(4), "MATCH (a {at: 1}), (b {at: 3}) MATCH (a)-[rs*]->(b) RETURN size(rs)", &[&[i(2)]]);
}

#[test]
fn a_trail_takes_no_relationship_twice_but_may_meet_a_node_again() {
    let end = |pattern: &str| format!("MATCH ({{x: 1}}){pattern}(n) RETURN id(n)");
    let (a, b, c): (&[Value], &[Value], &[Value]) = (&[s("a")], &[s("b")], &[s("c")]);
    // t; r; t r; r s; t r s
    check(&chain(), &end("-[*]->"), &[a, b, b, c, c]);
    check(&chain(), &end("-[*]-"), &[a, b, b, c, c]);
    // Nor one that the clause has matched elsewhere.
    check(&chain(), &end("-[:R]->()-[*1..2]->"), &[b, c, c]);
    check(&chain(), "MATCH ({x: 1})-[*1..2]->()-[:R]->(n) RETURN id(n)", &[b]);
    check(&chain(), "MATCH ({x: 1})-[p*2]->(), ()-[q*2]->({x: 3}) RETURN size(p) + size(q)", &[]);
    check(&chain(), "MATCH ({x: 1})-[p*2]->() MATCH ()-[q*2]->({x: 3}) RETURN size(p)", &[&[i(2)], &[i(2)]]);
}

#[test]
fn the_variable_of_a_trail_lists_its_relationships_from_left_to_right() {
    let of = |pattern: &str| format!("MATCH {pattern} RETURN [x IN rs | id(x)]");
    check(&chain(), &of("({x: 1})-[rs*2]->({x: 3})"), &[&[ids("r s")]]);
    check(&chain(), &of("({x: 3})<-[rs*2]-({x: 1})"), &[&[ids("s r")]]);
    check(&chain(), &of("({x: 3})-[rs*0..0]-()"), &[&[ids("")]]);
    check(&chain(), &of("({x: 3})-[rs*3]-()"), &[&[ids("s r t")]]);
    let again = "MATCH ({x: 1})-[rs*2]->() MATCH (a)-[rs*]->(b) RETURN id(a), id(b)";
    check(&chain(), again, &[&[s("a"), s("c")], &[s("a"), s("b")]]);
    let reversed = "MATCH ({x: 1})-[rs:R|S*2]->({x: 3}) MATCH (a)<-[rs*]-(b) RETURN id(a)";
    check(&chain(), reversed, &[]);
}

#[test]
fn inline_properties_hold_for_every_relationship_of_a_trail() {
    let mut graph = chain();
    let with = |name: &str, kind: &str, from: &str, to: &str, y: i64| {
        let properties = properties(&[("y", i(y))]);
        Relationship { id: id(name), kind: kind.into(), from: id(from), to: id(to), properties }
    };
    graph.insert(with("r", "R", "a", "b", 1).into());
    graph.insert(with("s", "S", "b", "c", 2).into());
    check(&graph, "MATCH ({x: 1})-[* {y: 1}]->(n) RETURN id(n)", &[&[s("b")]]);
    graph.insert(with("s", "S", "b", "c", 1).into());
    check(&graph, "MATCH ({x: 1})-[* {y: 1}]->(n) RETURN id(n)", &[&[s("b")], &[s("c")]]);
    // Where there is no relationship, there is none without the property.
    check(&graph, "MATCH ({x: 1})-[*0..0 {y: 7}]->(n) RETURN id(n)", &[&[s("a")]]);
}

#[test]
fn a_trail_leads_over_nodes_that_exist() {
    let mut graph = chain();
    graph.remove(&id("b"));
    check(&graph, "MATCH ({x: 1})-[*]->(n) RETURN id(n)", &[&[s("a")]]);
    check(&graph, "MATCH (n)-[*2]-() RETURN id(n)", &[]);
}

#[test]
fn a_trail_without_bound_ends_within_32_relationships_or_fails() {
    check(&line(32), "MATCH ({at: 0})-[*]->({at: 32}) RETURN 1", &[&[i(1)]]);
    let error = fails(&line(33), "MATCH ({at: 0})-[*]->({at: 1}) RETURN 1");
    assert!(error.contains("32 relationships"), "{error}");
    // A node from which it would not is not a reason to fail, if it is known before the pattern.
    check(&line(33), "MATCH (n {at: 1}) WITH n MATCH (n)-[*]->({at: 33}) RETURN 1", &[&[i(1)]]);
    check(&line(33), "MATCH ({at: 0})-[*..40]->({at: 33}) RETURN 1", &[&[i(1)]]);
    check(&line(33), "MATCH ({at: 0})-[*..9]->({at: 9}) RETURN 1", &[&[i(1)]]);
    check(&line(33), "MATCH ({at: 0})-[:X*]->() RETURN 1", &[]);
    // What the properties rule out is not a way to continue.
    check(&line(33), "MATCH ({at: 0})-[* {y: 1}]->() RETURN 1", &[]);
}

#[test]
fn a_list_of_relationships_from_before_is_matched_as_a_trail() {
    let query = |pattern: &str| {
        format!("MATCH ({{at: 1}})-[rs*2]->({{at: 3}}) WITH rs MATCH {pattern} RETURN x.at AS x, y.at AS y")
    };
    let there: &[&[Value]] = &[&[i(1), i(3)]];
    let both: &[&[Value]] = &[&[i(1), i(3)]];
    let cases: [(&str, &[&[Value]]); 11] = [
        ("(x)-[rs*]->(y)", there),
        ("(x)<-[rs*]-(y)", &[]),
        ("(x)-[rs*]-(y)", both),
        ("(x)-[rs*2..5]->(y)", there),
        ("(x)-[rs*3..]->(y)", &[]),
        ("(x)-[rs*..1]->(y)", &[]),
        ("(x)-[rs:R*]->(y)", there),
        ("(x)-[rs:Q|S*]->(y)", &[]),
        ("(x)-[rs* {p: 1}]->(y)", &[]),
        ("(x)-[rs*]->(y)-[:R]->({at: 4})", there),
        ("(x)-[rs*]->(y), (x)-[:R]->()", &[]),
    ];
    for (pattern, expected) in cases {
        check(&line(4), &query(pattern), expected);
    }
    let lists = |list: &str| {
        format!(
            "MATCH (a)-[r {{}}]->(b {{at: 1}})-[s]->(c) WITH {list} AS rs MATCH (x)-[rs*]->(y) RETURN x.at, y.at"
        )
    };
    check(&line(4), &lists("[r, s]"), &[&[i(0), i(2)]]);
    check(&line(4), &lists("[s, r]"), &[]);
    check(&line(4), &lists("[r, r]"), &[]);
    check(&line(4), &lists("[r, null]"), &[]);
    check(&line(4), &lists("null"), &[]);
    check(&line(4), &lists("[]"), &[]);
}
