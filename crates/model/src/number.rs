//! Numbers of all three types: one order and one key, exact for any size.

use crate::Decimal;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use std::cmp::Ordering;

/// The quiet NaN without sign and payload.
const NAN_BITS: u64 = 0x7ff8_0000_0000_0000;
/// Floats beyond this are integers, and between them there are integers of 64 bits.
const SPARSE: f64 = 9_007_199_254_740_992.0;
/// Beyond this there are no integers of 64 bits.
const INTEGERS_END: f64 = 9_223_372_036_854_775_808.0;

/// Compares an integer with a float exactly. Returns `None` if the float is NaN.
pub fn compare_int_float(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if int.unsigned_abs() <= SPARSE as u64 {
        // It is a float, too.
        return (int as f64).partial_cmp(&float);
    }
    Some(of_int(int).cmp(&of_float(float)))
}

/// Appends the key of an integer: bytes whose order is the numeric order of integers, floats and decimals together.
/// `1`, `1.0` and the decimal `1` have the same key, and no key is the beginning of another.
///
/// First comes the nearest float, as bits of the same order (8 bytes); then, in offset binary (2 bytes), twice the
/// difference between the number and that float. If this is odd, the number is a decimal that is neither an integer
/// of 64 bits nor a float, and its digits follow. Two numbers with the same nearest float differ in the second part
/// or in the digits; others are ordered by the first part, since rounding is monotone.
pub fn int_key(int: i64, out: &mut Vec<u8>) {
    push(of_int(int), out);
}

/// Appends the key of a float that is not NaN (see [`int_key`]).
pub fn float_key(float: f64, out: &mut Vec<u8>) {
    push(of_float(float), out);
}

/// Appends the key of a decimal (see [`int_key`]).
pub fn decimal_key(decimal: &Decimal, out: &mut Vec<u8>) {
    if let Some(int) = decimal.to_i64() {
        return int_key(int, out);
    }
    let (nearest, side) = nearest_short(decimal).unwrap_or_else(|| {
        let nearest = decimal.to_f64().clamp(f64::MIN, f64::MAX);
        (nearest, decimal.compare_float(nearest))
    });
    if side == Ordering::Equal {
        return float_key(nearest, out);
    }
    // Between two integers, or beyond them all; between smaller floats there are none.
    let missed = match nearest.abs() {
        SPARSE..=INTEGERS_END => below(decimal, nearest),
        _ => -i32::from(side == Ordering::Less),
    };
    push((order_bits(nearest), 2 * missed + 1), out);
    digits_key(decimal, out);
}

/// Returns the nearest float of a decimal of few digits, as prices are, and how the decimal compares with it.
///
/// Integers up to 2^53 and powers of ten up to 10^22 are floats, so the processor's quotient of the two is the
/// nearest float, and the remainder of the division is a float, too, which a fused operation computes without
/// rounding.
fn nearest_short(decimal: &Decimal) -> Option<(f64, Ordering)> {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let (coefficient, scale) = decimal.parts();
    let divisor = *POWERS.get(usize::try_from(scale).ok()?)?;
    let dividend = coefficient.to_i64().filter(|integer| integer.unsigned_abs() < 1 << 53)? as f64;
    let nearest = dividend / divisor;
    let left = (-nearest).mul_add(divisor, dividend);
    Some((nearest, left.partial_cmp(&0.0)?))
}

/// Returns the difference between the number and `nearest`, rounded down to an integer.
fn below(decimal: &Decimal, nearest: f64) -> i32 {
    let nearest = BigDecimal::try_from(nearest).expect("a finite float");
    let missed = (decimal.number() - nearest).with_scale_round(0, RoundingMode::Floor);
    missed.to_i32().expect("a float is within 1,024 of any number that is not far beyond 64 bits")
}

/// Writes the place of the first digit, the digits in pairs, and an end; inverted below zero, where more is less.
fn digits_key(decimal: &Decimal, out: &mut Vec<u8>) {
    let (coefficient, scale) = decimal.parts();
    let digits = coefficient.magnitude().to_string();
    let before = i16::try_from(digits.len() as i64 - scale)
        .expect("a decimal has at most 1,000 digits before the point");
    let start = out.len();
    out.extend_from_slice(&((before as u16) ^ 0x8000).to_be_bytes());
    let pair = |pair: &[u8]| 1 + 10 * (pair[0] - b'0') + pair.get(1).map_or(0, |digit| digit - b'0');
    out.extend(digits.as_bytes().chunks(2).map(pair));
    out.push(0);
    if decimal.signum() < 0 {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn push((nearest, doubled): (u64, i32), out: &mut Vec<u8>) {
    let doubled = i16::try_from(doubled).expect("a float misses at most 1,024");
    out.extend_from_slice(&nearest.to_be_bytes());
    out.extend_from_slice(&((doubled as u16) ^ 0x8000).to_be_bytes());
}

fn of_int(int: i64) -> (u64, i32) {
    let nearest = int as f64;
    let missed = i128::from(int) - nearest as i128;
    let missed = i32::try_from(missed).expect("a double is within 512 of any 64-bit integer");
    (order_bits(nearest), 2 * missed)
}

fn of_float(float: f64) -> (u64, i32) {
    (order_bits(float), 0)
}

fn order_bits(float: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    debug_assert!(!float.is_nan());
    // Both zeros are equal, so they need one key.
    let bits = if float == 0.0 { 0 } else { float.to_bits() };
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Returns the bits by which a float is stored, compared and hashed: its own, and one pattern for every NaN.
///
/// Processors differ in the sign and payload of the NaN they compute, and no expression can tell them apart. Rows may
/// not differ in them either, or the NaN of a deletion would not match that of the insertion.
pub fn identity_bits(float: f64) -> u64 {
    if float.is_nan() { NAN_BITS } else { float.to_bits() }
}

/// Returns the integer that equals a float, if there is one of 64 bits.
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

    /// Generates numbers of each type that lie near others: floats and integers moved by a little.
    fn number() -> impl Strategy<Value = (BigDecimal, Vec<u8>)> {
        let landmarks = prop_oneof![
            any::<i64>().prop_map(BigDecimal::from),
            (-20i64..20).prop_map(BigDecimal::from),
            prop::sample::select(vec![i64::MAX, i64::MIN, 1 << 53, -(1 << 53), (1 << 62) + 1])
                .prop_map(BigDecimal::from),
            proptest::num::f64::NORMAL.prop_map(|float| BigDecimal::try_from(float).expect("finite")),
            prop::sample::select(vec![
                "1e23",
                "-1e23",
                "9.9999999999999999e22",
                "1.7976931348623157e308",
                "1e400"
            ])
            .prop_map(|text| text.parse().expect("a number")),
        ];
        let moved = (landmarks, -3i64..=3, prop::sample::select(vec![-3i64, 0, 1, 17, 40, 600]));
        moved.prop_filter_map("in range", |(number, steps, scale)| {
            let number = number + BigDecimal::new(steps.into(), scale);
            let mut key = Vec::new();
            decimal_key(&Decimal::new(&number).ok()?, &mut key);
            Some((number, key))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn keys_keep_the_order_of_all_numbers(mut numbers in prop::collection::vec(number(), 2..12)) {
            numbers.sort();
            for pair in numbers.windows(2) {
                let ((a, a_key), (b, b_key)) = (&pair[0], &pair[1]);
                prop_assert_eq!(a_key.cmp(b_key), a.cmp(b), "{} and {}", a, b);
                prop_assert!(a_key == b_key || !b_key.starts_with(a_key), "{} begins {}", a, b);
            }
        }

        #[test]
        fn a_short_decimal_is_as_near_to_its_float_as_a_long_one(coefficient in -(1i64 << 53)..1 << 53, scale in 0i64..=22) {
            let decimal = Decimal::new(&BigDecimal::new(coefficient.into(), scale)).expect("in range");
            if let Some((nearest, side)) = nearest_short(&decimal) {
                prop_assert_eq!((nearest, side), (decimal.to_f64(), decimal.compare_float(nearest)), "{}", decimal);
            }
        }

        #[test]
        fn an_integer_and_its_decimal_have_one_key(int: i64) {
            let (mut key, mut of_decimal) = (Vec::new(), Vec::new());
            int_key(int, &mut key);
            decimal_key(&int.into(), &mut of_decimal);
            prop_assert_eq!(key, of_decimal);
        }

        #[test]
        fn a_float_and_its_decimal_have_one_key(float in -1e300f64..1e300) {
            let (mut key, mut of_decimal) = (Vec::new(), Vec::new());
            float_key(float, &mut key);
            let exact = Decimal::new(&BigDecimal::try_from(float).expect("finite"));
            prop_assume!(exact.is_ok());
            decimal_key(&exact.expect("assumed"), &mut of_decimal);
            prop_assert_eq!(key, of_decimal);
        }

        #[test]
        fn the_key_of_integers_keeps_their_order(a: i64, b: i64) {
            prop_assert_eq!(of_int(a).cmp(&of_int(b)), a.cmp(&b));
        }

        #[test]
        fn the_key_of_floats_keeps_their_order(a: f64, b: f64) {
            if let Some(order) = a.partial_cmp(&b) {
                prop_assert_eq!(of_float(a).cmp(&of_float(b)), order);
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
