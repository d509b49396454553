//! Quantified relationships, which are relationships of variable length, and map projections.

use crate::language_expressions::{check, fails};
use crate::language_refusals::refused;
use crate::language_shown::shown;
use livewell_query::language::{DiagnosticKind, code};

#[test]
fn quantifiers_are_lengths() {
    for (newer, older) in [
        ("(a)-[:T]->{1,3}(b)", "(a)-[:T*1..3]->(b)"),
        ("(a)-[r:T|S {x: 1}]-{2}(b)", "(a)-[r:T|S*2 {x: 1}]-(b)"),
        ("(a)<-[:T]-{,3}(b)", "(a)<-[:T*0..3]-(b)"),
        ("(a)-[:!T]->{2,}(b)", "(a)-[:!T*2..]->(b)"),
        ("(a)-->+(b)--*(c)", "(a)-[*1..]->(b)-[*0..]-(c)"),
        ("(a)(()-[:T]->()){1,3}(b)", "(a)-[:T*1..3]->(b)"),
        ("(a) (()<-[r:T]-())+ (b)-->(c)", "(a)<-[r:T*]-(b)-->(c)"),
        ("(()-[:T]->()){2}", "()-[:T*2]->()"),
        ("(a)(()-[:T]->()){2}(()--())*(b), (c)", "(a)-[:T*2]->()-[*0..]-(b), (c)"),
        ("p = (a)(()-->()){2}", "p = (a)-[*2]->()"),
    ] {
        let query = |pattern: &str| format!("MATCH {pattern} WHERE true RETURN 1 AS x");
        assert_eq!(shown(&query(newer)), shown(&query(older)), "{newer}");
    }
    for (newer, older) in [
        ("(a)-->{1,2}(b)", "(a)-[*1..2]->(b)"),
        ("(a)-->+(b)", "(a)-[*]->(b)"),
        ("(a)<--{2}(b)", "(a)<-[*2]-(b)"),
        ("(a)--{1,2}(b)", "(a)-[*1..2]-(b)"),
    ] {
        let query =
            |pattern: &str| format!("MATCH (a) WHERE {pattern} OR NOT {pattern} RETURN [{pattern} | 1] AS x");
        let query = |pattern| query(pattern).replace("(b)", "()");
        assert_eq!(shown(&query(newer)), shown(&query(older)), "{newer}");
    }
    assert_eq!(shown("MATCH (a) RETURN (1)--+(2) AS x"), shown("MATCH (a) RETURN 1 - (-(+2)) AS x"));
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH (a)-[r WHERE r.x]->▮{1,3}(b) RETURN a", code::CONSTRUCT, "all(x IN r WHERE ..)"),
            ("MATCH (a)▮((x)-->()){1,3}(b) RETURN a", code::CONSTRUCT, "ask for nothing"),
            ("MATCH (a)▮(()-->(:A)){1,3}(b) RETURN a", code::CONSTRUCT, "with names or conditions"),
            ("MATCH (a)▮(()-->()-->()){1,3}(b) RETURN a", code::CONSTRUCT, "more than a relationship"),
            ("MATCH (a)▮(()-[r]->() WHERE r.x){1,3}(b) RETURN a", code::CONSTRUCT, "conditions"),
            ("MATCH (a)▮(p = ()-->()){1,3}(b) RETURN a", code::CONSTRUCT, "names"),
            ("MATCH ▮((a)-->(b)) RETURN a", code::CONSTRUCT, "names or conditions"),
            ("MATCH ▮(()-->()) RETURN 1", code::CONSTRUCT, "without a quantifier"),
        ],
    );
    refused(
        DiagnosticKind::NotCypher,
        &[
            ("MATCH (a)-[*2]->▮{1,3}(b) RETURN a", code::UNEXPECTED, "a length and a quantifier"),
            ("MATCH (a)-->{▮}(b) RETURN a", code::UNEXPECTED, "how often"),
            ("MATCH (a)-->{1,3▮(b) RETURN a", code::UNEXPECTED, "`}`"),
            ("MATCH (a)-->{1} ▮RETURN a", code::UNEXPECTED, "a node pattern"),
            ("MATCH (a)-->{0▮}(b) RETURN a", code::UNEXPECTED, "1 or more"),
        ],
    );
}

#[test]
fn map_projections_take_properties_and_other_values() {
    assert_eq!(
        shown("MATCH (n) LET x = 1 RETURN n {.a, .*, b: n.c + 1, x} AS m, `n` {} AS e"),
        "MATCH (n) WITH n, 1 AS x RETURN n {.*, a: n.a, b: (n.c Add 1), x: x} AS m, n {} AS e"
    );
    check(&[
        ("n {.name, .nothing}", "{name: 'Ann', nothing: null}"),
        ("n {.*}", "{name: 'Ann', age: 30}"),
        ("n {.*, name: 'Bob', twice: n.age * 2}", "{name: 'Bob', age: 30, twice: 60}"),
        ("n {name: 'Bob', .*}", "{name: 'Bob', age: 30}"),
        ("n {b, .age}", "{b: 'x', age: 30}"),
        ("r {.since}.since", "1999"),
        ("[m IN [{x: 1, y: 2}] | m {.x}]", "[{x: 1}]"),
        ("a {.x, y: 1}", "null"),
        ("n {inner: r {.*}}", "{inner: {since: 1999}}"),
    ]);
    fails(&[("b {.x}", code::VALUE_TYPE)]);
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (a) RETURN ▮m {.x}", code::UNDEFINED, "`m` is not defined"),
            ("MATCH (a) RETURN a {▮x}", code::UNDEFINED, "`x` is not defined"),
            ("WITH 1 AS x RETURN ▮x {a: 1}", code::TYPE, "what a map projection is of"),
        ],
    );
}
