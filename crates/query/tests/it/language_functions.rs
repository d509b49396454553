//! Functions and expressions that bind variables, as tables of expressions and their values.

use crate::language_expressions::{check, compiled, fails, row};
use livewell_model::Value;
use livewell_query::language::code;
use std::time::{Duration, Instant};

#[test]
fn a_comprehension_filters_by_true_alone_and_maps() {
    check(&[
        ("[x IN [1, 2, 3] WHERE x > 1 | x * 10]", "[20, 30]"),
        ("[x IN [1, null, 3] WHERE x > 1]", "[3]"),
        ("[x IN [1, 2] | [y IN [x, 10] | x + y]]", "[[2, 11], [4, 12]]"),
        ("[x IN [1, 2] | [x IN [5] | x]]", "[[5], [5]]"),
        ("[x IN null | x]", "null"),
        ("[x IN [] | 1 / 0]", "[]"),
        ("[x IN [[1, 2], [3]] | size(x)]", "[2, 1]"),
        ("[x IN [n.name, b] | x + a]", "[null, null]"),
    ]);
    fails(&[("[x IN b | x]", code::VALUE_TYPE), ("[x IN [b] WHERE x]", code::VALUE_TYPE)]);
}

#[test]
fn quantifiers_are_three_valued() {
    check(&[
        ("all(x IN [] WHERE false)", "true"),
        ("any(x IN [] WHERE true)", "false"),
        ("none(x IN [] WHERE true)", "true"),
        ("single(x IN [] WHERE true)", "false"),
        ("all(x IN [1, null] WHERE x = 1)", "null"),
        ("all(x IN [2, null] WHERE x = 1)", "false"),
        ("any(x IN [1, null] WHERE x = 1)", "true"),
        ("any(x IN [2, null] WHERE x = 1)", "null"),
        ("none(x IN [1, null] WHERE x = 1)", "false"),
        ("none(x IN [2, null] WHERE x = 1)", "null"),
        ("single(x IN [1, null] WHERE x = 1)", "null"),
        ("single(x IN [1, 1, null] WHERE x = 1)", "false"),
        ("single(x IN [2, null] WHERE x = 1)", "null"),
        ("single(x IN [1, 2] WHERE x = 1)", "true"),
        ("all(x IN null WHERE x)", "null"),
    ]);
}

#[test]
fn reduce_carries_its_total_through_the_list() {
    check(&[
        ("reduce(t = 0, x IN [1, 2, 3] | t + x)", "6"),
        ("reduce(t = '', x IN ['a', 'b'] | t + x)", "'ab'"),
        ("reduce(t = 1, x IN [] | t + x)", "1"),
        ("reduce(t = 1, x IN null | t + x)", "null"),
        ("reduce(t = 0, x IN [1, 2] | t + reduce(u = 0, y IN [x, t] | u + y))", "4"),
    ]);
    fails(&[("reduce(t = 9223372036854775807, x IN [1] | t + x)", code::OVERFLOW)]);
}

#[test]
fn what_would_take_too_long_ends_in_an_error() {
    let begun = Instant::now();
    let nested = |body: &str| {
        format!("any(x IN range(1, 100000) WHERE any(y IN range(1, 1000) WHERE {body} AND n.age < 0))")
    };
    let long = "size([x IN range(1, 100000) WHERE x + n.age IN range(200000, 299999)])";
    fails(&[
        (&nested("x = y"), code::TOO_LARGE),
        (long, code::TOO_LARGE),
        ("size([x IN range(1, 10000) | [y IN range(1, 10000) | n.age]])", code::TOO_LARGE),
        ("reduce(t = 'ab', x IN range(1, 100) | t + t)", code::TOO_LARGE),
        ("[x IN range(1, n.age * 30000) | 'x' =~ (b + x)]", code::TOO_LARGE),
        (
            "[x IN range(1, n.age * 3000) | toUpper(replace('aaaaaaaaaa', 'a', n.name + '0123456789'))]",
            code::TOO_LARGE,
        ),
        ("reduce(t = [], x IN range(1, n.age * 10) | [t])", code::TOO_LARGE),
    ]);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_pattern_matches_the_whole_text() {
    check(&[
        ("'abc' =~ 'a.c'", "true"),
        ("'abcd' =~ 'a.c'", "false"),
        ("'abc' =~ 'ab|abc'", "true"),
        ("'xabc' =~ 'x|abc'", "false"),
        ("'ABC' =~ '(?i)abc'", "true"),
        ("'a' =~ '(?x)a # one )'", "true"),
        ("b =~ '[x-z]'", "true"),
        ("'x' =~ b", "true"),
        ("a =~ 'x'", "null"),
        ("1 =~ 'x'", "null"),
        ("'x' =~ a", "null"),
    ]);
    assert!(compiled("b =~ '('").expect_err("no pattern").contains("not a pattern"));
    assert!(compiled("b =~ '(.{1000}){1000}'").is_err());
    fails(&[("'x' =~ (b + '(')", code::ARGUMENT)]);
}

#[test]
fn numbers_round_by_place_and_mode() {
    check(&[
        ("round(1.5)", "2.0"),
        ("round(-1.5)", "-1.0"),
        ("round(3.141592, 3)", "3.142"),
        ("round(2.675, 2)", "2.68"),
        ("round(-1.55, 1)", "-1.6"),
        ("round(1.249, 1, 'UP')", "1.3"),
        ("round(1.299, 1, 'DOWN')", "1.2"),
        ("round(-1.21, 1, 'CEILING')", "-1.2"),
        ("round(-1.21, 1, 'FLOOR')", "-1.3"),
        ("round(1.25, 1, 'HALF_UP')", "1.3"),
        ("round(1.25, 1, 'HALF_DOWN')", "1.2"),
        ("round(1.25, 1, 'HALF_EVEN')", "1.2"),
        ("round(1.35, 1, 'HALF_EVEN')", "1.4"),
        ("round(9.99, 1)", "10.0"),
        ("round(7, 2)", "7.0"),
        ("round(a, 2)", "null"),
        ("isNaN(0.0 / 0.0) AND NOT isNaN(1)", "true"),
        ("haversin(0.0)", "0.0"),
    ]);
    fails(&[
        ("round(1.5, -1)", code::ARGUMENT),
        ("round(1.5, 1, 'SIDEWAYS')", code::ARGUMENT),
        ("round(b)", code::VALUE_TYPE),
    ]);
}

#[test]
fn conversions_of_lists_and_the_forgiving_ones_give_null() {
    check(&[
        ("toIntegerOrNull(b)", "null"),
        ("toIntegerOrNull('7')", "7"),
        ("toIntegerOrNull([1])", "null"),
        ("toFloatOrNull(true)", "null"),
        ("toStringOrNull([1])", "null"),
        ("toBooleanOrNull('true')", "true"),
        ("[toIntegerOrNull(true), toIntegerOrNull(false), toIntegerOrNull('1e30')]", "[1, 0, null]"),
        (
            "[toBooleanOrNull(1), toBooleanOrNull(0), toBooleanOrNull(-7), toBooleanOrNull(1.0)]",
            "[true, false, true, null]",
        ),
        ("toFloatOrNull(true) IS NULL AND toStringOrNull(n) IS NULL", "true"),
        ("toIntegerList([true, 'true', false])", "[1, null, 0]"),
        ("toBooleanList([0, 1, 1.0, 'x'])", "[false, true, null, null]"),
        ("toStringList([1, true, 'x', null, []])", "['1', 'true', 'x', null, null]"),
        ("toIntegerList(['1', 2.5, 'x'])", "[1, 2, null]"),
        ("toFloatList([1, 'x'])", "[1.0, null]"),
        ("toBooleanList(['true', 1.5])", "[true, null]"),
        ("toStringList(null)", "null"),
    ]);
}

#[test]
fn strings_are_trimmed_and_measured() {
    check(&[
        ("bTrim('  x ')", "'x'"),
        ("bTrim('xxaxx', 'x')", "'a'"),
        ("lTrim('xxaxx', 'x')", "'axx'"),
        ("rTrim('xyaxy', 'xy')", "'xya'"),
        ("lower('ÀB') + upper('c')", "'àbC'"),
        ("char_length('añb') + character_length('')", "3"),
        ("bTrim('x', a)", "null"),
    ]);
}

#[test]
fn a_comprehension_over_constants_alone_is_computed_once() {
    let constant = |text: &str| compiled(text).expect("an expression").constant().cloned();
    assert_eq!(constant("[x IN [1, 2] | x + 1]"), Some(vec![2, 3].into()));
    assert_eq!(constant("[x IN [1, 2] | x + n.age]"), None);
    let sum = compiled("[x IN [1, 2] | x + n.age]").expect("an expression");
    assert_eq!(sum.eval(&row(Value::Null, Value::Null)), Ok(vec![31, 32].into()));
}
