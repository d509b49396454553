//! Newer spellings and the older ones that they are short for: both are read as one tree, or have one value.

use crate::language_expressions::{check, fails};
use crate::language_refusals::refused;
use crate::language_shown::shown;
use livewell_query::language::{DiagnosticKind, MAX_HEIGHT, code};
use livewell_query::parse;

/// Each text is read as the other.
fn same(table: &[(&str, &str)]) {
    for (newer, older) in table {
        assert_eq!(shown(newer), shown(older), "{newer}");
    }
}

#[test]
fn clauses_are_short_for_a_with() {
    same(&[
        ("MATCH (a) RETURN a OFFSET 1 LIMIT 2", "MATCH (a) RETURN a SKIP 1 LIMIT 2"),
        ("RETURN 1 AS x UNION DISTINCT RETURN 2 AS x", "RETURN 1 AS x UNION RETURN 2 AS x"),
        (
            "MATCH (a) ORDER BY a.x SKIP 1 LIMIT 2 RETURN a",
            "MATCH (a) WITH * ORDER BY a.x SKIP 1 LIMIT 2 RETURN a",
        ),
        ("MATCH (a) LIMIT 2 OFFSET 1 RETURN a", "MATCH (a) WITH * LIMIT 2 WITH * SKIP 1 RETURN a"),
        (
            "MATCH (a) FILTER a.x > 1 LIMIT 2 FILTER WHERE (a)-->() RETURN a",
            "MATCH (a) WITH * WHERE a.x > 1 WITH * LIMIT 2 WITH * WHERE (a)-->() RETURN a",
        ),
        (
            "MATCH (a) LET x = a.x, y = a.y MATCH (b {x: x}) RETURN *",
            "MATCH (a) WITH *, a.x AS x, a.y AS y MATCH (b {x: x}) RETURN *",
        ),
        ("LET x = 1 LIMIT 1 RETURN x", "WITH 1 AS x WITH * LIMIT 1 RETURN x"),
        (
            "MATCH (a) RETURN COUNT { MATCH (a)-->(b) LET c = b.x FILTER c > 1 LIMIT 3 } AS n",
            "MATCH (a) RETURN COUNT { MATCH (a)-->(b) WITH *, b.x AS c WITH * WHERE c > 1 WITH * LIMIT 3 } AS n",
        ),
    ]);
    shown("MATCH () LIMIT 3 RETURN 1 AS one");
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (a) LET c = ▮count(a) RETURN c", code::AGGREGATE, "cannot stand in LET"),
            ("MATCH (a) FILTER ▮count(a) > 1 RETURN a", code::AGGREGATE, "cannot stand in WHERE"),
            ("MATCH (a) LET a = ▮1 RETURN a", code::COLUMN, "two columns are named `a`"),
            ("MATCH () RETURN ▮*", code::COLUMN, "stands for all variables"),
        ],
    );
}

#[test]
fn case_compares_its_subject_in_every_way() {
    same(&[
        (
            "MATCH (a) RETURN CASE a.x WHEN 1, 2 THEN 'few' WHEN < 0 THEN 'none' ELSE 'more' END AS x",
            "MATCH (a) RETURN CASE WHEN a.x = 1 OR a.x = 2 THEN 'few' WHEN a.x < 0 THEN 'none' ELSE 'more' END AS x",
        ),
        (
            "MATCH (a) RETURN CASE a.x WHEN IS NULL, =~ 'x' THEN 1 WHEN STARTS WITH 'a', ENDS WITH 'b' THEN 2 END AS x",
            "MATCH (a) RETURN CASE WHEN a.x IS NULL OR a.x =~ 'x' THEN 1 \
             WHEN a.x STARTS WITH 'a' OR a.x ENDS WITH 'b' THEN 2 END AS x",
        ),
        (
            "MATCH (a) RETURN CASE count(a) WHEN <> 1, >= 4 + 1 THEN 1 WHEN IS NOT NULL THEN 2 END AS x",
            "MATCH (a) RETURN CASE WHEN count(a) <> 1 OR count(a) >= 4 + 1 THEN 1 WHEN count(a) IS NOT NULL THEN 2 END AS x",
        ),
    ]);
    check(&[
        ("CASE n.age WHEN -1, 30 THEN 'x' END", "'x'"),
        ("CASE n.age WHEN > 30 THEN 1 WHEN = 30 THEN 2 END", "2"),
        ("CASE a WHEN null, 1 THEN 1 WHEN IS NULL THEN 2 END", "2"),
        ("CASE n.name WHEN 'Bob', STARTS WITH 'A' THEN 1 END", "1"),
    ]);
    let many = vec!["1"; MAX_HEIGHT + 1].join(", ");
    let refusal =
        parse(&format!("MATCH (n) RETURN CASE n.x WHEN {many} THEN 1 END AS x")).expect_err("too high");
    assert_eq!(refusal.code, code::LIMIT);
}

#[test]
fn strings_and_lists_are_concatenated() {
    check(&[
        ("'a' || 'b' || n.name", "'abAnn'"),
        ("[1] || [2, 3] || $list", "[1, 2, 3, 1, 2]"),
        ("'a' || null", "null"),
        ("a || [1]", "null"),
        ("'x' || b = 'xx'", "true"),
        ("'a' + 1 || 'b'", "'a1b'"),
    ]);
    fails(&[("n.age || 'a'", code::VALUE_TYPE), ("b || $list", code::VALUE_TYPE)]);
    refused(
        DiagnosticKind::Semantic,
        &[
            ("RETURN 'a' || ▮1 AS x", code::TYPE, "must be string, but this is always integer"),
            ("RETURN [1] || ▮'a' AS x", code::TYPE, "must be list, but this is always string"),
        ],
    );
}

#[test]
fn null_if_gives_null_for_what_equals() {
    check(&[
        ("nullIf(1, 1.0)", "null"),
        ("nullIf('a', 'b')", "'a'"),
        ("nullIf(null, 1)", "null"),
        ("nullIf(1, null)", "1"),
        ("nullif([1, null], [1, null])", "[1, null]"),
        ("isNaN(nullIf(0.0 / 0.0, 0.0 / 0.0))", "true"),
    ]);
}

#[test]
fn trim_says_which_ends_and_which_characters() {
    check(&[
        ("trim(BOTH 'x' FROM 'xxaxx')", "'a'"),
        ("trim(LEADING 'x' FROM 'xxaxx')", "'axx'"),
        ("trim(trailing 'x' from 'xxaxx')", "'xxa'"),
        ("trim('x' || 'y' FROM ('xyaxy'))", "'a'"),
        ("trim(BOTH FROM '  a ')", "'a'"),
        ("trim(TRAILING FROM '  a ')", "'  a'"),
        ("trim(FROM '  a ')", "'a'"),
        ("trim('  a ')", "'a'"),
        ("trim(LEADING a FROM 'xx')", "null"),
        ("trim(LEADING 'x' FROM CASE WHEN true THEN 'xa' END)", "'a'"),
    ]);
    same(&[
        ("WITH 'a' AS leading RETURN trim(leading) AS x", "WITH 'a' AS leading RETURN trim((leading)) AS x"),
        (
            "MATCH (from) RETURN trim(from.x + from.from) AS x",
            "MATCH (from) RETURN trim((from.x + from.from)) AS x",
        ),
    ]);
}
