//! Changes of a text that a refusal suggests, and what a text matches and names.

use livewell_model::Map;
use livewell_query::Engine;
use livewell_query::language::ast::Span;
use livewell_query::language::{Diagnostic, Edit};
use livewell_query::outline::{Named, Outline};

fn refused(text: &str) -> Diagnostic {
    Engine::compile(text, &Map::new()).expect_err(text)
}

fn done(text: &str, Edit { span: Span { start, end }, text: instead }: &Edit) -> String {
    format!("{}{instead}{}", &text[..*start], &text[*end..])
}

#[test]
fn what_a_refusal_suggests_mends_the_text() {
    for (text, mended) in [
        ("MATHC (n) RETURN n.x AS x", "MATCH (n) RETURN n.x AS x"),
        (
            "MATCH (plane) WHERE plan.x > 1 RETURN plane.x AS x",
            "MATCH (plane) WHERE plane.x > 1 RETURN plane.x AS x",
        ),
        ("MATCH (`a plane`) RETURN `a plan`.x AS x", "MATCH (`a plane`) RETURN `a plane`.x AS x"),
        ("MATCH (n) WHERE n.x == 2 RETURN n.x AS x", "MATCH (n) WHERE n.x = 2 RETURN n.x AS x"),
        ("MATCH (n) WHERE n.x => 2 RETURN n.x AS x", "MATCH (n) WHERE n.x >= 2 RETURN n.x AS x"),
        ("MATCH (match) RETURN 1 AS x", "MATCH (`match`) RETURN 1 AS x"),
        ("MATCH (n) RETURN 'é😀' AS e, siez(n.x) AS x", "MATCH (n) RETURN 'é😀' AS e, size(n.x) AS x"),
        (
            "MATCH (n) RETURN truefor(n.x > 1, duration('PT1S')) AS x",
            "MATCH (n) RETURN livewell.trueFor(n.x > 1, duration('PT1S')) AS x",
        ),
        ("MATCH (n) RETURN coun(*) AS x", "MATCH (n) RETURN count(*) AS x"),
        (
            "MATCH (n) RETURN drasi . linearGradent(DISTINCT n.x, n.y) AS x",
            "MATCH (n) RETURN livewell.linearGradient(DISTINCT n.x, n.y) AS x",
        ),
        ("MATCH (n) WHERE n.x > 10_000 RETURN n.x AS x", "MATCH (n) WHERE n.x > 10000 RETURN n.x AS x"),
        ("MATCH (n) WHERE n.x > inf RETURN n.x AS x", "MATCH (n) WHERE n.x > (1.0 / 0) RETURN n.x AS x"),
        (
            "MATCH (n) WHERE n.at > DATE '2026-01-01' RETURN n.x AS x",
            "MATCH (n) WHERE n.at > date('2026-01-01') RETURN n.x AS x",
        ),
    ] {
        let diagnostic = refused(text);
        let edit = diagnostic.edit.as_deref().unwrap_or_else(|| panic!("{text}: {diagnostic:?}"));
        assert_eq!(done(text, edit), mended);
        let compiled = Engine::compile(mended, &Map::new());
        assert!(compiled.is_ok(), "{mended}: {compiled:?}");
    }
}

#[test]
fn nothing_is_suggested_where_there_is_nothing_near() {
    for text in ["MATCH (n) RETURN zzz", "MATCH (n) RETURN zzzzzz(n)", "MATCH n RETURN n", "RETURN 017 AS x"]
    {
        assert_eq!(refused(text).edit, None, "{text}");
    }
}

/// The names that a text has of something, each with the text at its place.
fn mentioned(text: &str, of: Named) -> Vec<(String, &str)> {
    let outline = Outline::of(text).unwrap();
    let mut found: Vec<_> = outline.mentions.iter().filter(|mention| mention.of == of).collect();
    found.sort_by_key(|mention| mention.span.start);
    found
        .iter()
        .map(|mention| (mention.name.to_string(), &text[mention.span.start..mention.span.end]))
        .collect()
}

#[test]
fn every_label_type_and_property_is_found_at_its_place() {
    let text = "MATCH (A:A:B {k: 1})-[r:T|`U 2` {w: 2}]->(:C|D), (x IS E) \
                WHERE A.p > 1 AND A:F AND EXISTS { (A)-[:V]->(q:G) WHERE q.s = r.t } \
                WITH A, x.y AS y WHERE y.z = 1 RETURN A {.m, y} AS a";
    // A property of a value that is not an element is not counted.
    assert_eq!(
        mentioned(text, Named::Label).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["A", "B", "C", "D", "E", "F", "G"]
    );
    assert_eq!(mentioned(text, Named::Type), [("T".into(), "T"), ("U 2".into(), "`U 2`"), ("V".into(), "V")]);
    let same = ["k", "w", "p", "s", "t", "y", "m"].map(|name| (name.to_owned(), name));
    assert_eq!(mentioned(text, Named::Property), same);
    let first = Outline::of(text).unwrap().mentions[0].span.start;
    assert_eq!(&text[first..=first], "A");
    assert_eq!(first, "MATCH (A:".len(), "the label, not the variable of that name");
}

#[test]
fn a_pattern_is_a_graph_in_which_a_variable_is_one_node() {
    let text = "MATCH (f:Flight)-[:FROM]->(o:Airport), (f)<-[t:OF*1..3]-() \
                OPTIONAL MATCH (o)-[:IN|NEAR]-(c) WITH f AS g MATCH (g:Late), (o:Other) RETURN g.id AS id";
    let Outline { nodes, relationships, .. } = Outline::of(text).unwrap();
    let shown: Vec<_> =
        nodes.iter().map(|node| (node.variable.as_deref().unwrap_or("-"), node.labels.join(" "))).collect();
    let other = |name, labels: &str| (name, labels.to_owned());
    assert_eq!(
        shown,
        [
            other("f", "Flight Late"),
            other("o", "Airport"),
            other("-", ""),
            other("c", ""),
            other("o", "Other")
        ],
        "behind WITH, `g` is what `f` was, and `o` is another node"
    );
    let lies: Vec<_> = relationships
        .iter()
        .map(|one| {
            (one.types.join("|"), one.from, one.to, one.undirected, one.length.as_deref(), one.optional)
        })
        .collect();
    assert_eq!(
        lies,
        [
            ("FROM".into(), 0, 1, false, None, false),
            ("OF".into(), 2, 0, false, Some("1..3"), false),
            ("IN|NEAR".into(), 1, 3, true, None, true),
        ]
    );
}

#[test]
fn the_branches_of_a_union_have_nodes_of_their_own() {
    let outline = Outline::of("MATCH (n:A) RETURN n.id AS id UNION MATCH (n:B) RETURN n.id AS id").unwrap();
    assert_eq!(outline.nodes.len(), 2);
}

#[test]
fn operators_say_what_they_take_and_columns_what_they_hold() {
    let text = "MATCH (n:N) WITH n.g AS g, collect(n.x) AS xs WHERE size(xs) > 1 RETURN g, xs";
    let engine = Engine::compile(text, &Map::new()).unwrap();
    let operators = engine.operators();
    assert_eq!(operators.first().map(|first| (first.kind.as_str(), first.inputs.len())), Some(("Match", 0)));
    for (at, operator) in operators.iter().enumerate().skip(1) {
        assert!(
            !operator.inputs.is_empty() && operator.inputs.iter().all(|input| *input < at),
            "{operator:?}"
        );
    }
    let whole = Engine::compile("MATCH (n:N)-[r]->() RETURN n, r, n.x AS x", &Map::new()).unwrap();
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(whole.column_types(), [named("node"), named("relationship"), None]);
}
