//! Arithmetic of decimals: exact among themselves and with integers; with a float the result is a float.

use super::EvalError;
use super::operation::{Operation, divided_by_zero};
use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Zero};
use livewell_model::{Decimal, Value};
use std::borrow::Cow;
use std::num::NonZeroU64;

/// A quotient has so many significant digits, or as many as the longer of its operands.
const QUOTIENT_DIGITS: u64 = 38;

/// A decimal, or an integer as one; `None` for any other value.
pub(super) fn decimal(value: &Value) -> Option<Cow<'_, Decimal>> {
    match value {
        Value::Decimal(decimal) => Some(Cow::Borrowed(decimal)),
        Value::Int(int) => Some(Cow::Owned(Decimal::from(*int))),
        _ => None,
    }
}

/// `a + b`.
pub(super) fn add(a: &Decimal, b: &Decimal) -> Result<Value, EvalError> {
    made(&(a.number() + b.number()), || format!("{a} + {b}"))
}

/// One of the other operations; `None` if it has no decimal result.
pub(super) fn calculate(operation: Operation, a: &Decimal, b: &Decimal) -> Option<Result<Value, EvalError>> {
    let what = || format!("{a} {} {b}", operation.symbol());
    Some(match operation {
        Operation::Subtract => made(&(a.number() - b.number()), what),
        Operation::Multiply => made(&(a.number() * b.number()), what),
        Operation::Divide | Operation::Modulo if b.is_zero() => Err(divided_by_zero(&what(), "a decimal")),
        Operation::Divide => made(&quotient(a.number(), b.number()), what),
        Operation::Modulo => made(&remainder(a.number(), b.number()), what),
        Operation::Power => return None,
    })
}

/// A result, or an error where it has too many digits.
pub(crate) fn made(number: &BigDecimal, what: impl FnOnce() -> String) -> Result<Value, EvalError> {
    Decimal::new(number).map(Value::from).map_err(|error| EvalError::too_long(&what(), error))
}

/// `a / b`, rounded to [`QUOTIENT_DIGITS`], a half to the even digit.
///
/// # Panics
/// If `b` is zero.
pub(crate) fn quotient(a: &BigDecimal, b: &BigDecimal) -> BigDecimal {
    // How many digits the result has follows from the values, not from the zeros that a sum may have behind them.
    let (a, b) = (a.normalized(), b.normalized());
    let digits = QUOTIENT_DIGITS.max(a.digits()).max(b.digits());
    let ((a, a_scale), (b, b_scale)) = (a.as_bigint_and_scale(), b.as_bigint_and_scale());
    // So many digits and one more, whatever the two begin with; then one that says whether anything is left.
    let shift = digits + 2 + b.to_string().len() as u64;
    let divided = &*a * power_of_ten(shift);
    let (whole, rest) = (&divided / &*b, &divided % &*b);
    let is_exact = rest.is_zero();
    let sign = if (rest < BigInt::zero()) == (*b < BigInt::zero()) { 1 } else { -1 };
    let sticky = whole * 10 + if is_exact { 0 } else { sign };
    let number = BigDecimal::new(sticky, a_scale - b_scale + shift as i64 + 1);
    let digits = NonZeroU64::new(digits).expect("38 or more");
    number.with_precision_round(digits, RoundingMode::HalfEven)
}

/// What is left of `a` if as many whole `b` as possible are taken away; it has the sign of `a`.
fn remainder(a: &BigDecimal, b: &BigDecimal) -> BigDecimal {
    let scale = a.fractional_digit_count().max(b.fractional_digit_count());
    let whole = |number: &BigDecimal| number.with_scale(scale).into_bigint_and_scale().0;
    BigDecimal::new(whole(a) % whole(b), scale)
}

fn power_of_ten(exponent: u64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).expect("a few thousand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> BigDecimal {
        text.parse().expect("a number")
    }

    #[test]
    fn quotients_are_rounded_to_38_digits_a_half_to_the_even_one() {
        for (a, b, expect) in [
            ("1", "3", "0.33333333333333333333333333333333333333"),
            ("-2", "3", "-0.66666666666666666666666666666666666667"),
            ("2", "-3", "-0.66666666666666666666666666666666666667"),
            ("1", "8", "0.125"),
            ("0", "7", "0"),
            ("10.5", "0.5", "21"),
            (
                "1000000000000000000000000000000000000000000000000001",
                "1",
                "1000000000000000000000000000000000000000000000000001",
            ),
            ("10000000000000000000000000000000000000.5", "1", "10000000000000000000000000000000000000.5"),
            // 38 digits and a half: to the even digit; a hair more: up.
            ("20000000000000000000000000000000000001", "2", "10000000000000000000000000000000000000"),
            ("20000000000000000000000000000000000003", "2", "10000000000000000000000000000000000002"),
        ] {
            assert_eq!(quotient(&number(a), &number(b)), number(expect), "{a} / {b}");
        }
    }

    #[test]
    fn a_quotient_follows_from_the_values_of_its_operands_alone() {
        let (one, with_zeros) = (number("1"), number(&format!("1.{}", "0".repeat(60))));
        assert_eq!(quotient(&one, &number("3")), quotient(&with_zeros, &number("3")));
        assert_eq!(quotient(&with_zeros, &number("3")).digits(), 38);
    }

    #[test]
    fn remainders_have_the_sign_of_what_is_divided() {
        for (a, b, expect) in [
            ("7.5", "2", "1.5"),
            ("-7.5", "2", "-1.5"),
            ("7.5", "-2", "1.5"),
            ("1e30", "7", "1"),
            ("0.3", "0.1", "0"),
        ] {
            assert_eq!(remainder(&number(a), &number(b)), number(expect), "{a} % {b}");
        }
    }

    proptest! {
        #[test]
        fn a_quotient_is_within_half_a_digit(a: i64, b in 1i64..i64::MAX, scale in -20i64..20) {
            let (a, b) = (BigDecimal::new(a.into(), scale), BigDecimal::from(b));
            let quotient = quotient(&a, &b);
            prop_assert!(quotient.digits() <= 38);
            let off = (&quotient * &b - &a).abs();
            let last = BigDecimal::new(1.into(), quotient.as_bigint_and_scale().1);
            let exact = off.is_zero();
            prop_assert!(exact || off <= last * b / 2, "{quotient}");
        }
    }
}
