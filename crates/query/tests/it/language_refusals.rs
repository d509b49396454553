//! What is refused, as what, at which place, and with which help.

use livewell_query::language::ast::{Clause, ExprKind};
use livewell_query::language::{Diagnostic, DiagnosticKind, MAX_CLAUSES, MAX_NESTING, MAX_QUERY_BYTES, code};
use livewell_query::parse;

/// Each query is refused with that code, at the place the mark `▮` stands in its text, and says these words.
pub fn refused(kind: DiagnosticKind, table: &[(&str, &str, &str)]) {
    for (marked, code, says) in table {
        let text = marked.replacen('▮', "", 1);
        let diagnostic = parse(&text).expect_err(&text);
        let whole = diagnostic.to_string();
        assert_eq!((diagnostic.kind, diagnostic.code), (kind, *code), "{text}: {whole}");
        assert_eq!(Some(diagnostic.span.start), marked.find('▮'), "{text}: {whole}");
        assert!(whole.contains(says), "{text}: {whole}");
        assert!(diagnostic.render(&text, "q").contains('^'), "{text}");
    }
}

#[test]
fn text_that_is_no_cypher_says_what_was_expected() {
    refused(
        DiagnosticKind::NotCypher,
        &[
            (
                "▮",
                code::UNEXPECTED,
                "expected `MATCH`, `UNWIND`, `WITH` or `RETURN`, found the end of the query",
            ),
            ("▮MATHC (n) RETURN n", code::UNEXPECTED, "did you mean `MATCH`?"),
            ("MATCH ▮n RETURN n", code::UNEXPECTED, "expected a node pattern like `(name:Label)`"),
            ("MATCH (n) WHERE ▮RETURN n", code::UNEXPECTED, "expected an expression, found `RETURN`"),
            ("MATCH (n) RETURN n.▮", code::UNEXPECTED, "the name of a property after `.`"),
            ("MATCH (n ▮RETURN n", code::UNEXPECTED, "expected `)`"),
            ("MATCH (▮match) RETURN 1", code::UNEXPECTED, "needs backticks"),
            ("MATCH (n) RETURN n ▮n", code::UNEXPECTED, "the end of the query"),
            ("RETURN 1 =▮= 2", code::UNEXPECTED, "equality is one `=`"),
            ("RETURN 1 = ▮NOT true", code::UNEXPECTED, "put the negation in parentheses"),
            ("RETURN ▮'abc", code::STRING, "this string is never closed"),
            ("RETURN ▮9223372036854775808", code::NUMBER, "does not fit 64 bits"),
            ("RETURN 1; ▮RETURN 2", code::UNEXPECTED, "the end of the query"),
            ("MATCH (n)▮", code::UNEXPECTED, "`WITH` or `RETURN`, or more of this clause"),
            ("MATCH (a)-[:T▮..]->(b) RETURN a", code::UNEXPECTED, "`*` before the bounds"),
        ],
    );
}

#[test]
fn cypher_that_is_not_supported_is_named() {
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH ▮shortestPath((a)-->(b)) RETURN a", code::CONSTRUCT, "hangs on relationships anywhere"),
            ("MATCH p = ▮allShortestPaths((a)-->(b)) RETURN p", code::CONSTRUCT, "allShortestPaths"),
            (
                "MATCH (a), (b) WHERE ▮shortestPath((a)-->(b)) IS NULL RETURN a",
                code::CONSTRUCT,
                "shortestPath",
            ),
            ("RETURN ▮filter(x IN [1] WHERE x > 0)", code::FUNCTION, "[x IN list WHERE condition]"),
            ("▮CALL db.labels()", code::WRITES, "CALL"),
            ("▮CREATE (n)", code::WRITES, "never writes"),
            ("MATCH (n) ▮SET n.x = 1", code::WRITES, "never writes"),
            ("MATCH (n) ▮DETACH DELETE n", code::WRITES, "never writes"),
            ("RETURN ▮rand()", code::FUNCTION, "differ each time"),
            ("RETURN ▮timestamp()", code::FUNCTION, "would move without one"),
            ("RETURN ▮datetime()", code::FUNCTION, "would move without one"),
            ("RETURN ▮datetime.realtime()", code::FUNCTION, "would move without one"),
            ("RETURN ▮date.realtime('Z')", code::FUNCTION, "would move without one"),
        ],
    );
}

#[test]
fn what_is_in_conflict_points_at_the_conflict() {
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (order) RETURN ▮ordre.id", code::UNDEFINED, "did you mean `order`?"),
            ("MATCH (a {x: ▮b.x}), (b) RETURN a", code::UNDEFINED, "`b` is not defined here"),
            ("MATCH (a {x: ▮a.y}) RETURN a", code::UNDEFINED, "`a` is not defined here"),
            ("MATCH (a) WITH a.x AS x RETURN ▮a", code::UNDEFINED, "`a` is not defined here"),
            ("MATCH (a)-[r]->(▮r) RETURN a", code::REBOUND, "is a relationship"),
            ("MATCH (a)-[▮a]->() RETURN a", code::REBOUND, "is a node"),
            ("MATCH (a)-[r]->()-[▮r]->() RETURN a", code::REBOUND, "twice"),
            ("MATCH (a) RETURN a.x AS x, ▮a.y AS x", code::COLUMN, "two columns are named `x`"),
            ("MATCH (a) RETURN a.x, ▮a.x", code::COLUMN, "two columns are named `a.x`"),
            ("MATCH (a) WITH ▮a.x RETURN 1", code::COLUMN, "write `a.x AS name`"),
            ("MATCH () RETURN ▮*", code::COLUMN, "stands for all variables"),
            ("MATCH (a) WHERE ▮count(a) > 1 RETURN a", code::AGGREGATE, "cannot stand in WHERE"),
            (
                "MATCH (a) WITH count(a) AS c WHERE ▮count(a) > 1 RETURN c",
                code::AGGREGATE,
                "cannot stand in WHERE",
            ),
            ("MATCH (a {x: ▮count(*)}) RETURN a", code::AGGREGATE, "cannot stand in a pattern"),
            ("MATCH (a) RETURN sum(▮count(a))", code::AGGREGATE, "inside another"),
            ("MATCH (a) RETURN ▮a.x + count(*)", code::AMBIGUOUS, "group by it"),
            ("RETURN ▮toUper('a')", code::CALL, "did you mean `toUpper`?"),
            ("RETURN ▮toUpper('a', 'b')", code::CALL, "takes 1 argument, got 2"),
            ("RETURN ▮sum()", code::CALL, "takes one argument"),
            ("RETURN ▮1 AND true", code::TYPE, "must be boolean, but this is always integer"),
            ("RETURN NOT ▮1", code::TYPE, "must be boolean"),
            ("WITH 1 AS x RETURN ▮x.y", code::TYPE, "must be map or node or relationship"),
            ("MATCH (n) WHERE ▮n RETURN n", code::TYPE, "a condition must be boolean"),
            ("MATCH (n) RETURN type(▮n)", code::TYPE, "must be relationship"),
            ("MATCH (n ▮$p) RETURN n", code::PARAMETER, "name each property"),
            ("RETURN {a: 1, ▮a: 2}", code::COLUMN, "twice"),
        ],
    );
}

fn read(expr: &str) -> Result<(), Diagnostic> {
    parse(&format!("RETURN {expr} AS x")).map(drop)
}

#[test]
fn the_limits_on_a_query_are_refused_and_never_overflow_the_stack() {
    let deep =
        |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let chain = |part: &str, count: usize| format!("true{}", part.repeat(count));
    let mixed = ("true OR true XOR true AND NOT 1 = 1 IN [1 + 1 * 2 ^ -(", ")]");
    let too_much = [
        deep("(", ")", 20_000),
        deep("[", "]", 20_000),
        deep("{a: ", "}", 10_000),
        deep("toString(", ")", 5_000),
        deep("CASE WHEN true THEN ", " END", 2_000),
        deep("NOT ", "", 10_000),
        deep("-", "", 20_000),
        deep(mixed.0, mixed.1, 500),
        deep("[x IN [", "] | x]", 5_000),
        deep("[x IN [1] WHERE true | ", "]", 3_000),
        deep("[(a)-->(b) | ", "]", 3_000),
        deep("[(a {x: ", "})-->(b) | 1]", 3_000),
        deep("all(x IN [1] WHERE ", ")", 3_000),
        deep("reduce(s = 0, x IN [1] | ", ")", 2_000),
        deep("EXISTS { MATCH (a) WHERE ", " }", 2_000),
        deep("COLLECT { RETURN ", " AS x }", 2_000),
        deep("exists((a {x: ", "})-->())", 2_000),
        chain(" AND true", 5_000),
        chain(" = 1", 5_000),
        chain(".a", 20_000),
        chain("[0]", 15_000),
        chain(" IS NULL", 5_000),
        chain(" AND (a)-->()", 3_000),
        format!("EXISTS {{ ({}) }}", vec!["WHERE true"; 2_000].join("), (")),
        deep("EXISTS { MATCH (a) WHERE ", &format!("{} }}", " AND true".repeat(40)), 10),
    ];
    for expr in too_much {
        let diagnostic = parse(&format!("RETURN {expr}")).expect_err("too much");
        assert_eq!(diagnostic.code, code::LIMIT, "{}: {diagnostic}", &expr[..40]);
    }
    for expr in [deep("(", ")", MAX_NESTING - 1), deep("[", "]", MAX_NESTING - 1), chain(" AND true", 300)] {
        parse(&format!("RETURN {expr} AS x")).expect("within the limits");
    }
    let deepest = deep(mixed.0, mixed.1, (MAX_NESTING - 1) / 5);
    let diagnostic = parse(&format!("RETURN {deepest} AS x")).expect_err("types in conflict");
    assert_eq!(diagnostic.code, code::TYPE);
    for (open, close) in [
        ("EXISTS { MATCH (a) WHERE true = ", " }"),
        ("[x IN [1] WHERE true | ", "]"),
        ("[(a)-->(b) WHERE a.x IS NULL | ", "]"),
        ("COLLECT { MATCH (a) WITH a WHERE a.x IS NULL RETURN DISTINCT ", " AS x }"),
        ("size([x IN [1] WHERE all(x IN [1] WHERE x IN [1]) | reduce(s = [], x IN [1] | [s, x, ", "])])"),
    ] {
        let levels = (0..MAX_NESTING).rev().find(|levels| read(&deep(open, close, *levels)).is_ok());
        assert!(levels > Some(10), "{open}: {levels:?}");
        let more = read(&deep(open, close, levels.expect("some") + 1)).expect_err("one more");
        assert_eq!(more.code, code::LIMIT, "{open}: {more}");
    }
    assert_eq!(parse(&"RETURN 1 AS x UNION ".repeat(2_000)).expect_err("too many").code, code::LIMIT);
    let clauses = "WITH 1 AS x ".repeat(MAX_CLAUSES + 1);
    assert_eq!(parse(&format!("{clauses}RETURN x")).expect_err("too many").code, code::LIMIT);
    assert_eq!(parse(&" ".repeat(MAX_QUERY_BYTES + 1)).expect_err("too long").code, code::LIMIT);
    let doubled = (0..60).fold("1".to_string(), |inner, _| format!("(0 < {inner} < 2)"));
    assert_eq!(parse(&format!("RETURN {doubled} AS x")).expect_err("doubles").code, code::LIMIT);
}

#[test]
fn columns_are_named_by_their_text_and_the_star_by_its_variables() {
    let columns = |text: &str| -> Vec<String> {
        let query = parse(text).expect(text);
        query.branches[0].returns.items.iter().map(|item| item.name.to_string()).collect()
    };
    assert_eq!(
        columns("MATCH (n) RETURN  n . name ,count( * ), `n`, 1+ 1 AS two"),
        ["n . name", "count( * )", "n", "two"]
    );
    assert_eq!(columns("MATCH (b)-[a]->(c) RETURN *, 1 AS d"), ["a", "b", "c", "d"]);
    assert_eq!(columns("MATCH (n) RETURN (n.x)"), ["(n.x)"]);
}

#[test]
fn the_where_of_with_may_speak_of_what_was_there_before() {
    let query = parse("MATCH (a)-->(b) WITH a.x AS x WHERE x > 1 OR a.x < b.y RETURN *").expect("accepted");
    let [Clause::Match(_), Clause::With(first), Clause::With(second)] = &query.branches[0].clauses[..] else {
        panic!("{:?}", query.branches[0].clauses);
    };
    let names = |items: &[livewell_query::language::ast::Item]| -> Vec<String> {
        items.iter().map(|item| item.name.to_string()).collect()
    };
    assert_eq!((names(&first.items), names(&second.items)), (vec!["x".into(), "b".into()], vec!["x".into()]));
    let condition = first.condition.as_ref().expect("a condition");
    assert!(
        condition.children()[1]
            .children()
            .iter()
            .all(|side| !matches!(&side.kind, ExprKind::Variable(name) if name == "a"))
    );
    parse("MATCH (a) WITH DISTINCT a.x AS x WHERE a.x > 1 RETURN x").expect("the same in other words");
    assert!(parse("MATCH (a) WITH DISTINCT a.x AS x WHERE a.y > 1 RETURN x").is_err());
    assert!(parse("MATCH (a) WITH a.x AS x, count(*) AS c WHERE a.y > 1 RETURN x").is_err());
}
