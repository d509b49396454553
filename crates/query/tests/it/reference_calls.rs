//! CALL with a query in braces: its rows for each row around, worked out by hand.

use crate::language_refusals::refused;
use crate::language_shown::shown;
use crate::reference_cases::{chain, check, i};
use livewell_model::Value;
use livewell_query::Engine;
use livewell_query::language::{DiagnosticKind, code};

const NULL: Value = Value::Null;

#[test]
fn each_row_has_the_rows_of_the_query() {
    let all: &[(&str, &[&[Value]])] = &[
        (
            "MATCH (n) CALL (n) { MATCH (n)-->(m) RETURN m.x AS y } RETURN n.x, y",
            &[&[i(1), i(1)], &[i(1), i(2)], &[i(2), i(3)]],
        ),
        (
            "MATCH (n) CALL { WITH n MATCH (n)-->(m) RETURN m.x AS y } RETURN n.x, y",
            &[&[i(1), i(1)], &[i(1), i(2)], &[i(2), i(3)]],
        ),
        (
            "MATCH (n) CALL (n) { MATCH (n)-->(m) RETURN count(m) AS c, max(m.x) AS y } RETURN n.x, c, y",
            &[&[i(1), i(2), i(2)], &[i(2), i(1), i(3)], &[i(3), i(0), NULL]],
        ),
        (
            "MATCH (n) CALL (*) { MATCH (n)-->(m) RETURN m ORDER BY m.x DESC LIMIT 1 } RETURN n.x, m.x",
            &[&[i(1), i(2)], &[i(2), i(3)]],
        ),
        ("CALL { MATCH (m) RETURN count(*) AS c } RETURN c", &[&[i(3)]]),
        (
            "MATCH (n) CALL { MATCH (m) RETURN sum(m.x) AS s } RETURN n.x, s",
            &[&[i(1), i(6)], &[i(2), i(6)], &[i(3), i(6)]],
        ),
        (
            "MATCH (n) CALL (n) { RETURN n.x AS y UNION RETURN 1 AS y } RETURN n.x, y",
            &[&[i(1), i(1)], &[i(2), i(1)], &[i(2), i(2)], &[i(3), i(1)], &[i(3), i(3)]],
        ),
        (
            "MATCH (n {x: 1}) CALL (n) { RETURN n.x AS y UNION ALL RETURN 1 AS y } RETURN y",
            &[&[i(1)], &[i(1)]],
        ),
        (
            "MATCH (n) CALL (n) { MATCH (n)-->(m) CALL (m) { MATCH (m)-->(o) RETURN count(o) AS c } RETURN sum(c) AS s } \
             RETURN n.x, s",
            &[&[i(1), i(3)], &[i(2), i(0)], &[i(3), i(0)]],
        ),
        (
            "MATCH (n) RETURN n.x, COUNT { MATCH (n)-->(m) CALL (m) { MATCH (m)-->(o) RETURN o } } AS c",
            &[&[i(1), i(3)], &[i(2), i(0)], &[i(3), i(0)]],
        ),
        (
            "MATCH (n) CALL (n) { MATCH (n)-->(m) RETURN DISTINCT 1 AS one } WITH n, one WHERE n.x > 1 RETURN n.x, one",
            &[&[i(2), i(1)]],
        ),
    ];
    for (query, rows) in all {
        check(&chain(), query, rows);
        Engine::compile(query, &livewell_model::Map::new())
            .unwrap_or_else(|refusal| panic!("{}", refusal.render(query, "query")));
    }
}

#[test]
fn a_query_sees_what_it_imports_and_its_columns_are_new() {
    assert_eq!(
        shown("MATCH (a), (b) CALL (a) { MATCH (b)-->(a) RETURN b.x AS x, a.y AS y } RETURN a, b, x, y"),
        "MATCH (a), (b) CALL (a) {MATCH (b#1)-[]->(a) WITH b#1.x AS x#2, a.y AS y#3} AS x, y RETURN a, b, x, y"
    );
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (a), (b) CALL (a) { RETURN ▮b.x AS x } RETURN x", code::UNDEFINED, "`b` is not defined"),
            ("MATCH (a) CALL { MATCH (c) RETURN ▮a.x AS x } RETURN x", code::UNDEFINED, "`a` is not defined"),
            ("MATCH (a) CALL (▮c) { RETURN 1 AS x } RETURN x", code::UNDEFINED, "`c` is not defined"),
            ("MATCH (a) ▮CALL (a) { RETURN a } RETURN a", code::REBOUND, "cannot be a column"),
            ("MATCH (a), (b) ▮CALL (a) { RETURN 1 AS b } RETURN a", code::REBOUND, "RETURN b AS other"),
            ("MATCH (a) CALL (a) { MATCH (c) RETURN ▮c AS a } RETURN a", code::REBOUND, "use another name"),
            ("MATCH (a) CALL (a) { MATCH (a)-->(c) RETURN ▮c.x } RETURN a", code::COLUMN, "needs a name"),
            ("▮CALL { RETURN 1 AS x UNION RETURN 2 AS y } RETURN x", code::COLUMN, "the same columns"),
            (
                "MATCH (a) CALL { ▮WITH a.x AS x RETURN x AS y } RETURN y",
                code::UNEXPECTED,
                "names the variables",
            ),
        ],
    );
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH (a) CALL (a) { MATCH (a)-->(c) ▮} RETURN a", code::CONSTRUCT, "without RETURN"),
            ("MATCH (a) CALL (a) { MATCH (a)-->(c) ▮SET c.x = 1 } RETURN a", code::WRITES, "never writes"),
            (
                "MATCH (a) CALL (a) { RETURN 1 AS x } ▮IN TRANSACTIONS RETURN x",
                code::CONSTRUCT,
                "leave it out",
            ),
            ("MATCH (a) ▮OPTIONAL CALL (a) { RETURN 1 AS x } RETURN x", code::CONSTRUCT, "OPTIONAL CALL"),
        ],
    );
}

#[test]
fn a_subquery_holds_queries_under_union() {
    let all: &[(&str, &[&[Value]])] = &[
        (
            "MATCH (n) RETURN n.x, COUNT { MATCH (n)-->(m) RETURN m.x AS y UNION MATCH (n)<--(m) RETURN m.x AS y } AS c",
            &[&[i(1), i(2)], &[i(2), i(2)], &[i(3), i(1)]],
        ),
        (
            "MATCH (n) RETURN n.x, COUNT { MATCH (n)-->(m) RETURN m.x AS y UNION ALL MATCH (n)<--(m) RETURN m.x AS y } AS c",
            &[&[i(1), i(3)], &[i(2), i(2)], &[i(3), i(1)]],
        ),
        (
            "MATCH (n) WHERE EXISTS { MATCH (n)-[:S]->(m) RETURN m UNION MATCH (n:B)<--(m:B) RETURN m } RETURN n.x",
            &[&[i(2)], &[i(3)]],
        ),
        (
            "MATCH (n {x: 1}) RETURN COLLECT { MATCH (n)-->(m) RETURN m.x AS y UNION RETURN 7 AS y } AS l",
            &[&[Value::list([i(1), i(2), i(7)])]],
        ),
    ];
    for (query, rows) in all {
        check(&chain(), query, rows);
        Engine::compile(query, &livewell_model::Map::new())
            .unwrap_or_else(|refusal| panic!("{}", refusal.render(query, "query")));
    }
    refused(
        DiagnosticKind::NotSupported,
        &[(
            "MATCH (a) WHERE EXISTS { MATCH (a)-->(b) ▮UNION MATCH (a)<--(b) } RETURN a",
            code::CONSTRUCT,
            "give each a `RETURN`",
        )],
    );
    refused(
        DiagnosticKind::Semantic,
        &[(
            "RETURN COUNT { RETURN 1 AS x UNION RETURN 2 AS x ▮UNION ALL RETURN 3 AS x } AS c",
            code::UNEXPECTED,
            "both UNION and UNION ALL",
        )],
    );
}
