//! Doubles as exact integers, and the doubles nearest to exact numbers, which are found by trying.
//!
//! Every finite double is a whole number of units of 2^-1074, the smallest one.

use bigdecimal::num_bigint::{BigInt, Sign};

/// The bits of the double that is infinite; as if the exponents went on, it is 2^1024.
const INFINITE: u64 = 0x7ff0_0000_0000_0000;

/// A finite double in units of 2^-1074.
pub(super) fn units(double: f64) -> BigInt {
    let units = units_of(double.abs().to_bits());
    if double < 0.0 { -units } else { units }
}

/// The double nearest to `dividend / divisor`, of which the second is positive.
pub(super) fn quotient(dividend: &BigInt, divisor: &BigInt) -> f64 {
    let wanted = BigInt::from(dividend.magnitude().clone()) << 1075;
    let magnitude =
        nearest(|half_units| half_units * divisor <= wanted, |half_units| half_units * divisor == wanted);
    if dividend.sign() == Sign::Minus { -magnitude } else { magnitude }
}

/// The double nearest to the square root of `dividend / divisor`, the first in units of 2^-2148.
pub(super) fn root(dividend: &BigInt, divisor: &BigInt) -> f64 {
    let wanted = dividend * 4;
    let squared = |half_units: &BigInt| half_units * half_units * divisor;
    nearest(|half_units| squared(half_units) <= wanted, |half_units| squared(half_units) == wanted)
}

/// The double nearest to a number of half units that is not negative: `reaches` says whether it is at least so many,
/// `is` whether it is just so many.
fn nearest(reaches: impl Fn(&BigInt) -> bool, is: impl Fn(&BigInt) -> bool) -> f64 {
    // The bits of doubles that are not negative are in the order of the doubles.
    let (mut below, mut above) = (0, INFINITE);
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if reaches(&(units_of(middle) * 2)) { below = middle } else { above = middle }
    }
    let half_way = units_of(below) + units_of(above);
    let is_above = reaches(&half_way) && !(is(&half_way) && below.is_multiple_of(2));
    f64::from_bits(if is_above { above } else { below })
}

fn units_of(bits: u64) -> BigInt {
    let (exponent, fraction) = (bits >> 52, bits & ((1 << 52) - 1));
    match exponent {
        0 => BigInt::from(fraction),
        _ => BigInt::from(fraction | 1 << 52) << (exponent - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_divides_evenly_is_found() {
        for double in [0.0, 1.0, -0.1, 5e-324, f64::MAX, -1e300] {
            assert_eq!(quotient(&units(double), &units(1.0)), double);
            let square = units(double) * units(double);
            assert_eq!(root(&square, &1.into()), double.abs());
        }
        assert_eq!(quotient(&units(1.0), &units(3.0)), 1.0 / 3.0);
        assert_eq!(root(&(units(2.0) * units(1.0)), &1.into()), 2.0f64.sqrt());
    }

    #[test]
    fn ties_go_to_the_even_double() {
        let two_to_53 = units(9_007_199_254_740_992.0);
        assert_eq!(quotient(&(&two_to_53 + units(1.0)), &units(1.0)), 9_007_199_254_740_992.0);
        assert_eq!(quotient(&(&two_to_53 + units(3.0)), &units(1.0)), 9_007_199_254_740_996.0);
        assert_eq!(quotient(&(two_to_53 + units(1.0) + 1), &units(1.0)), 9_007_199_254_740_994.0);
    }
}
