//! What the checks refuse in the clauses and expressions beyond a single MATCH, at which place, with which words.

use crate::language_refusals::refused;
use livewell_query::language::{DiagnosticKind, code};

#[test]
fn clauses_are_complete_and_in_order() {
    refused(
        DiagnosticKind::NotCypher,
        &[
            ("UNWIND [1] ▮RETURN 1", code::UNEXPECTED, "expected `AS`"),
            ("UNWIND [1] AS ▮1 RETURN 1", code::UNEXPECTED, "a name after `AS`"),
            ("OPTIONAL ▮(a) RETURN a", code::UNEXPECTED, "expected `MATCH`"),
            ("RETURN 1 AS x ORDER ▮x", code::UNEXPECTED, "expected `BY`"),
            ("RETURN 1 AS x UNION ▮", code::UNEXPECTED, "`MATCH`, `UNWIND`, `WITH` or `RETURN`"),
            ("RETURN 1 AS x LIMIT 1 ▮SKIP 1", code::UNEXPECTED, "`UNION` or the end of the query"),
            ("MATCH (a)-[*▮-2]->(b) RETURN a", code::UNEXPECTED, "the bounds of a path, as in `*1..3`"),
            ("MATCH (a)-[*1..▮x]->(b) RETURN a", code::UNEXPECTED, "expected `]`"),
            ("RETURN [x IN [1] ▮", code::UNEXPECTED, "`WHERE`, `|` or `]`"),
            ("MATCH (a) RETURN [(a)-->(b) ▮]", code::UNEXPECTED, "`|` and what each match becomes"),
            ("RETURN all(x IN [1]▮)", code::UNEXPECTED, "`WHERE` and a condition on the items"),
            ("RETURN any(▮1)", code::UNEXPECTED, "a variable, as in `x IN list`"),
            ("RETURN reduce(s = 0, x IN [1]▮)", code::UNEXPECTED, "expected `|`"),
            ("RETURN reduce(▮1)", code::UNEXPECTED, "reduce(total = 0, x IN list | total + x)"),
            ("MATCH (a) WHERE EXISTS { ▮} RETURN a", code::UNEXPECTED, "expected `MATCH`"),
            (
                "MATCH (a) WHERE EXISTS { (a)-->() ▮RETURN a } RETURN a",
                code::UNEXPECTED,
                "begins with `MATCH`",
            ),
            ("MATCH (a) WHERE EXISTS { MATCH (a) RETURN a ▮WHERE true } RETURN a", code::UNEXPECTED, "`}`"),
            ("MATCH (a) WHERE EXISTS { MATCH (a)▮", code::UNEXPECTED, "more of this clause"),
        ],
    );
}

#[test]
fn names_mean_one_thing() {
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (x) UNWIND [1] AS ▮x RETURN x", code::REBOUND, "`x` is defined already"),
            ("MATCH (p) MATCH ▮p = (a)-->(b) RETURN p", code::REBOUND, "cannot name this path"),
            ("MATCH ▮p = (p)-->() RETURN p", code::REBOUND, "cannot name this path"),
            ("MATCH p = (a)-->(b) MATCH (▮p) RETURN p", code::REBOUND, "is a path and cannot be a node"),
            ("MATCH ()-[r*]->() MATCH ()-[▮r]->() RETURN r", code::REBOUND, "is a list"),
            (
                "MATCH ()-[r]->() MATCH ()-[▮r*]->() RETURN r",
                code::REBOUND,
                "cannot be a list of relationships",
            ),
            (
                "MATCH (n) WITH [n] AS l MATCH (▮l)-->() RETURN l",
                code::REBOUND,
                "is a list and cannot be a node",
            ),
            ("UNWIND [1, 'a'] AS x MATCH (▮x) RETURN x", code::REBOUND, "is a integer or string"),
            (
                "MATCH (a)-[r*]->()-[▮r*]->() RETURN a",
                code::REBOUND,
                "the relationship `r` stands in this MATCH twice",
            ),
            ("RETURN reduce(x = 0, ▮x IN [1] | x)", code::REBOUND, "both the result so far and the item"),
            (
                "MATCH (a) WHERE EXISTS { MATCH (b) WITH ▮b.x AS a RETURN 1 } RETURN a",
                code::REBOUND,
                "around this subquery",
            ),
            (
                "MATCH (a) WHERE EXISTS { UNWIND [1] AS ▮a RETURN 1 } RETURN a",
                code::REBOUND,
                "defined already",
            ),
            ("RETURN [x IN [1] | x] AS l, ▮x AS y", code::UNDEFINED, "`x` is not defined here"),
            ("RETURN [x IN ▮x | x] AS l", code::UNDEFINED, "`x` is not defined here"),
            ("MATCH (a) WHERE EXISTS { (a)-->(b) } RETURN ▮b", code::UNDEFINED, "`b` is not defined here"),
            (
                "MATCH (a) WHERE EXISTS { MATCH (a)-->(b) WITH b.x AS x RETURN ▮b } RETURN a",
                code::UNDEFINED,
                "`b`",
            ),
            (
                "MATCH (a) RETURN a.x AS x UNION MATCH (b) RETURN ▮a.x AS x",
                code::UNDEFINED,
                "`a` is not defined",
            ),
            ("MATCH (n) WHERE (n)-[▮r]->() RETURN n", code::UNDEFINED, "binds no variables"),
            ("MATCH (node) WHERE exists((▮noed)-->()) RETURN node", code::UNDEFINED, "did you mean `node`?"),
        ],
    );
}

#[test]
fn columns_agree_and_windows_are_numbers() {
    refused(
        DiagnosticKind::Semantic,
        &[
            ("RETURN 1 AS a UNION ▮RETURN 2 AS b", code::COLUMN, "name these columns with `AS`: a"),
            ("RETURN 1 AS a, 2 AS b UNION ALL ▮RETURN 2 AS b, 1 AS a", code::COLUMN, "in the same order"),
            (
                "RETURN 1 AS a UNION RETURN 2 AS a ▮UNION ALL RETURN 3 AS a",
                code::UNEXPECTED,
                "both UNION and UNION ALL",
            ),
            ("MATCH () WITH ▮* RETURN 1", code::COLUMN, "stands for all variables"),
            ("MATCH (a) RETURN ▮COLLECT { MATCH (a)-->(b) RETURN a, b } AS l", code::COLUMN, "one column"),
            ("MATCH (a) RETURN ▮COLLECT { (a)-->(b) } AS l", code::COLUMN, "one column"),
            ("MATCH (a) RETURN a SKIP ▮a.x", code::TYPE, "SKIP is the same for every row and cannot use `a`"),
            ("MATCH (a) RETURN a LIMIT ▮-1", code::TYPE, "a whole number, 0 or more, but this is -1"),
            ("MATCH (a) RETURN a LIMIT ▮1.0", code::TYPE, "but this is always float"),
            ("MATCH (a) RETURN a LIMIT ▮head([1.5])", code::TYPE, "but this is float"),
            ("MATCH (a) RETURN a LIMIT ▮1 / 0", code::TYPE, "no value"),
            ("MATCH (a) RETURN a LIMIT ▮null", code::TYPE, "but this is always null"),
            ("MATCH (a) RETURN a LIMIT ▮count(*)", code::AGGREGATE, "cannot stand in LIMIT"),
            (
                "UNWIND ▮1 AS x RETURN x",
                code::TYPE,
                "what UNWIND takes apart must be list, but this is always integer",
            ),
        ],
    );
}

#[test]
fn aggregates_stand_in_items_and_what_is_beside_them_is_grouped() {
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (a) RETURN a.x ORDER BY ▮max(a.y)", code::AGGREGATE, "where no item aggregates"),
            (
                "MATCH (a) RETURN a.x, count(*) AS c ORDER BY ▮max(a.y)",
                code::AGGREGATE,
                "unless it is an item, too",
            ),
            (
                "MATCH (a) RETURN a.x, count(*) AS c ORDER BY ▮a.y",
                code::UNDEFINED,
                "behind DISTINCT and aggregates",
            ),
            ("MATCH (a) RETURN DISTINCT a.x ORDER BY ▮a.y", code::UNDEFINED, "project it, too"),
            (
                "MATCH (a) RETURN a.x + a.y, count(*) AS c ORDER BY ▮a.x + a.y + count(*)",
                code::AMBIGUOUS,
                "group by it",
            ),
            (
                "MATCH (a) RETURN [x IN collect(a.x) WHERE x > ▮a.y] AS l",
                code::AMBIGUOUS,
                "`a` has no one value",
            ),
            (
                "MATCH (a) RETURN count(*) + size(▮[(a)-->(b) | b.x]) AS l",
                code::AMBIGUOUS,
                "`a` has no one value",
            ),
            (
                "MATCH (a) RETURN count(*) AS c ORDER BY count(*) + ▮b.x",
                code::UNDEFINED,
                "`b` is not defined here",
            ),
            ("MATCH (a) RETURN [x IN [1] | ▮count(*)] AS l", code::AGGREGATE, "for each item of a list"),
            (
                "MATCH (a) RETURN [x IN [1] WHERE ▮count(*) > 0] AS l",
                code::AGGREGATE,
                "cannot stand in the WHERE of a list",
            ),
            (
                "MATCH (a) RETURN reduce(s = 0, x IN [1] | s + ▮count(*)) AS l",
                code::AGGREGATE,
                "each item of a list",
            ),
            ("MATCH (a) RETURN [(a)-->(b) | ▮count(b)] AS l", code::AGGREGATE, "collected for each match"),
            ("MATCH (a) UNWIND ▮collect(a) AS x RETURN x", code::AGGREGATE, "cannot stand in UNWIND"),
            ("MATCH (a) RETURN ▮percentileCont(a.x) AS p", code::CALL, "takes two arguments"),
            ("MATCH (a) RETURN ▮stDev(a.x, 1) AS p", code::CALL, "takes one argument"),
        ],
    );
}

#[test]
fn patterns_are_conditions_and_conditions_are_boolean() {
    refused(
        DiagnosticKind::Semantic,
        &[
            ("MATCH (a) RETURN ▮(a)-->() AS x", code::TYPE, "ask with `EXISTS"),
            ("MATCH (a) RETURN size(▮(a)-->()) AS x", code::TYPE, "[(a)-->(b) | b]"),
            ("MATCH (a) WITH a WHERE ▮(a)-->() = true RETURN a", code::TYPE, "has no value here"),
            ("MATCH (a) RETURN a ORDER BY ▮(a)-->()", code::TYPE, "has no value here"),
            ("MATCH (a) RETURN CASE ▮(a)-->() WHEN true THEN 1 END AS x", code::TYPE, "has no value here"),
            ("MATCH (a) WHERE [1, ▮(a)-->()] = [] RETURN a", code::TYPE, "has no value here"),
            ("RETURN ▮exists(1)", code::CALL, "takes a property or a pattern"),
            ("RETURN [x IN ▮1 | x]", code::TYPE, "what stands behind IN must be list"),
            ("RETURN none(x IN ['a'] WHERE ▮x % 2 = 0)", code::TYPE, "but this is always string"),
            ("RETURN [x IN [1] WHERE ▮x | x]", code::TYPE, "a condition must be boolean"),
            ("MATCH (a) WHERE ▮COUNT { (a)-->() } RETURN a", code::TYPE, "but this is always integer"),
            ("MATCH (a) RETURN 1 + ▮EXISTS { (a)-->() } AS x", code::TYPE, "but this is always boolean"),
            ("MATCH p = (a)-[*]->(b) RETURN ▮p.x", code::TYPE, "but this is always path"),
            ("MATCH (a)-[r*]->(b) RETURN ▮r.x", code::TYPE, "but this is always list"),
        ],
    );
}

#[test]
fn what_subqueries_do_not_have_is_named() {
    refused(
        DiagnosticKind::NotSupported,
        &[
            ("MATCH (a) WHERE EXISTS { MATCH (a) ▮SET a.x = 1 } RETURN a", code::WRITES, "never writes"),
            (
                "MATCH (a) RETURN a, count(*) + ▮COUNT { (a)-->() } AS c",
                code::CONSTRUCT,
                "beside an aggregate",
            ),
            ("MATCH (a) RETURN a LIMIT ▮COUNT { (b) }", code::CONSTRUCT, "a subquery in LIMIT"),
            ("MATCH (a)-[r* ▮WHERE r.x]->(b) RETURN a", code::CONSTRUCT, "all(x IN r WHERE ..)"),
            ("MATCH (a)-[*1..▮99999999999]->(b) RETURN a", code::LIMIT, "too large"),
        ],
    );
}
