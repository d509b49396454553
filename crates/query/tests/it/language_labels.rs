//! Label expressions and type predicates: how they are read, and what they give.

use crate::language_expressions::{check, fails};
use crate::language_refusals::refused;
use crate::language_shown::shown;
use livewell_model::{ElementId, Map, Node, Relationship, Value};
use livewell_query::language::{DiagnosticKind, code};
use livewell_query::parse;
use livewell_query::reference::{Graph, Reference};

fn read(table: &[(&str, &str)]) {
    for (text, tree) in table {
        assert_eq!(shown(text), *tree, "{text}");
    }
}

#[test]
fn label_expressions_stand_in_patterns_and_behind_operands() {
    read(&[
        (
            "MATCH (a:A&B)-[:R|S]->(:A|B)<-[r:R|:S|R]-(c:!A&(B|!C|%)) RETURN a",
            "MATCH (a:A:B)-[:R|S]->(:A|B)<-[r:R|S]-(c:!A&(B|!C|%)) RETURN a",
        ),
        (
            "MATCH (a IS A)-[r IS !R]->(IS B|C)-[IS R|S*1..2]->(b:!!A) RETURN a",
            "MATCH (a:A)-[r:!R]->(:B|C)-[:R|S*1..2]->(b:A) RETURN a",
        ),
        (
            "MATCH (a:A:!B)-[:R&S]->(b) WHERE a:A|B AND NOT b IS A&B:C RETURN a:!A AS x, a IS %",
            "MATCH (a:A&!B)-[:R&S]->(b) WHERE (a:A|B And Not(b:A&B&C)) RETURN a:!A AS x, a:% AS a IS %",
        ),
        (
            "MATCH (a), (b) WHERE (a:!A&(B|C))-->(b IS A) AND (a IS A) RETURN a",
            "MATCH (a), (b) WHERE (EXISTS {MATCH (a:!A&(B|C))-[]->(b:A)} And a:A) RETURN a",
        ),
        // The bar belongs to the comprehension, as it always has; in parentheses it does not.
        (
            "MATCH (a) RETURN [x IN a.l WHERE x:A|x.b] AS l, [x IN a.l WHERE (x:A|B)|x.b] AS m",
            "MATCH (a) RETURN [x#1 IN a.l WHERE x#1:A | x#1.b] AS l, [x#2 IN a.l WHERE x#2:A|B | x#2.b] AS m",
        ),
        (
            "MATCH (a) RETURN [(a:A|B)-[:R|S]->(b) WHERE b:A | b IS A|B] AS l",
            "MATCH (a) RETURN COLLECT {MATCH (a:A|B)-[:R|S]->(b#1) WHERE b#1:A | b#1:A|B} AS l",
        ),
    ]);
    refused(
        DiagnosticKind::NotCypher,
        &[
            ("MATCH (a:▮) RETURN a", code::UNEXPECTED, "a label"),
            ("MATCH (a:A|▮) RETURN a", code::UNEXPECTED, "a label"),
            ("MATCH (a:(A ▮RETURN a", code::UNEXPECTED, "`)`"),
            ("MATCH (a:!▮-) RETURN a", code::UNEXPECTED, "a label"),
        ],
    );
    assert_eq!(
        parse(&format!("MATCH (a:{}A) RETURN a", "(".repeat(200))).expect_err("deep").code,
        code::LIMIT
    );
    shown(&format!("MATCH (a:{}A) RETURN a", "!".repeat(2_001)));
}

#[test]
fn label_expressions_hold_for_what_they_say() {
    check(&[
        ("n:A|C", "true"),
        ("n:!A", "false"),
        ("n:(A|C)&!C&%", "true"),
        ("n IS A&B", "true"),
        ("n:!%", "false"),
        ("n:!(A&C)", "true"),
        ("r:KNOWS|LIKES", "true"),
        ("r:!KNOWS", "false"),
        ("r IS %", "true"),
        ("a:A", "null"),
        ("a:!A", "null"),
    ]);
    fails(&[("b:A", code::VALUE_TYPE), ("b:!A", code::VALUE_TYPE)]);
}

#[test]
fn type_predicates_hold_for_what_they_say() {
    let all = [
        ("n.age IS :: INTEGER", true),
        ("n.age IS TYPED SIGNED INTEGER", true),
        ("n.age :: INT NOT NULL", true),
        ("n.age IS NOT :: STRING", true),
        ("n.age IS NOT TYPED FLOAT | BOOL", true),
        ("n.age IS :: FLOAT | STRING", false),
        ("null IS :: INTEGER", true),
        ("null IS :: INTEGER NOT NULL", false),
        ("null IS :: NULL", true),
        ("null IS :: NOTHING", false),
        ("1 IS :: ANY", true),
        ("null IS :: ANY VALUE NOT NULL", false),
        ("null IS :: ANY!", false),
        ("1 IS :: ANY<INT | STRING>", true),
        ("true IS :: ANY VALUE<INT | STRING>", false),
        ("[1, null] IS :: LIST<INTEGER>", true),
        ("[1, null] IS :: LIST<INTEGER NOT NULL>", false),
        ("[1, 'a'] IS :: LIST<INTEGER | STRING>", true),
        ("[[1]] IS :: LIST<LIST<INTEGER>> NOT NULL", true),
        ("[1] IS :: INTEGER NOT NULL LIST NOT NULL", true),
        ("[] IS :: LIST<NOTHING>", true),
        ("[1, 2] IS :: PROPERTY VALUE", true),
        ("[1, 'a'] IS :: PROPERTY VALUE", false),
        ("{a: 1} IS :: MAP", true),
        ("{a: 1} IS :: PROPERTY VALUE", false),
        ("n IS :: NODE AND r IS :: RELATIONSHIP AND n IS :: ANY VERTEX", true),
        ("n IS :: EDGE", false),
        ("1 IS :: POINT", false),
        ("date('2026-01-01') IS :: DATE", true),
        ("localtime('12:00') IS :: LOCAL TIME AND time('12:00Z') IS :: TIME WITH TIME ZONE", true),
        ("localdatetime('2026-01-01T00:00') IS :: TIMESTAMP WITHOUT TIMEZONE", true),
        ("datetime('2026-01-01T00:00Z') IS :: ZONED DATETIME", true),
        ("duration('P1D') IS :: DURATION", true),
        ("NOT 1 + 1 IS :: STRING = true", true),
        ("CASE n.age WHEN IS :: STRING THEN false WHEN IS NOT TYPED FLOAT THEN true END", true),
    ];
    for (text, expect) in all {
        check(&[(text, if expect { "true" } else { "false" })]);
    }
    check(&[
        ("[x IN [1, 'a', null] WHERE x IS :: INTEGER NOT NULL | x]", "[1]"),
        ("[x IN [1, 'a', 1.5] WHERE (x IS :: INTEGER | FLOAT) | x]", "[1, 1.5]"),
    ]);
    refused(
        DiagnosticKind::NotCypher,
        &[
            ("RETURN 1 IS :: ▮NUMBER", code::UNEXPECTED, "a type"),
            ("RETURN 1 IS :: ▮LIST", code::UNEXPECTED, "a type"),
            ("RETURN 1 IS :: LIST<INT▮", code::UNEXPECTED, "`>`"),
        ],
    );
}

#[test]
fn patterns_match_by_label_expressions() {
    let id = |id: &str| ElementId::new("s", id);
    let node = |name: &str, labels: &[&str]| {
        let mut node = Node::new(id(name));
        node.labels = labels.iter().map(|label| (*label).into()).collect();
        node.properties = Map::from_iter([("x", Value::from(name))]);
        node.into()
    };
    let relationship = |name: &str, kind: &str, from: &str, to: &str| {
        Relationship { id: id(name), kind: kind.into(), from: id(from), to: id(to), properties: Map::new() }
            .into()
    };
    let graph = Graph::from_iter([
        node("a", &["A"]),
        node("ab", &["A", "B"]),
        node("none", &[]),
        relationship("r", "R", "a", "ab"),
        relationship("s", "S", "ab", "none"),
    ]);
    for (pattern, expect) in [
        ("(n:!A)", &["none"][..]),
        ("(n:%)", &["a", "ab"]),
        ("(n:A&!B)", &["a"]),
        ("(n:B|C)", &["ab"]),
        ("(n)-[:!R]->()", &["ab"]),
        ("(n)-[:R|S]->(:!B)", &["ab"]),
        ("(n)-[:!T*2]->()", &["a"]),
        ("(n)-[:!R*1..2]->()", &["ab"]),
    ] {
        let query = parse(&format!("MATCH {pattern} RETURN n.x AS x ORDER BY x")).expect(pattern);
        let reference = Reference::new(&query, &Map::new()).expect(pattern);
        let rows = reference.ordered_rows(&graph).expect(pattern);
        let found: Vec<Value> = rows.iter().map(|row| row.columns[0].clone()).collect();
        assert_eq!(found, expect.iter().map(|name| Value::from(*name)).collect::<Vec<_>>(), "{pattern}");
    }
}
