//! The doubles nearest to exact numbers.

use super::exact_sum::scale;
use bigdecimal::num_bigint::{BigInt, BigUint, Sign};

/// The exponent of the lowest bit that a double can have.
const LOWEST: i64 = -1074;
/// How many bits are computed of a result: more than a double has, so that all beyond them only breaks ties.
const BITS: i64 = 66;

/// The double nearest to `dividend * 2^exponent / divisor`; of two equally near ones the even one.
pub(super) fn quotient(dividend: &BigInt, exponent: i64, divisor: &BigUint) -> f64 {
    let (sign, dividend) = (dividend.sign(), dividend.magnitude());
    let shift = (BITS + bits(divisor) - bits(dividend)).max(0);
    let shifted = dividend << shift;
    let whole = &shifted / divisor;
    let inexact = &whole * divisor != shifted;
    let magnitude = nearest(&whole, exponent - shift, inexact);
    if sign == Sign::Minus { -magnitude } else { magnitude }
}

/// The double nearest to the square root of `dividend * 2^exponent / divisor`.
pub(super) fn root(dividend: &BigUint, exponent: i64, divisor: &BigUint) -> f64 {
    let shift = (2 * BITS + bits(divisor) - bits(dividend)).max(0);
    // The root of a power of two is one where the exponent is even.
    let shift = shift + (exponent - shift).rem_euclid(2);
    let shifted = dividend << shift;
    let whole = &shifted / divisor;
    let root = whole.sqrt();
    let inexact = &whole * divisor != shifted || &root * &root != whole;
    nearest(&root, (exponent - shift) / 2, inexact)
}

/// The double nearest to `magnitude * 2^exponent`, or if `inexact` to something between that and the next magnitude,
/// which then has at least [`BITS`] bits.
fn nearest(magnitude: &BigUint, exponent: i64, inexact: bool) -> f64 {
    let dropped = (bits(magnitude) - 53).max(LOWEST - exponent).max(0);
    let kept = u64::try_from(magnitude >> dropped).expect("a double has 53 bits");
    let bit = |at: i64| at >= 0 && magnitude.bit(at.unsigned_abs());
    let half = bit(dropped - 1);
    let is_more = inexact || magnitude.trailing_zeros().is_some_and(|zeros| (zeros as i64) < dropped - 1);
    let rounded = kept + u64::from(half && (is_more || kept & 1 == 1));
    match i32::try_from(exponent + dropped) {
        Ok(exponent) => scale(rounded, exponent),
        Err(_) => f64::INFINITY,
    }
}

fn bits(number: &BigUint) -> i64 {
    number.bits() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_divide_as_doubles_do(dividend in -(1i64 << 53)..1 << 53, divisor in 1u64..1 << 53) {
            let divided = quotient(&dividend.into(), 0, &divisor.into());
            prop_assert_eq!(divided, dividend as f64 / divisor as f64);
        }

        #[test]
        fn roots_are_those_of_the_processor(number in 0u64..1 << 53, exponent in -400i32..400) {
            let whole = root(&number.into(), (2 * exponent).into(), &1u32.into());
            prop_assert_eq!(whole, (number as f64).sqrt() * 2f64.powi(exponent));
            let odd = root(&(2 * number).into(), (2 * exponent - 1).into(), &1u32.into());
            prop_assert_eq!(odd, whole);
        }

        #[test]
        fn small_results_are_rounded_once(mantissa in 1u64..1 << 53, divisor in 1u64..1 << 20, drop in 0i64..60) {
            // What the processor does with numbers of twice the precision is not at hand: the neighbours are compared.
            let exponent = LOWEST - drop;
            let found = quotient(&mantissa.into(), exponent, &divisor.into());
            let wanted = BigUint::from(mantissa);
            let unit = BigUint::from(divisor) << drop;
            let twice = |double: u64| BigUint::from(2 * double) * &unit;
            let bits = found.to_bits();
            prop_assert!(twice(bits) + &unit >= &wanted * 2u32);
            prop_assert!(twice(bits) <= &wanted * 2u32 + &unit);
        }
    }

    #[test]
    fn what_is_beyond_the_doubles_is_infinite() {
        assert_eq!(quotient(&BigInt::from(-1), 1024, &1u32.into()), f64::NEG_INFINITY);
        assert_eq!(quotient(&BigInt::from(1), i64::MAX / 2, &1u32.into()), f64::INFINITY);
        assert_eq!(quotient(&BigInt::from(1), -2000, &1u32.into()), 0.0);
        assert_eq!(root(&BigUint::from(0u32), 0, &1u32.into()), 0.0);
    }
}
