//! Constructs of Cypher, GQL and SQL that standing queries do not have: each is known, and said how else to write.

use crate::language_expressions::check;
use crate::language_refusals::refused;
use crate::language_shown::shown;
use livewell_query::language::{DiagnosticKind, code};
use livewell_query::parse;

#[test]
fn clauses_and_queries_of_other_engines_are_named() {
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH (a) RETURN a ▮NEXT RETURN a", code::CONSTRUCT, "with `WITH`"),
            ("▮FOR x IN [1] RETURN x", code::CONSTRUCT, "UNWIND list AS item"),
            ("MATCH (a) ▮FINISH", code::CONSTRUCT, "with `RETURN`"),
            ("▮WHEN true THEN RETURN 1 ELSE RETURN 2", code::CONSTRUCT, "UNION ALL"),
            ("RETURN 1 AS x ▮EXCEPT RETURN 2 AS x", code::CONSTRUCT, "NOT EXISTS"),
            ("RETURN 1 AS x ▮INTERSECT RETURN 2 AS x", code::CONSTRUCT, "EXISTS"),
            ("RETURN 1 AS x ▮OTHERWISE RETURN 2 AS x", code::CONSTRUCT, "NOT EXISTS"),
            ("▮EXPLAIN MATCH (a) RETURN a", code::CONSTRUCT, "livewell explain"),
            ("▮PROFILE MATCH (a) RETURN a", code::CONSTRUCT, "livewell explain"),
            ("▮CYPHER 25 MATCH (a) RETURN a", code::CONSTRUCT, "leave it out"),
            ("MATCH (a:A) ▮USING INDEX a:A(x) WHERE a.x = 1 RETURN a", code::CONSTRUCT, "leave it out"),
            ("MATCH ▮REPEATABLE ELEMENTS (a)-->(b) RETURN a", code::CONSTRUCT, "two `MATCH` clauses"),
            ("MATCH (a) ▮SEARCH a IN (VECTOR INDEX i FOR 1 LIMIT 3) RETURN a", code::CONSTRUCT, "no vectors"),
            ("▮SELECT n FROM t", code::CONSTRUCT, "RETURN n.name"),
            ("MATCH (a) RETURN a.x, count(*) ▮GROUP BY a.x", code::CONSTRUCT, "leave it out"),
            ("MATCH (a) RETURN a ▮HAVING a.x > 1", code::CONSTRUCT, "WITH .. WHERE"),
            ("MATCH (a) RETURN a ORDER BY a.x DESC ▮NULLS LAST", code::CONSTRUCT, "null comes last"),
            ("▮SHOW INDEXES", code::CONSTRUCT, "command to a database server"),
            ("▮INSERT (:A)", code::WRITES, "never writes"),
            ("MATCH (a) ▮NODETACH DELETE a", code::WRITES, "never writes"),
            (
                "MATCH (a) ▮OPTIONAL CALL (a) { MATCH (b) RETURN b } RETURN a",
                code::CONSTRUCT,
                "OPTIONAL CALL",
            ),
            ("MATCH (a) ▮CALL db.labels() YIELD label RETURN a", code::WRITES, "CALL of a procedure"),
        ],
    );
}

#[test]
fn patterns_of_other_engines_are_named() {
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH p = ▮SHORTEST 1 (a)-->(b) RETURN p", code::CONSTRUCT, "SHORTEST is refused"),
            ("MATCH ▮ANY SHORTEST (a)-->(b) RETURN a", code::CONSTRUCT, "with a bound"),
            ("MATCH ▮ALL SHORTEST PATHS (a)-->(b) RETURN a", code::CONSTRUCT, "SHORTEST is refused"),
            ("MATCH ▮ANY 2 PATHS (a)-->(b) RETURN a", code::CONSTRUCT, "not determined"),
            ("MATCH ▮ACYCLIC (a)-->(b) RETURN a", code::CONSTRUCT, "comes twice"),
            ("MATCH (a)▮~[:T]~(b) RETURN a", code::CONSTRUCT, "either way"),
            ("MATCH (a:▮$(x)) RETURN a", code::CONSTRUCT, "labels(n)"),
        ],
    );
    assert_eq!(
        shown("MATCH DIFFERENT RELATIONSHIPS p = ALL PATHS (a)-->(b) RETURN p"),
        shown("MATCH p = (a)-->(b) RETURN p")
    );
}

#[test]
fn expressions_of_other_engines_are_named() {
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("RETURN 'a' ▮IS NORMALIZED", code::CONSTRUCT, "normalised"),
            ("RETURN 'a' ▮IS NOT NFC NORMALIZED", code::CONSTRUCT, "normalised"),
            ("MATCH (a) RETURN a.x ▮IS NOT TRUE", code::CONSTRUCT, "IS NULL"),
            ("MATCH (a)-[r]->() WHERE a ▮IS SOURCE OF r RETURN a", code::CONSTRUCT, "startNode(r) = n"),
            ("RETURN ▮1_000", code::NUMBER, "the digits alone"),
            ("RETURN ▮NaN", code::CONSTRUCT, "0.0 / 0"),
            ("RETURN -▮inf", code::CONSTRUCT, "1.0 / 0"),
            ("RETURN date ▮'2026-01-01'", code::CONSTRUCT, "date('..')"),
            ("RETURN TIMESTAMP ▮'2026-01-01'", code::CONSTRUCT, "datetime('..')"),
            ("RETURN ▮allReduce(s = 0, x IN [1] | s + x, s < 3)", code::CONSTRUCT, "reduce"),
            ("RETURN ▮cast(1 AS STRING)", code::CONSTRUCT, "toString(x)"),
            ("RETURN ▮normalize('a', NFC)", code::CONSTRUCT, "normalised"),
            ("RETURN ▮valueType(1)", code::CONSTRUCT, "not supported"),
            ("RETURN ▮point({x: 1, y: 2})", code::CONSTRUCT, "coordinates"),
            ("RETURN ▮point.distance(1, 2)", code::CONSTRUCT, "coordinates"),
            ("RETURN ▮vector.similarity.cosine([1], [1])", code::CONSTRUCT, "no vectors"),
            ("RETURN ▮apoc.text.join(['a'], ',')", code::CONSTRUCT, "not part of Cypher"),
            ("RETURN ▮coll.sort([1])", code::CONSTRUCT, "comprehension"),
            ("RETURN ▮graph.names()", code::CONSTRUCT, "one graph"),
            ("MATCH p = (a) RETURN ▮rels(p)", code::CONSTRUCT, "relationships(path)"),
            ("RETURN ▮current_date()", code::CONSTRUCT, "move without one"),
        ],
    );
    refused(
        DiagnosticKind::Semantic,
        &[
            ("RETURN ▮lpad('1', 3, '0')", code::CALL, "right("),
            ("RETURN ▮concat('a', 'b')", code::CALL, "a + b"),
            ("RETURN ▮ifnull(1, 2)", code::CALL, "coalesce"),
            ("RETURN ▮if(true, 1, 2)", code::CALL, "CASE WHEN"),
            ("RETURN sum(▮duration('P1D'))", code::TYPE, "sum(d.seconds)"),
            ("RETURN split('a', ▮['b'])", code::TYPE, "delimiters"),
        ],
    );
}

#[test]
fn habits_of_sql_are_told_what_to_write() {
    refused(
        DiagnosticKind::NotCypher,
        &[
            ("MATCH (a) WHERE a.x ▮LIKE '%x' RETURN a", code::UNEXPECTED, "CONTAINS"),
            ("MATCH (a) WHERE a.x ▮BETWEEN 1 AND 9 RETURN a", code::UNEXPECTED, "1 <= x <= 9"),
            ("MATCH (a) WHERE a.x ▮NOT IN [1] RETURN a", code::UNEXPECTED, "NOT x IN list"),
            ("MATCH (a) WHERE a.x ▮NOT LIKE 'x' RETURN a", code::UNEXPECTED, "NOT x CONTAINS"),
            ("MATCH (a) WHERE a.x ▮IS DISTINCT FROM 1 RETURN a", code::UNEXPECTED, "coalesce"),
            ("MATCH (a) WHERE a.x = 1 ▮&& a.y = 2 RETURN a", code::UNEXPECTED, "`AND`"),
            ("RETURN (1▮, 2)", code::UNEXPECTED, "[a, b]"),
            (
                "MATCH (a) RETURN sum(a.x) ▮OVER (PARTITION BY a.y)",
                code::UNEXPECTED,
                "a `WITH` clause of its own",
            ),
            ("MATCH (a) RETURN a ▮FROM t", code::UNEXPECTED, "MATCH (n:Label)"),
            ("MATCH (a) RETURN a ▮LEFT JOIN t", code::UNEXPECTED, "OPTIONAL MATCH"),
            ("MATCH (a) RETURN a ▮FETCH FIRST 3 ROWS ONLY", code::UNEXPECTED, "LIMIT 10"),
        ],
    );
}

#[test]
fn words_that_are_known_elsewhere_stay_names() {
    for text in [
        "MATCH (next)-[for]->(search) RETURN next.using AS like, for.from AS between, search AS finish",
        "MATCH (n:FROM:NEXT)-[:JOIN|LIKE]->(trail {like: 1}) RETURN trail.trail AS walk",
        "WITH 1 AS nan, 2 AS inf RETURN nan + inf AS sum",
        "WITH {date: 'x'} AS m RETURN m.date AS date",
    ] {
        parse(text).unwrap_or_else(|refusal| panic!("{}", refusal.render(text, "query")));
    }
}

#[test]
fn functions_have_the_names_of_gql_too() {
    check(&[
        ("ceiling(1.2) + ln(1)", "2.0"),
        ("cardinality([1, 2])", "2"),
        ("element_id(r)", "'8'"),
        ("local_time('12:00')", "localtime('12:00')"),
        ("zoned_datetime('2026-01-01T00:00Z')", "datetime('2026-01-01T00:00Z')"),
        ("duration_between(date('2026-01-01'), date('2026-01-02'))", "duration('P1D')"),
        ("sinh(0) + cosh(0) + tanh(0)", "1.0"),
        ("coth(1) * tanh(1)", "1.0"),
        ("replace('aaa', 'a', 'b', 2)", "'bba'"),
        ("replace('aaa', 'a', 'b', 0)", "'aaa'"),
    ]);
    for (name, known) in [
        ("collect_list(n.x)", "collect(n.x)"),
        ("percentile_cont(n.x, 0.5)", "percentileCont(n.x, 0.5)"),
        ("stddev_pop(n.x)", "stDevP(n.x)"),
    ] {
        assert_eq!(
            shown(&format!("MATCH (n) RETURN {name} AS x")),
            shown(&format!("MATCH (n) RETURN {known} AS x"))
        );
    }
}
