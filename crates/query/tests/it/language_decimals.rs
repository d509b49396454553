//! Decimals: exact with each other and with integers; a float among them makes a float.

use crate::engine_statistics::{node, rows};
use crate::language_expressions::{check, fails};
use livewell_model::{Decimal, Value};
use livewell_query::language::code;
use livewell_query::parse;

#[test]
fn decimals_and_integers_are_computed_exactly() {
    check(&[
        ("toString(livewell.toDecimal('0.1') + livewell.toDecimal('0.2'))", "'0.3'"),
        ("toString(livewell.toDecimal('12345678901234567890.12') * 100)", "'1234567890123456789012'"),
        ("toString(1 - livewell.toDecimal('0.9'))", "'0.1'"),
        ("toString(livewell.toDecimal('1') / 3)", "'0.33333333333333333333333333333333333333'"),
        ("toString(livewell.toDecimal('-7.5') % 2)", "'-1.5'"),
        ("toString(-livewell.toDecimal('1.50'))", "'-1.5'"),
        ("toString(livewell.toDecimal(9223372036854775807) + 1)", "'9223372036854775808'"),
        ("livewell.toDecimal('1') IS :: DECIMAL", "true"),
        ("livewell.toDecimal('1') + 1 IS :: DECIMAL", "true"),
        ("(livewell.toDecimal('1') IS :: INTEGER) OR (1.0 IS :: DECIMAL)", "false"),
        ("'total ' + livewell.toDecimal('1.10')", "'total 1.1'"),
    ]);
    fails(&[
        ("livewell.toDecimal('1') / 0", code::DIVISION_BY_ZERO),
        ("1 % livewell.toDecimal('0.0')", code::DIVISION_BY_ZERO),
        ("livewell.toDecimal('1e999') * 10", code::OVERFLOW),
        ("livewell.toDecimal('1e-1000') / 10", code::OVERFLOW),
    ]);
}

#[test]
fn a_float_beside_a_decimal_makes_a_float() {
    check(&[
        ("livewell.toDecimal('0.1') + 0.2", "0.1 + 0.2"),
        ("livewell.toDecimal('1') / 0.0", "1.0 / 0.0"),
        ("livewell.toDecimal('2') ^ 3", "8.0"),
        ("sqrt(livewell.toDecimal('6.25'))", "2.5"),
    ]);
}

#[test]
fn numbers_of_all_types_compare_by_their_exact_values() {
    check(&[
        ("livewell.toDecimal('1.0') = 1", "true"),
        ("livewell.toDecimal('0.5') = 0.5", "true"),
        // The float 0.1 is a little more than a tenth.
        ("livewell.toDecimal('0.1') = 0.1", "false"),
        ("livewell.toDecimal('0.1') < 0.1", "true"),
        ("livewell.toDecimal('9007199254740993') > 9007199254740992.0", "true"),
        ("livewell.toDecimal('1e400') < 1.0 / 0", "true"),
        ("livewell.toDecimal('1') < 0.0 / 0.0", "false"),
        ("livewell.toDecimal('1') IN [2, 1.0]", "true"),
        ("livewell.toDecimal('1') = '1'", "false"),
        ("livewell.toDecimal('1') < '2'", "null"),
        ("livewell.toDecimal(null)", "null"),
    ]);
}

#[test]
fn conversions_keep_the_digits_or_say_what_is_lost() {
    check(&[
        ("toInteger(livewell.toDecimal('-2.9'))", "-2"),
        ("toFloat(livewell.toDecimal('0.10'))", "0.1"),
        ("livewell.toDecimal(0.1) = livewell.toDecimal('0.1')", "true"),
        ("livewell.toDecimal('ten')", "null"),
        ("livewell.toDecimal(' 1.5 ') = 1.5", "true"),
        ("toIntegerOrNull(livewell.toDecimal('1e30'))", "null"),
        ("toStringList([livewell.toDecimal('1.50')])", "['1.5']"),
        ("abs(livewell.toDecimal('-1.5')) = 1.5", "true"),
        ("sign(livewell.toDecimal('-1.5'))", "-1"),
        ("isNaN(livewell.toDecimal('1'))", "false"),
    ]);
    fails(&[
        ("toInteger(livewell.toDecimal('9223372036854775808'))", code::OVERFLOW),
        ("livewell.toDecimal(0.0 / 0.0)", code::ARGUMENT),
        ("livewell.toDecimal('1e2000')", code::OVERFLOW),
    ]);
}

#[test]
fn rounding_is_exact_and_stays_decimal() {
    check(&[
        ("toString(round(livewell.toDecimal('2.675'), 2))", "'2.68'"),
        ("toString(round(livewell.toDecimal('2.665'), 2, 'HALF_EVEN'))", "'2.66'"),
        ("toString(round(livewell.toDecimal('-1.5')))", "'-1'"),
        ("toString(round(livewell.toDecimal('-1.55'), 1))", "'-1.6'"),
        ("toString(ceil(livewell.toDecimal('1.1')))", "'2'"),
        ("toString(floor(livewell.toDecimal('-1.1')))", "'-2'"),
        ("toString(round(livewell.toDecimal('12345678901234567890.5'), 1))", "'12345678901234567890.5'"),
    ]);
}

#[test]
fn an_integer_beyond_64_bits_in_a_query_is_refused_with_the_way_to_write_it() {
    let refused = parse("RETURN 9223372036854775808 AS x").unwrap_err();
    let help = refused.help.unwrap_or_default();
    assert!(help.contains("livewell.toDecimal('9223372036854775808')"), "{help}");
}

/// The only row of a query over nodes with these values of `x`.
fn row(text: &str, values: &[Value]) -> Result<Vec<Value>, String> {
    let changes: Vec<_> =
        values.iter().enumerate().map(|(at, x)| (None, Some(node(&at.to_string(), x.clone())))).collect();
    rows(text, &changes).pop().expect("a change")
}

fn decimal(text: &str) -> Value {
    Decimal::parse(text).expect("a decimal").into()
}

#[test]
fn aggregates_of_decimals_are_exact() {
    let prices = [decimal("0.1"), decimal("0.2"), decimal("12345678901234567890"), 1.into()];
    let found = row(
        "MATCH (n) RETURN sum(n.x) AS a, avg(n.x) AS b, min(n.x) AS c, max(n.x) AS d, count(n.x) AS e",
        &prices,
    )
    .unwrap();
    let expected = [
        decimal("12345678901234567891.3"),
        decimal("3086419725308641972.825"),
        decimal("0.1"),
        decimal("12345678901234567890"),
        4.into(),
    ];
    assert_eq!(found, expected);
    let with_float = [decimal("0.1"), 0.5.into()];
    assert_eq!(
        row("MATCH (n) RETURN sum(n.x) AS a, avg(n.x) AS b", &with_float).unwrap(),
        [0.6.into(), 0.3.into()]
    );
    let thirds = [decimal("1"), 0.into(), 0.into()];
    let third = decimal("0.33333333333333333333333333333333333333");
    assert_eq!(row("MATCH (n) RETURN avg(n.x)", &thirds).unwrap(), [third]);
    let percentiles =
        row("MATCH (n) RETURN percentileDisc(n.x, 0.5) AS a, stDev(n.x) AS b", &thirds[..2]).unwrap();
    assert_eq!(percentiles, [0.into(), Value::Float(0.5f64.sqrt())]);
}

#[test]
fn equal_numbers_are_one_group_whatever_their_type() {
    let ones = [decimal("1"), 1.into(), 1.0.into()];
    assert_eq!(row("MATCH (n) RETURN n.x = 1 AS a, count(*) AS b", &ones).unwrap(), [true.into(), 3.into()]);
    assert_eq!(row("MATCH (n) RETURN count(DISTINCT n.x)", &ones).unwrap(), [1.into()]);
    let tenths = [decimal("0.1"), 0.1.into()];
    assert_eq!(row("MATCH (n) RETURN count(DISTINCT n.x)", &tenths).unwrap(), [2.into()]);
}
