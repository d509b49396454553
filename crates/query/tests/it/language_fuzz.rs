//! Hostile text: whatever is thrown at the parser comes back as a query or a diagnostic that can be shown; and
//! what is known of an expression ahead holds for whatever values it meets.

use crate::language_expressions::{compiled, row};
use livewell_model::{Map, Value};
use livewell_query::engine::Engine;
use livewell_query::expression::TypeSet;
use livewell_query::language::Diagnostic;
use livewell_query::parse;
use livewell_query::reference::Reference;
use proptest::prelude::*;
use std::sync::Arc;

const PIECES: &[&str] = &[
    "MATCH",
    "WHERE",
    "WITH",
    "RETURN",
    "DISTINCT",
    "AS",
    "AND",
    "OR",
    "XOR",
    "NOT",
    "IN",
    "STARTS WITH",
    "ENDS WITH",
    "CONTAINS",
    "IS NULL",
    "IS NOT NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "OPTIONAL",
    "UNWIND",
    "ORDER BY",
    "LIMIT",
    "UNION",
    "UNION ALL",
    "SKIP",
    "DESC",
    "BY",
    "EXISTS {",
    "COUNT {",
    "COLLECT {",
    "[x IN",
    "reduce(s = 0, x IN",
    "p = (a)",
    "-[*1..3]->",
    "-[r*]-",
    "(a)-->(b)",
    "(a WHERE a.x)",
    "!=",
    "[(a)-->(b) |",
    "exists((a)--())",
    "percentileCont(",
    "datetime.truncate(",
    "CREATE",
    "CALL (a) {",
    "CALL {",
    "IS ::",
    "LIST<",
    "{1,3}",
    "((",
    "{.x, .*}",
    "FILTER",
    "LET",
    "||",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "::",
    "|",
    ".",
    "..",
    "*",
    "+",
    "-",
    "/",
    "%",
    "^",
    "=",
    "<>",
    "<",
    ">",
    "<=",
    "-->",
    "<--",
    "--",
    "-[",
    "]->",
    "]-",
    "=~",
    "a",
    "b",
    "n",
    "r",
    "`x y`",
    "`",
    "$p",
    "$",
    "1",
    "0",
    "1.5",
    ".5",
    "1e9",
    "0x1F",
    "9223372036854775808",
    "'s'",
    "'",
    "\"",
    "\\",
    "'\\u00e9'",
    "count(*)",
    "sum(",
    "size(",
    "toUpper(",
    "exists(",
    "all(x IN",
    "null",
    "true",
    "(a)",
    "(a:A {x: 1})",
    "-[r:T|U]->",
    "//",
    "/*",
    "*/",
    ";",
    "é",
    "🐟",
    "\u{feff}",
    "\0",
    "\r\n",
    "\t",
];

/// Whatever comes of a text, it comes back, also from the plan and the reference.
fn survives(text: &str) {
    let shown = |diagnostic: Diagnostic| {
        assert!(diagnostic.render(text, "hostile").contains('^'));
        assert!(!diagnostic.to_string().is_empty());
    };
    match parse(text) {
        Err(diagnostic) => shown(diagnostic),
        Ok(query) => {
            Engine::compile(text, &Map::new()).err().into_iter().for_each(shown);
            Reference::new(&query, &Map::new()).err().into_iter().for_each(shown);
        }
    }
}

/// Parts of queries, each whole in itself, that together often make a query.
const CLAUSES: &[&str] = &[
    "MATCH (a)",
    "MATCH (a)-[r]->(b)",
    "MATCH (b)-[r*..2]-(c) WHERE all(x IN r WHERE x.y = a.y)",
    "OPTIONAL MATCH p = (a)-[*0..]->(d) WHERE length(p) > 1",
    "OPTIONAL MATCH (a)-[s]-(b) WHERE NOT (a)-->(b)",
    "UNWIND [1, 2, a] AS u",
    "UNWIND [x IN [1, 2] WHERE x > 1 | x * 2] AS v",
    "WITH *",
    "WITH a",
    "WITH a, count(*) AS c ORDER BY c, a.x DESC LIMIT 3",
    "WITH DISTINCT a ORDER BY a.x SKIP 1 WHERE a.y",
    "WITH a, a.x AS x ORDER BY b.x WHERE b.y > x",
    "WITH a, collect(b) AS l WHERE EXISTS { (a)-->(z) WHERE z.x = a.x }",
    "WITH a, reduce(s = 0, x IN [1] | s + x) AS t",
    "WITH a, COUNT { MATCH (a)-->(z) WITH DISTINCT z ORDER BY z.x RETURN z LIMIT 2 } AS n",
    "WITH a, [q = (a)-->(z) | z.x] AS zs",
    "RETURN *",
    "RETURN a",
    "RETURN a.x ORDER BY a.y",
    "RETURN count(*) + 1 AS n ORDER BY count(*) + 1",
    "RETURN a UNION RETURN 1 AS a",
    "UNION ALL MATCH (a) RETURN a",
    "CALL (a) { MATCH (a)-->(z) RETURN z.x AS zx, count(*) AS zc ORDER BY zx LIMIT 2 }",
    "CALL { WITH a RETURN a.x AS q UNION MATCH (a:!A|B) RETURN a.y AS q }",
    "LET w = a {.*, z: 1}",
    "FILTER a IS :: NODE NOT NULL OR (a:A|B)",
    "MATCH (a)(()-[:!T]->()){1,2}(e)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_characters_never_panic_the_parser(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn random_bytes_never_panic_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_token_soup_never_panics_the_parser(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60),
        spaced: bool,
    ) {
        survives(&pieces.join(if spaced { " " } else { "" }));
    }

    #[test]
    fn random_clauses_never_panic_parser_plan_or_reference(
        clauses in prop::collection::vec(prop::sample::select(CLAUSES), 1..8),
    ) {
        survives(&clauses.join(" "));
        survives(&format!("MATCH (a)-->(b) {} RETURN a", clauses.join(" ")));
    }

    #[test]
    fn a_cut_query_with_everything_never_panics_the_parser(cut in 0usize..420) {
        let text = "OPTIONAL MATCH p = (a)-[r:T|U*1..3 {x: $p}]->(b) WHERE NOT (a)-->() OR EXISTS { MATCH (a)-->(c) \
                    WITH c, count(*) AS n WHERE n > 1 RETURN c } UNWIND [x IN nodes(p) WHERE any(y IN x.l WHERE y = 1) | x.y] \
                    AS z WITH DISTINCT a, reduce(s = 0, v IN [z] | s + v) AS t ORDER BY t DESC, a.x SKIP 1 LIMIT $l WHERE t > 1 \
                    RETURN [(a)-->(d) WHERE d.x =~ 'a' | d.x] AS ds, COUNT { (a) } UNION ALL RETURN 1 AS ds, 2 AS c";
        if let Some(text) = text.get(..cut) {
            survives(text);
        }
    }

    #[test]
    fn a_cut_query_never_panics_the_parser(cut in 0usize..140) {
        let text = "MATCH (a:A {x: 'é'})-[r:T|U]->(b)<--(c) WHERE NOT a.x[1..$p] IN [1, .5] OR a:B \
                    WITH DISTINCT a, count(*) AS n WHERE n > 0x1F RETURN CASE WHEN n THEN 1 ELSE {a: 2} END AS `x y`";
        if let Some(text) = text.get(..cut) {
            survives(text);
        }
    }

    #[test]
    fn what_is_known_of_an_expression_holds_on_every_row(text in expression(), a in value(), b in value()) {
        let Ok(compiled) = compiled(&text) else { return Ok(()) };
        let row = row(a, b);
        match compiled.eval(&row) {
            Ok(value) => prop_assert!(TypeSet::of(&value).within(compiled.types()), "{} gave {:?}", text, value),
            Err(error) => prop_assert!(!compiled.is_infallible(), "{} failed: {}", text, error),
        }
        prop_assert!(compiled.constant().is_none() || compiled.eval(&row).as_ref() == Ok(compiled.constant().expect("one")));
    }
}

/// What an expression can end in: over a node `n`, a relationship `r` and two values `a` and `b`.
const LEAVES: &[&str] = &[
    "1",
    "-3",
    "2.5",
    "'x'",
    "''",
    "null",
    "true",
    "false",
    "[]",
    "[1, null, 'a']",
    "{k: 1}",
    "a",
    "b",
    "n",
    "r",
    "n.name",
    "n.age",
    "r.since",
    "a.k",
    "$one",
    "$list",
    "9223372036854775807",
    "0",
];

/// What stands between two expressions.
const OPERATORS: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "AND",
    "OR",
    "XOR",
    "IN",
    "STARTS WITH",
    "ENDS WITH",
    "CONTAINS",
];

/// Forms of one expression, `#`.
const WRAPPED: &[&str] = &[
    "NOT (#)",
    "-(#)",
    "+(#)",
    "(#) IS NULL",
    "(#) IS NOT NULL",
    "(#).k",
    "(#):A",
    "[#]",
    "{k: #}",
    "size(#)",
    "head(#)",
    "tail(#)",
    "reverse(#)",
    "toString(#)",
    "toInteger(#)",
    "toFloat(#)",
    "toBoolean(#)",
    "abs(#)",
    "ceil(#)",
    "sign(#)",
    "toUpper(#)",
    "trim(#)",
    "keys(#)",
    "labels(#)",
    "type(#)",
    "properties(#)",
    "id(#)",
    "isEmpty(#)",
    "coalesce(#)",
    "sqrt(#)",
    "CASE WHEN # THEN 1 END",
    "[x IN #]",
    "[x IN # WHERE x IS NULL | [x, a]]",
    "any(x IN # WHERE x = 1)",
    "reduce(s = 0, x IN # | x)",
    "EXISTS { (n)-->(m) WHERE m.x = # }",
    "[(n)-->(m) | #]",
];

/// Forms of two expressions, `#` and `@`.
const JOINED: &[&str] = &[
    "(#)[@]",
    "(#)[@..]",
    "(#)[..@]",
    "left(#, @)",
    "substring(#, @)",
    "split(#, @)",
    "replace(#, @, 'y')",
    "coalesce(#, @)",
    "range(#, @)",
    "CASE # WHEN @ THEN # ELSE @ END",
    "[#, @]",
    "atan2(#, @)",
    "(#) =~ (@)",
    "[x IN # WHERE x = @ | x]",
    "all(x IN # WHERE @)",
    "reduce(s = #, x IN [1] | @)",
];

/// An expression over [`LEAVES`].
fn expression() -> impl Strategy<Value = String> {
    let one_of = |names: &'static [&'static str]| prop::sample::select(names);
    one_of(LEAVES).prop_map(str::to_owned).prop_recursive(4, 32, 3, move |inner| {
        prop_oneof![
            (inner.clone(), one_of(OPERATORS), inner.clone())
                .prop_map(|(a, operator, b)| format!("({a}) {operator} ({b})")),
            (one_of(WRAPPED), inner.clone()).prop_map(|(form, a)| form.replace('#', &a)),
            (one_of(JOINED), inner.clone(), inner)
                .prop_map(|(form, a, b)| form.replace('@', &b).replace('#', &a)),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![any::<i64>(), -3i64..3, Just(i64::MIN), Just(i64::MAX)].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c ]{0,3}".prop_map(Value::from),
        Just(Value::Bytes(Arc::new([1, 2]))),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::list),
            inner.prop_map(|value| Value::Map(Arc::new(Map::from_iter([("k", value)])))),
        ]
    })
}
