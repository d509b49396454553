//! What the text of a query is read as: each construct with the tree it becomes.

use crate::language_shown::shown;

/// Each text is read as the other.
fn read(table: &[(&str, &str)]) {
    for (text, tree) in table {
        assert_eq!(shown(text), *tree, "{text}");
    }
}

#[test]
fn clauses_follow_one_another_in_any_order() {
    read(&[
        (
            "MATCH (a:A) OPTIONAL MATCH (a)-[:T]->(b) WHERE b.x = 1 RETURN a, b",
            "MATCH (a:A) OPTIONAL MATCH (a)-[:T]->(b) WHERE (b.x Equal 1) RETURN a, b",
        ),
        (
            "OPTIONAL MATCH (a) WITH a MATCH (b {x: a.x}) RETURN b",
            "OPTIONAL MATCH (a) WITH a MATCH (b {x: a.x}) RETURN b",
        ),
        (
            "WITH [1, 2] AS l UNWIND l AS x UNWIND [x] AS y RETURN *",
            "WITH [1, 2] AS l UNWIND l AS x UNWIND [x] AS y RETURN l, x, y",
        ),
        (
            "RETURN 1 AS x UNION RETURN 2 AS x UNION RETURN 3 AS x",
            "RETURN 1 AS x UNION RETURN 2 AS x UNION RETURN 3 AS x",
        ),
        (
            "MATCH (x) RETURN x UNION ALL UNWIND [1] AS x RETURN x LIMIT 1;",
            "MATCH (x) RETURN x UNION ALL UNWIND [1] AS x RETURN x LIMIT 1",
        ),
        (
            "match (a) with distinct a return a skip 1 limit $n",
            "MATCH (a) WITH DISTINCT a RETURN a SKIP 1 LIMIT $n",
        ),
        (
            "MATCH (limit) RETURN limit ORDER BY limit LIMIT 1 + 1",
            "MATCH (limit) RETURN limit ORDER BY limit LIMIT (1 Add 1)",
        ),
    ]);
}

#[test]
fn patterns_have_lengths_paths_and_variables_from_before() {
    read(&[
        (
            "MATCH (a)-[*]->(b)<-[*2]-(c)-[*1..3]-(d)-[*..3]->(e)-[*0..]->(f)-[*..]->(g) RETURN 1",
            "MATCH (a)-[*1..]->(b)<-[*2..2]-(c)-[*1..3]-(d)-[*1..3]->(e)-[*0..]->(f)-[*1..]->(g) RETURN 1 AS 1",
        ),
        ("MATCH (a)-[r:T|:U*0..0 {x: 1}]->(b) RETURN r", "MATCH (a)-[r:T|U*0..0 {x: 1}]->(b) RETURN r"),
        ("MATCH (a)-[*3..2]->(b) RETURN a", "MATCH (a)-[*3..2]->(b) RETURN a"),
        (
            "MATCH (a:A WHERE a.x = 1)-[r:T WHERE r.y]->(WHERE (a)-->()), (b) WHERE b.x != a.x RETURN a",
            "MATCH (a:A)-[r:T]->(), (b) WHERE ((((a.x Equal 1) And r.y) And EXISTS {MATCH (a)-[]->()}) And \
             (b.x NotEqual a.x)) RETURN a",
        ),
        (
            "OPTIONAL MATCH (a WHERE EXISTS { (b WHERE b.x) WHERE b.y }) RETURN [(a)-->(c WHERE c.x) | c] AS l",
            "OPTIONAL MATCH (a) WHERE EXISTS {MATCH (b#1) WHERE (b#1.x And b#1.y)} RETURN \
             COLLECT {MATCH (a)-[]->(c#2) WHERE c#2.x | c#2} AS l",
        ),
        ("MATCH p = (a)-->(b), q = (c) RETURN p, q", "MATCH p = (a)-[]->(b), q = (c) RETURN p, q"),
        (
            "MATCH ()-[r]->() WITH r MATCH (a)-[r]->(b) RETURN a, b",
            "MATCH ()-[r]->() WITH r MATCH (a)-[r]->(b) RETURN a, b",
        ),
        (
            "MATCH ()-[r]->()-[s]->() WITH [r, s] AS rs MATCH (a)-[rs*]->(b) RETURN a",
            "MATCH ()-[r]->()-[s]->() WITH [r, s] AS rs MATCH (a)-[rs*1..]->(b) RETURN a",
        ),
        (
            "WITH null AS a OPTIONAL MATCH (a)-->(b) RETURN b",
            "WITH Null AS a OPTIONAL MATCH (a)-[]->(b) RETURN b",
        ),
    ]);
}

#[test]
fn names_that_an_expression_binds_are_its_own() {
    read(&[
        (
            "MATCH (x) RETURN [x IN x.l WHERE x > 1 | [x IN [x] | x]] AS l, x",
            "MATCH (x) RETURN [x#1 IN x.l WHERE (x#1 Greater 1) | [x#2 IN [x#1] | x#2]] AS l, x",
        ),
        ("RETURN [x IN [1]] AS a, [x IN [1] | x] AS b", "RETURN [x#1 IN [1]] AS a, [x#2 IN [1] | x#2] AS b"),
        (
            "WITH [1] AS l RETURN all(x IN l WHERE x = 1) AS a, NONE (y IN l WHERE any(z IN l WHERE z = y)) AS b",
            "WITH [1] AS l RETURN All(x#1 IN l WHERE (x#1 Equal 1)) AS a, \
             None(y#2 IN l WHERE Any(z#3 IN l WHERE (z#3 Equal y#2))) AS b",
        ),
        ("RETURN single(x IN [1] WHERE true) AS a", "RETURN Single(x#1 IN [1] WHERE Bool(true)) AS a"),
        (
            "WITH 1 AS s RETURN reduce(s = s, x IN [s] | s + x) AS a",
            "WITH 1 AS s RETURN reduce(s#1 = s, x#2 IN [s] | (s#1 Add x#2)) AS a",
        ),
        (
            "MATCH (a) RETURN [p = (a)-[r*2]->(b) WHERE b.x = a.x | p] AS l",
            "MATCH (a) RETURN COLLECT {MATCH p#3 = (a)-[r#1*2..2]->(b#2) WHERE (b#2.x Equal a.x) | p#3} AS l",
        ),
        (
            "MATCH (a) WITH collect(a) AS l RETURN [x IN l WHERE (x)-->() | x.n] AS n",
            "MATCH (a) WITH Collect(a) AS l RETURN [x#1 IN l WHERE EXISTS {MATCH (x#1)-[]->()} | x#1.n] AS n",
        ),
    ]);
}

#[test]
fn patterns_and_subqueries_are_conditions() {
    read(&[
        (
            "MATCH (a), (b) WHERE NOT (a)-[:T]->(b) AND ((a)--() OR (:B)<--(a {x: b.x})) RETURN a",
            "MATCH (a), (b) WHERE (Not(EXISTS {MATCH (a)-[:T]->(b)}) And (EXISTS {MATCH (a)-[]-()} Or \
             EXISTS {MATCH (:B)<-[]-(a {x: b.x})})) RETURN a",
        ),
        (
            "MATCH (a) RETURN exists((a)-->()) AS x, exists(a.y) AS y, CASE WHEN (a)--() THEN 1 END AS z",
            "MATCH (a) RETURN EXISTS {MATCH (a)-[]->()} AS x, a.y IS NOT NULL AS y, \
             CASE WHEN EXISTS {MATCH (a)-[]-()} THEN 1 END AS z",
        ),
        (
            "MATCH (a) WHERE EXISTS { (a)-->(b), (b)-->(c) WHERE c.x = 1 } RETURN a",
            "MATCH (a) WHERE EXISTS {MATCH (a)-[]->(b#1), (b#1)-[]->(c#2) WHERE (c#2.x Equal 1)} RETURN a",
        ),
        (
            "MATCH (a) WHERE count { MATCH (a)-->(b) RETURN b.x } > 1 RETURN a",
            "MATCH (a) WHERE (COUNT {MATCH (a)-[]->(b#1)} Greater 1) RETURN a",
        ),
        (
            "MATCH (a) RETURN COUNT { MATCH (a)-->(b) RETURN DISTINCT b.x } AS n",
            "MATCH (a) RETURN COUNT {MATCH (a)-[]->(b#1) WITH DISTINCT b#1.x AS b.x#2} AS n",
        ),
        (
            "MATCH (n) WHERE exists { MATCH (n)-->(m) WITH n, count(*) AS c WHERE c = 3 RETURN true } RETURN n",
            "MATCH (n) WHERE EXISTS {MATCH (n)-[]->(m#1) WITH n, Count() AS c#2 WHERE (c#2 Equal 3)} RETURN n",
        ),
        (
            "MATCH (a) RETURN COLLECT { MATCH (a)-->(b) WITH b.x AS x WHERE b.y > a.y RETURN x LIMIT 3 } AS l",
            "MATCH (a) RETURN COLLECT {MATCH (a)-[]->(b#1) WITH b#1.x AS x#2, b#1 WHERE (b#1.y Greater a.y) \
             WITH x#2 WITH x#2 LIMIT 3 | x#2} AS l",
        ),
        ("RETURN COUNT { RETURN 1 } AS n", "RETURN COUNT {WITH 1 AS 1#1} AS n"),
        (
            "MATCH (a) WHERE EXISTS { UNWIND a.l AS x WITH * MATCH (b {x: x}) RETURN * } RETURN a",
            "MATCH (a) WHERE EXISTS {UNWIND a.l AS x#1 WITH x#1 MATCH (b#2 {x: x#1})} RETURN a",
        ),
        (
            "MATCH (a) WHERE EXISTS { (a)-->(b) WHERE NOT EXISTS { (b)-->(c) WHERE c.x = a.x } } RETURN a",
            "MATCH (a) WHERE EXISTS {MATCH (a)-[]->(b#1) WHERE Not(EXISTS {MATCH (b#1)-[]->(c#2) WHERE \
             (c#2.x Equal a.x)})} RETURN a",
        ),
    ]);
}

#[test]
fn order_by_may_speak_of_what_was_there_before() {
    read(&[
        (
            "MATCH (a) RETURN a.x AS x ORDER BY x, a.x DESC, x + 1 ASC",
            "MATCH (a) RETURN a.x AS x ORDER BY x, x DESC, (x Add 1)",
        ),
        (
            "MATCH (a)-->(b) RETURN a.x ORDER BY a.y DESCENDING, b SKIP 1 LIMIT 2",
            "MATCH (a)-[]->(b) WITH a.x AS a.x, a, b ORDER BY a.y DESC, b SKIP 1 LIMIT 2 RETURN a.x",
        ),
        (
            "MATCH (a) WITH a, a.x + a.y AS sum WITH a.z AS z ORDER BY sum ASCENDING WHERE z > a.x RETURN z",
            "MATCH (a) WITH a, (a.x Add a.y) AS sum WITH a.z AS z, sum, a ORDER BY sum WHERE (z Greater a.x) WITH z RETURN z",
        ),
        (
            "MATCH (a)--(b) RETURN a.x AS x, count(b.y) AS c ORDER BY x, a.x + count(b.y), count(b.y) * 2",
            "MATCH (a)-[]-(b) RETURN a.x AS x, Count(b.y) AS c ORDER BY x, (x Add c), (c Multiply 2)",
        ),
        ("MATCH (a) RETURN DISTINCT a.x ORDER BY a.x", "MATCH (a) RETURN DISTINCT a.x AS a.x ORDER BY a.x"),
        // A name that was given again means the new value, in ORDER BY, too.
        ("MATCH (a) RETURN a.x AS a ORDER BY a + 2", "MATCH (a) RETURN a.x AS a ORDER BY (a Add 2)"),
        (
            "MATCH (a), (b) WITH a AS b, b AS a ORDER BY a.x RETURN a",
            "MATCH (a), (b) WITH a AS b, b AS a ORDER BY a.x RETURN a",
        ),
        // What a subquery counts is its own.
        (
            "MATCH (a) RETURN count(*) AS c ORDER BY COUNT { UNWIND [1] AS x WITH count(*) AS d RETURN DISTINCT d }",
            "MATCH (a) RETURN Count() AS c ORDER BY COUNT {UNWIND [1] AS x#1 WITH Count() AS d#2 WITH DISTINCT d#2}",
        ),
        // The `y` of the comprehension is not the one that was projected.
        (
            "MATCH (y) WITH y.v AS v, y ORDER BY [y IN [y] | y.v] RETURN v",
            "MATCH (y) WITH y.v AS v, y ORDER BY [y#1 IN [y] | y#1.v] RETURN v",
        ),
    ]);
}

#[test]
fn expressions_have_all_their_forms() {
    read(&[
        ("RETURN 'a' =~ 'b' AS x", "RETURN ('a' Matches 'b') AS x"),
        ("RETURN 1 < 2 <= 3 AS x", "RETURN ((1 Less 2) And (2 LessOrEqual 3)) AS x"),
        ("MATCH (n) RETURN n:A:B AS x, n.order.`x y` AS y", "MATCH (n) RETURN n:A&B AS x, n.order.x y AS y"),
        ("RETURN 0x1F + 0o17 + .5e1 AS x", "RETURN ((31 Add 15) Add Float(5.0)) AS x"),
        (r"RETURN '\u00e9\'' + 'b' AS x", "RETURN ('é'' Add 'b') AS x"),
        (
            "MATCH (n) RETURN count(DISTINCT n.x) AS a, percentileCont(n.x, 0.5) AS b, STDEV(n.x) AS c",
            "MATCH (n) RETURN Count(DISTINCT n.x) AS a, PercentileCont(n.x, Float(0.5)) AS b, StDev(n.x) AS c",
        ),
        (
            "MATCH (n) RETURN percentileDisc(DISTINCT n.x, $p) AS a, stDevP(n.x) AS b",
            "MATCH (n) RETURN PercentileDisc(DISTINCT n.x, $p) AS a, StDevP(n.x) AS b",
        ),
        ("RETURN [(1) - (2), (3)] AS x", "RETURN [(1 Subtract 2), 3] AS x"),
    ]);
}
