//! The exact sum of any numbers, and its nearest double.
//!
//! Every finite double is a whole number of 2^-1074, the smallest one. So a sum of doubles and integers is a
//! whole number of these units, and 2^1024 (beyond the largest double) is 2^2098 of them. The sum is kept as
//! such a number in two's complement; adding is exact in any order, and rounding happens once, to the
//! nearest, ties to even.

/// 36 words of 64 bits: 2098 bits of magnitude leave room for more than 2^200 addends and a sign.
const WORDS: usize = 36;

/// The unit is 2^-1074.
const UNIT_EXPONENT: i32 = -1074;

/// A sum in units of 2^-1074, low words first, two's complement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExactSum([u64; WORDS]);

impl ExactSum {
    /// No addends.
    pub(super) fn zero() -> Self {
        Self([0; WORDS])
    }

    /// Adds an integer.
    pub(super) fn add_int(&mut self, int: i64) {
        self.add(int < 0, int.unsigned_abs(), UNIT_EXPONENT.unsigned_abs());
    }

    /// Adds a finite float.
    pub(super) fn add_float(&mut self, float: f64) {
        let bits = float.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as u32;
        let fraction = bits & ((1 << 52) - 1);
        // Subnormal doubles have no hidden bit and the exponent of the smallest normal ones.
        let (magnitude, shift) =
            if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        self.add(float.is_sign_negative(), magnitude, shift);
    }

    /// Adds or subtracts `magnitude * 2^shift` units.
    fn add(&mut self, negative: bool, magnitude: u64, shift: u32) {
        let mut addend = [0; WORDS];
        let (word, bit) = ((shift / 64) as usize, shift % 64);
        let shifted = u128::from(magnitude) << bit;
        addend[word] = shifted as u64;
        addend[word + 1] = (shifted >> 64) as u64;
        if negative {
            addend = negated(addend);
        }
        self.0 = plus(self.0, addend);
    }

    /// The nearest double; beyond the largest one infinity, and `0.0` for zero.
    pub(super) fn to_f64(&self) -> f64 {
        let negative = self.0[WORDS - 1] >> 63 == 1;
        let magnitude = if negative { negated(self.0) } else { self.0 };
        let Some(top) = (0..WORDS).rev().find(|word| magnitude[*word] != 0) else { return 0.0 };
        let highest = top as u32 * 64 + 63 - magnitude[top].leading_zeros();
        // The lowest of the 53 bits that a double keeps; everything lower is rounded away.
        let lowest = highest.saturating_sub(52);
        let bit = |at: u32| magnitude[(at / 64) as usize] >> (at % 64) & 1;
        let mut kept = (lowest..=highest).rev().fold(0u64, |kept, at| kept << 1 | bit(at));
        let half = lowest > 0 && bit(lowest - 1) == 1;
        let beyond_half = (0..lowest.saturating_sub(1)).any(|at| bit(at) == 1);
        if half && (beyond_half || kept & 1 == 1) {
            kept += 1;
        }
        // 2^53 when rounding carried, which is a double as well. Both products are exact, or overflow to
        // infinity; two of them because 2^1074 is not a double.
        let float = kept as f64
            * power_of_two(lowest as i32 / 2 + UNIT_EXPONENT / 2)
            * power_of_two(lowest as i32 - lowest as i32 / 2 + UNIT_EXPONENT / 2);
        if negative { -float } else { float }
    }
}

/// 2^`exponent` for an exponent of a normal double.
fn power_of_two(exponent: i32) -> f64 {
    let biased = u64::try_from(exponent + 1023).expect("half the range of exponents is normal");
    f64::from_bits(biased << 52)
}

fn plus(a: [u64; WORDS], b: [u64; WORDS]) -> [u64; WORDS] {
    let mut carry = 0;
    std::array::from_fn(|word| {
        let sum = u128::from(a[word]) + u128::from(b[word]) + carry;
        carry = sum >> 64;
        sum as u64
    })
}

fn negated(a: [u64; WORDS]) -> [u64; WORDS] {
    let mut one = [0; WORDS];
    one[0] = 1;
    plus(a.map(|word| !word), one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(floats: &[f64]) -> f64 {
        let mut sum = ExactSum::zero();
        floats.iter().for_each(|float| sum.add_float(*float));
        sum.to_f64()
    }

    #[test]
    fn one_float_is_its_own_sum() {
        let smallest = f64::from_bits(1);
        for float in
            [0.1, -0.1, 1.0, -3.5, f64::MAX, f64::MIN, f64::MIN_POSITIVE, smallest, -smallest, 1e-310]
        {
            assert_eq!(sum(&[float]).to_bits(), float.to_bits(), "{float:e}");
        }
    }

    #[test]
    fn nothing_is_lost_between_large_and_small_addends() {
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX, -f64::MAX, 1e-300]), 1e-300);
        assert_eq!(sum(&[0.1; 10]), 1.0);
    }

    #[test]
    fn ties_go_to_the_even_double() {
        // Between 2^53 and 2^53 + 2 stands 2^53 + 1: half way, and the first has the even fraction.
        let two_to_53 = 9_007_199_254_740_992.0;
        assert_eq!(sum(&[two_to_53, 1.0]), two_to_53);
        assert_eq!(sum(&[two_to_53, 1.0, f64::from_bits(1)]), two_to_53 + 2.0);
        assert_eq!(sum(&[two_to_53 + 2.0, 1.0]), two_to_53 + 4.0);
        assert_eq!(sum(&[-two_to_53, -1.0]), -two_to_53);
        assert_eq!(sum(&[-two_to_53 - 2.0, -1.0]), -two_to_53 - 4.0);
    }

    #[test]
    fn two_floats_sum_as_the_processor_sums_them() {
        let floats =
            [0.1, 0.2, -0.3, 1e16, 3.5e-8, -7.25, 1e308, 1.7e308, f64::MIN_POSITIVE, -1e-310, 5e-324];
        for a in floats {
            for b in floats {
                assert_eq!(sum(&[a, b]), a + b, "{a:e} + {b:e}");
            }
        }
    }

    #[test]
    fn integers_are_added_exactly_and_rounded_once() {
        let mut sum = ExactSum::zero();
        sum.add_int(i64::MAX);
        sum.add_int(i64::MIN);
        sum.add_float(0.5);
        assert_eq!(sum.to_f64(), -0.5);
        sum.add_int((1 << 53) + 1);
        assert_eq!(sum.to_f64(), 9_007_199_254_740_992.0);
    }
}
