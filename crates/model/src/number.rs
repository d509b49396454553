//! Numbers across their two types: one order, one key, exact beyond 2^53.

use std::cmp::Ordering;

/// The quiet NaN without sign and payload.
const NAN_BITS: u64 = 0x7ff8_0000_0000_0000;

/// Compares an integer with a float exactly. `None` where the float is NaN.
pub fn compare_int_float(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    Some(order_key_of_int(int).cmp(&order_key_of_float(float)))
}

/// A key whose order is the numeric order of integers and floats together; `1` and `1.0` have the same key.
///
/// The first part is the nearest double mapped to an integer of the same order; the second what that double
/// misses. Two integers of one nearest double differ in the second part; an integer and the double next to
/// its nearest one are ordered by the first, since rounding is monotone.
pub fn order_key_of_int(int: i64) -> (u64, i16) {
    let nearest = int as f64;
    let missed = i128::from(int) - nearest as i128;
    let missed = i16::try_from(missed).expect("a double is within 512 of any 64-bit integer");
    (order_bits(nearest), missed)
}

/// The key of a float (see [`order_key_of_int`]). NaN sorts after infinity.
pub fn order_key_of_float(float: f64) -> (u64, i16) {
    (order_bits(float), 0)
}

fn order_bits(float: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    if float.is_nan() {
        return u64::MAX;
    }
    // Both zeros are equal, so they need one key.
    let bits = if float == 0.0 { 0 } else { float.to_bits() };
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The bits a float is stored, compared and hashed by: its own, and one pattern for every NaN.
///
/// Processors differ in the sign and payload of the NaN they compute, and no expression can tell them apart; so
/// neither may a row, or a NaN that leaves would not be found as the one that came.
pub fn identity_bits(float: f64) -> u64 {
    if float.is_nan() { NAN_BITS } else { float.to_bits() }
}

/// The integer a float stands for, if it stands for one of 64 bits exactly.
pub fn float_as_int(float: f64) -> Option<i64> {
    let int = float as i64;
    (compare_int_float(int, float) == Some(Ordering::Equal)).then_some(int)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_beyond_2_pow_53_compare_exactly_with_floats() {
        let float = 9_007_199_254_740_992.0;
        assert_eq!(compare_int_float(9_007_199_254_740_992, float), Some(Ordering::Equal));
        assert_eq!(compare_int_float(9_007_199_254_740_993, float), Some(Ordering::Greater));
        assert_eq!(compare_int_float(i64::MAX, 9_223_372_036_854_775_808.0), Some(Ordering::Less));
        assert_eq!(compare_int_float(i64::MIN, -9_223_372_036_854_775_808.0), Some(Ordering::Equal));
        assert_eq!(float_as_int(9_223_372_036_854_775_808.0), None);
        assert_eq!(float_as_int(-0.0), Some(0));
    }

    proptest! {
        #[test]
        fn the_key_of_integers_keeps_their_order(a: i64, b: i64) {
            prop_assert_eq!(order_key_of_int(a).cmp(&order_key_of_int(b)), a.cmp(&b));
        }

        #[test]
        fn the_key_of_floats_keeps_their_order(a: f64, b: f64) {
            if let Some(order) = a.partial_cmp(&b) {
                prop_assert_eq!(order_key_of_float(a).cmp(&order_key_of_float(b)), order);
            }
        }

        #[test]
        fn an_integer_next_to_a_float_is_ordered_exactly(int: i64, nudge in -2i64..=2) {
            let float = int as f64;
            let other = int.saturating_add(nudge);
            let exact = i128::from(other).cmp(&(float as i128));
            prop_assert_eq!(compare_int_float(other, float), Some(exact));
        }
    }
}
