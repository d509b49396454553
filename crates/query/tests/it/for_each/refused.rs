//! What is refused of queries that are run for each value: as what, at which place, and with which help.

use super::oracle::Each;
use livewell_model::{Map, Value};
use livewell_query::ParameterType::{Integer, Text};
use livewell_query::language::{Diagnostic, DiagnosticKind, code};
use livewell_query::{Engine, Settings};

/// Refuses a query that is run for each integer `$p` and each text `$q`, if that is in it.
fn refusal(text: &str) -> Diagnostic {
    let p = [("p", Integer), ("q", Text)];
    let count = if text.contains("$q") { 2 } else { 1 };
    Each::new(text, &p[..count]).engine().map(|engine| engine.explain()).expect_err(text)
}

/// Each query is refused at the place the mark `▮` stands in its text, and says these words.
fn refused(kind: DiagnosticKind, code: &str, table: &[(&str, &str)]) {
    for (marked, says) in table {
        let text = marked.replacen('▮', "", 1);
        let diagnostic = refusal(&text);
        let whole = diagnostic.to_string();
        assert_eq!((diagnostic.kind, diagnostic.code), (kind, code), "{text}: {whole}");
        assert_eq!(Some(diagnostic.span.start), marked.find('▮'), "{text}: {whole}");
        assert!(whole.contains(says), "{text}: {whole}");
        assert!(diagnostic.help.is_some(), "{text}: {whole}");
    }
}

#[test]
fn a_parameter_stands_only_where_each_row_has_one_value_of_it() {
    refused(
        DiagnosticKind::NotSupported,
        code::CONSTRUCT,
        &[
            ("MATCH (n) WHERE n.a = ▮$p OR n.b = 1 RETURN n", "cannot stand under OR"),
            ("MATCH (n) WHERE n.c AND (n.b = 1 XOR ▮$p = n.a) RETURN n", "cannot stand under OR"),
            ("MATCH (n) WHERE NOT n.a = ▮$p RETURN n", "cannot stand under NOT"),
            ("MATCH (n) WHERE CASE n.a WHEN ▮$p THEN true END RETURN n", "in CASE"),
            ("MATCH (n) WHERE n.a > ▮$p RETURN n", "in another comparison than `=`"),
            ("MATCH (n) WHERE n.a <> ▮$p RETURN n", "in another comparison than `=`"),
            ("MATCH (n) WHERE n.a STARTS WITH ▮$p RETURN n", "in another comparison than `=`"),
            ("MATCH (n) WHERE ▮$p IN n.list RETURN n", "`UNWIND list AS item WITH * WHERE item = $p`"),
            ("MATCH (n) WHERE n.a IN ▮$p RETURN n", "beside IN"),
            ("MATCH (n) WHERE n.a = ▮$p + 1 RETURN n", "inside an expression"),
            ("MATCH (n) WHERE (n.a = ▮$p) = true RETURN n", "inside an expression"),
            ("MATCH (n {a: -▮$p}) RETURN n", "inside an expression"),
            ("MATCH (n) WHERE any(x IN n.list WHERE x = ▮$p) RETURN n", "inside an expression"),
            ("MATCH (n) WHERE ▮$p = $q RETURN n", "cannot stand here"),
            ("MATCH (n) WHERE ▮$p IS NULL RETURN n", "inside an expression"),
            ("OPTIONAL MATCH (n {a: ▮$p}) RETURN n", "in a MATCH before"),
            ("MATCH (n) OPTIONAL MATCH (n)-->(m) WHERE m.a = ▮$p RETURN n", "in an OPTIONAL MATCH"),
            ("MATCH (n) WHERE EXISTS { (n)-->({a: ▮$p}) } RETURN n", "in a subquery"),
            ("MATCH (n) RETURN COUNT { MATCH (n)-->(m) WHERE m.a = ▮$p } AS c", "in what is projected"),
            ("MATCH (n) CALL (n) { MATCH (n)-->(m) WHERE m.a = ▮$p RETURN m } RETURN m", "in a subquery"),
            ("MATCH (n {a: $p}) WHERE livewell.trueFor(n.b > ▮$p, duration('PT1S')) RETURN n", "of time"),
            ("MATCH (n)-[*1..2 {a: ▮$p}]->(m) RETURN n", "at the relationships of a path"),
            ("MATCH (n {a: $p}) RETURN n.b + ▮$p AS x", "in what is projected"),
            ("MATCH (n {a: $p}) WITH n ORDER BY n.a - ▮$p LIMIT 1 RETURN n", "in ORDER BY"),
            ("MATCH (n {a: $p}) RETURN n ORDER BY n.a LIMIT ▮$p", "in SKIP or LIMIT"),
            ("UNWIND [1, ▮$p] AS x RETURN x", "in UNWIND"),
            (
                "MATCH (n) WHERE coalesce(n.a, n.b, n.c, n.a, n.b, n.c, n.a, n.b) = $p AND n.d = ▮$p RETURN n",
                "`$p` again behind a long expression",
            ),
            ("MATCH (n) WHERE ▮COUNT { (n)--() } = $p RETURN n", "`WITH *, .. AS x WHERE x = $value`"),
            (
                "MATCH (n) WHERE ▮livewell.previousValue(n.a, 0) = $p RETURN n",
                "a function of time in what a parameter",
            ),
            (
                "MATCH (n {a: $p}) RETURN n.b AS b UNION MATCH (n {b: $p}) ▮RETURN count(*) AS b",
                "an aggregate over all rows of a value, under UNION",
            ),
        ],
    );
}

#[test]
fn nothing_that_moves_comes_behind_an_aggregate_over_all_rows_of_a_value() {
    refused(
        DiagnosticKind::NotSupported,
        code::CONSTRUCT,
        &[
            ("MATCH (n {a: $p}) WITH count(*) AS c ▮MATCH (m) RETURN c, m", "MATCH behind an aggregate"),
            ("MATCH (n {a: $p}) WITH count(*) AS c ▮OPTIONAL MATCH (m) RETURN c, m", "OPTIONAL MATCH behind"),
            ("MATCH (n {a: $p}) WITH collect(n) AS l ▮UNWIND l AS x RETURN x", "UNWIND behind"),
            ("MATCH (n {a: $p}) WITH count(*) AS c ▮CALL () { RETURN 1 AS x } RETURN x", "CALL behind"),
            ("MATCH (n {a: $p}) WITH count(*) AS c RETURN c, ▮EXISTS { (:A) } AS e", "a subquery behind"),
            ("MATCH (n {a: $p}) WITH count(*) AS c WHERE ▮EXISTS { (:A) } RETURN c", "a subquery behind"),
            (
                "MATCH (n {a: $p}) WITH count(*) AS c RETURN ▮livewell.previousValue(c, 0) AS b",
                "a function of time behind",
            ),
            ("MATCH (n {a: $p}) WITH count(*) AS c ▮RETURN max(c) AS m", "a second aggregate behind"),
            ("MATCH (n {a: $p}) WITH count(*) AS c WHERE c = ▮$p RETURN c", "`$p` behind an aggregate"),
            ("MATCH (n {a: $p}) ▮RETURN DISTINCT count(*) AS c", "DISTINCT behind an aggregate"),
            ("MATCH (n {a: $p}) WITH max(n.c) AS c WHERE c = ▮$q RETURN c", "`$q` behind an aggregate"),
            (
                "MATCH (n {a: $p}) WITH count(*) AS c WHERE ▮c < 5 RETURN c",
                "the row of a value that nothing has",
            ),
        ],
    );
    refused(
        DiagnosticKind::Semantic,
        code::TYPE,
        &[
            ("MATCH (n {a: $p}) RETURN ▮1 / count(*) AS x", "no value for a value that nothing has"),
            (
                "MATCH (n) WHERE ▮n = $p RETURN n",
                "always node, which is never equal to a value of type integer",
            ),
            ("MATCH (n) WITH labels(n) AS l WHERE ▮l = $p RETURN l", "always list"),
        ],
    );
}

#[test]
fn declarations_that_do_not_fit_the_query_are_refused() {
    refused(
        DiagnosticKind::Semantic,
        code::COLUMN,
        &[("MATCH (n {a: $p}) RETURN ▮n.a AS p", "a column is named `p`")],
    );
    let not_used = refusal("MATCH (n) RETURN n");
    assert_eq!(not_used.code, code::PARAMETER);
    assert!(not_used.to_string().contains("`$p` is not in it"), "{not_used}");
    let text = "MATCH (n {a: $p}) RETURN n";
    let each = Each::new(text, &[("p", Integer)]);
    refused(
        DiagnosticKind::Semantic,
        code::PARAMETER,
        &[("MATCH (n {a: $p}) RETURN n.b AS b UNION MATCH (n) ▮RETURN n.b AS b", "each query of the UNION")],
    );
    let settings = Settings { for_each: each.declared, ..Settings::default() };
    let valued = Engine::compile_with(text, &Map::from_iter([("p", Value::Int(1))]), &settings);
    assert!(valued.is_err_and(|refused| refused.to_string().contains("`$p` has a value")));
    let twice = Each::new(text, &[("p", Integer), ("p", Text)]).engine();
    assert!(twice.is_err_and(|refused| refused.to_string().contains("each `p` twice")));
}
