//! Hostile text: whatever is thrown at the parser comes back as a query or a diagnostic that can be shown; and
//! what is known of an expression ahead holds for whatever values it meets.

use crate::language_expressions::{compiled, row};
use livewell_model::{Map, Value};
use livewell_query::expression::TypeSet;
use livewell_query::language::parse;
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
    "CREATE",
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

fn survives(text: &str) {
    if let Err(diagnostic) = parse(text) {
        assert!(diagnostic.render(text, "hostile").contains('^'));
        assert!(!diagnostic.to_string().is_empty());
    }
}

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
