//! What expressions give: every rule of Cypher about values, as a table of expressions and their values.

use livewell_model::{ElementId, Map, Node, Relationship, Value};
use livewell_query::expression::{Compiled, EvalError, Scope, TypeSet, compile};
use livewell_query::language::{MAX_HEIGHT, MAX_NESTING, code};
use livewell_query::parse;
use std::sync::Arc;

/// Rows with a node, a relationship and two properties of unknown type.
pub struct Row;

impl Scope for Row {
    fn slot(&self, variable: &str) -> Option<usize> {
        ["n", "r", "a", "b"].iter().position(|name| *name == variable)
    }

    fn types(&self, variable: &str) -> TypeSet {
        match variable {
            "n" => TypeSet::NODE,
            "r" => TypeSet::RELATIONSHIP,
            _ => TypeSet::ANY,
        }
    }
}

/// The one item of a query that returns `text`, compiled for [`Row`].
pub fn compiled(text: &str) -> Result<Compiled, String> {
    let query = parse(&format!("MATCH (n)-[r]->() WITH n, r, n.a AS a, n.b AS b RETURN {text} AS x"))
        .map_err(|diagnostic| diagnostic.to_string())?;
    let params: Map = [("one", Value::Int(1)), ("list", vec![1, 2].into())].into_iter().collect();
    compile(&query.branches[0].returns.items[0].expr, &Row, &params)
        .map_err(|diagnostic| diagnostic.to_string())
}

pub fn row(a: Value, b: Value) -> Vec<Value> {
    let id = |id: &str| ElementId::new("s", id);
    let mut node = Node::new(id("7"));
    node.labels = vec!["A".into(), "B".into()];
    node.properties = [("name", "Ann".into()), ("age", Value::Int(30))].into_iter().collect();
    let properties: Map = [("since", Value::Int(1999))].into_iter().collect();
    let relationship =
        Relationship { id: id("8"), kind: "KNOWS".into(), from: id("7"), to: id("9"), properties };
    vec![Value::Node(Arc::new(node)), Value::Relationship(Arc::new(relationship)), a, b]
}

fn eval(text: &str) -> Result<Value, EvalError> {
    compiled(text).unwrap_or_else(|error| panic!("{text}: {error}")).eval(&row(Value::Null, "x".into()))
}

pub fn check(table: &[(&str, &str)]) {
    for (text, expect) in table {
        let expected = eval(expect).unwrap_or_else(|error| panic!("{expect}: {error}"));
        assert_eq!(eval(text), Ok(expected), "{text}");
    }
}

pub fn fails(table: &[(&str, &str)]) {
    for (text, code) in table {
        assert_eq!(eval(text).map_err(|error| error.code), Err(*code), "{text}");
    }
}

#[test]
fn operators_bind_as_cypher_says() {
    check(&[
        ("true OR true XOR true", "true"),
        ("NOT true AND false", "false"),
        ("2 + 3 * 4 ^ 2 / 8", "8.0"),
        ("-2 ^ 2", "4.0"),
        ("4 ^ 3 ^ 2", "4096.0"),
        ("7 - 2 - 1", "4"),
        ("false = true IS NULL", "true"),
        ("[1]+2 IN [[1, 2]]", "true"),
        ("1 < 2 < 3", "true"),
        ("1 < 3 < 3", "false"),
        ("3 > 2 = 2", "true"),
        ("NOT 1 = 2", "true"),
        ("- 1 - -1", "0"),
    ]);
}

#[test]
fn null_spreads_unless_something_decides() {
    check(&[
        ("null = null", "null"),
        ("null <> 1", "null"),
        ("null AND false", "false"),
        ("null OR true", "true"),
        ("null XOR true", "null"),
        ("1 IN [2, null]", "null"),
        ("1 IN [1, null]", "true"),
        ("1 IN null", "null"),
        ("null IN []", "false"),
        ("[1, null] = [1, 2]", "null"),
        ("[1, null] = [2, 2]", "false"),
        ("{a: null} = {a: 1}", "null"),
        ("{a: null} = {b: null}", "false"),
        ("1 + null", "null"),
        ("'a' STARTS WITH null", "null"),
        ("1 STARTS WITH 'a'", "null"),
        ("a.b.c", "null"),
        ("a IS NULL AND b IS NOT NULL", "true"),
        ("toUpper(a)", "null"),
        ("[1, 2][null]", "null"),
        ("[1, 2][0..null]", "null"),
        ("null['x']", "null"),
        ("null[n]", "null"),
        ("null['x'..2]", "null"),
        ("null.x.y", "null"),
    ]);
}

#[test]
fn numbers_keep_their_type_and_compare_across_types() {
    check(&[
        ("7 / 2", "3"),
        ("-7 % 3", "-1"),
        ("7.0 / 2", "3.5"),
        ("1 = 1.0", "true"),
        ("9007199254740993 = 9007199254740992.0", "false"),
        ("9007199254740993 > 9007199254740992.0", "true"),
        ("0.0 / 0.0 = 0.0 / 0.0", "false"),
        ("0.0 / 0.0 <> 1", "true"),
        ("0.0 / 0.0 < 1", "false"),
        ("0.0 / 0.0 < 'a'", "null"),
        ("0.0 = -0.0", "true"),
        ("1 < 'a'", "null"),
        ("'B' < 'a'", "true"),
        ("[1, 2] < [1, 2, 0]", "true"),
        ("-9223372036854775808", "-9223372036854775807 - 1"),
    ]);
    fails(&[
        ("9223372036854775807 + 1", code::OVERFLOW),
        ("-9223372036854775808 - 1", code::OVERFLOW),
        ("-(-9223372036854775808)", code::OVERFLOW),
        ("abs(-9223372036854775808)", code::OVERFLOW),
        ("toInteger(1e300)", code::OVERFLOW),
        ("1 / 0", code::DIVISION_BY_ZERO),
        ("1 % 0", code::DIVISION_BY_ZERO),
        ("b * 2", code::VALUE_TYPE),
        ("b AND true", code::VALUE_TYPE),
        ("b.key", code::VALUE_TYPE),
    ]);
}

#[test]
fn strings_lists_and_maps_are_taken_apart_and_joined() {
    check(&[
        ("'a' + 1 + 1.5", "'a11.5'"),
        ("[1] + [2] + 3", "[1, 2, 3]"),
        ("[1, 2, 3][-1]", "3"),
        ("[1, 2, 3][1..]", "[2, 3]"),
        ("{a: {b: 1}}.a.b", "1"),
        ("{a: 1}['a']", "1"),
        ("$list[0] + $one", "2"),
        ("substring('hello', 1, 3)", "'ell'"),
        ("left('hello', 2) + right('hello', 2)", "'helo'"),
        ("right('a', 5)", "'a'"),
        ("split('a,b,,c', ',')", "['a', 'b', '', 'c']"),
        ("split('ab', '')", "['a', 'b']"),
        ("replace('aXbX', 'X', '--')", "'a--b--'"),
        ("reverse('añb') + toUpper('x') + trim('  y ')", "'bñaXy'"),
        ("size('añb') + size([1, 2])", "5"),
        ("head([1, 2]) + last([1, 2])", "3"),
        ("tail([1, 2, 3])", "[2, 3]"),
        ("head([])", "null"),
        ("range(0, 10, 5)", "[0, 5, 10]"),
        ("range(3, 1, -1)", "[3, 2, 1]"),
        ("range(9223372036854775806, 9223372036854775807)", "[9223372036854775806, 9223372036854775807]"),
        ("keys({b: 1, a: null})", "['a', 'b']"),
        ("coalesce(a, null, b)", "'x'"),
        ("isEmpty('') AND isEmpty([]) AND isEmpty({})", "true"),
    ]);
    fails(&[
        ("substring('a', -1)", code::ARGUMENT),
        ("range(1, 2, 0)", code::ARGUMENT),
        ("range(0, 9223372036854775807)", code::TOO_LARGE),
        ("size(range(0, 999999) + range(0, 999999))", code::TOO_LARGE),
        ("range(a, 1)", code::VALUE_TYPE),
        ("[1][b]", code::VALUE_TYPE),
    ]);
}

#[test]
fn conversions_give_null_for_text_that_does_not_read() {
    check(&[
        ("toInteger('42') + toInteger('2.9') + toInteger(1.9)", "45"),
        ("toInteger('foo')", "null"),
        ("toInteger('inf')", "null"),
        ("toFloat('1e3')", "1000.0"),
        ("toFloat('nan')", "null"),
        ("toInteger('9007199254740993.7')", "9007199254740993"),
        ("toInteger(' 42 ')", "null"),
        ("toInteger('NaN')", "null"),
        ("toFloat(' 1.5 ')", "1.5"),
        ("isNaN(toFloat('NaN'))", "true"),
        ("[toFloat('Infinity'), toFloat('-Infinity'), toFloat('1e999')]", "[1.0 / 0, -1.0 / 0, 1.0 / 0]"),
        ("toBoolean(' true ')", "true"),
        ("toBoolean('TRUE')", "true"),
        ("toBoolean('yes')", "null"),
        ("toString(1.0) + toString(1) + toString(true)", "'1.01true'"),
        ("toString(1.0 / 0)", "'Infinity'"),
    ]);
    fails(&[
        ("toInteger('9223372036854775808')", code::OVERFLOW),
        ("toInteger('-1e19')", code::OVERFLOW),
        ("toInteger(9223372036854775808.0)", code::OVERFLOW),
    ]);
    for refused in ["toInteger(true)", "toBoolean(1)", "toFloat(true)"] {
        assert!(compiled(refused).is_err(), "{refused}");
    }
}

#[test]
fn elements_give_their_parts_and_are_equal_by_identity() {
    check(&[
        ("n.name", "'Ann'"),
        ("n['age']", "30"),
        ("n.nothing", "null"),
        ("id(n) + elementId(r)", "'78'"),
        ("labels(n)", "['A', 'B']"),
        ("type(r)", "'KNOWS'"),
        ("n:A:B AND NOT n:C", "true"),
        ("r:KNOWS", "true"),
        ("keys(n)", "['age', 'name']"),
        ("properties(r)", "{since: 1999}"),
        ("n = n AND n <> r", "true"),
        ("n < n", "null"),
    ]);
}

#[test]
fn case_takes_the_first_branch_that_is_true() {
    check(&[
        ("CASE WHEN a THEN 1 WHEN true THEN 2 ELSE 3 END", "2"),
        ("CASE b WHEN 'y' THEN 1 WHEN 'x' THEN 2 END", "2"),
        ("CASE null WHEN null THEN 1 ELSE 2 END", "2"),
        ("CASE WHEN false THEN 1 END", "null"),
    ]);
}

#[test]
fn where_keeps_only_true_and_refuses_what_is_no_truth_value() {
    let kept = |text: &str| compiled(text).expect("an expression").is_true(&row(Value::Null, "x".into()));
    assert_eq!((kept("n.age > 18"), kept("a"), kept("1 > 2")), (Ok(true), Ok(false), Ok(false)));
    assert_eq!(kept("b").map_err(|error| error.code), Err(code::VALUE_TYPE));
}

#[test]
fn what_cannot_fail_is_known_and_what_is_constant_is_computed_once() {
    let infallible = |text: &str| compiled(text).expect("an expression").is_infallible();
    for text in [
        "n.age > 18 AND n.name = 'Ann'",
        "n:A OR r.since IS NULL",
        "toString(1 + 1)",
        "[n.age, a]",
        "labels(n)",
    ] {
        assert_eq!(infallible(text), !text.contains("[n.age"), "{text}");
    }
    for text in ["n.age + 1", "a.key", "toUpper(n.name)", "n.age AND true", "1 / 0"] {
        assert!(!infallible(text), "{text}");
    }
    let constant = |text: &str| compiled(text).expect("an expression").constant().cloned();
    assert_eq!(constant("size([1, 2]) + $one"), Some(Value::Int(3)));
    assert_eq!((constant("1 / 0"), constant("n.age"), constant("range(0, 100000)")), (None, None, None));
}

#[test]
fn a_missing_parameter_and_an_aggregate_do_not_compile() {
    let error = |text: &str| compiled(text).expect_err("refused");
    assert!(error("$missing").contains("the parameter `$missing` has no value"));
    assert!(error("$one AND true").contains("must be boolean"));
    assert!(error("count(*)").contains("no value on one row"));
}

#[test]
fn the_highest_expression_is_evaluated_without_overflowing_the_stack() {
    let high = |operand: &str, operator: &str| {
        format!("n.age{}", format!(" {operator} {operand}").repeat(MAX_HEIGHT - 2))
    };
    check(&[(&high("1", "+"), "30 + 298")]);
    let nested = format!("{}n.age{}", "[".repeat(MAX_NESTING - 2), "]".repeat(MAX_NESTING - 2));
    check(&[(&format!("size({nested})"), "1")]);
    assert!(compiled(&high("r", "=")).is_err(), "a chain of comparisons is twice as high");
}
