//! A sum of doubles without rounding, so that what is taken away leaves no trace.
//!
//! A double is an integer multiple of 2^-1074, so a sum of doubles is one too: a long integer in limbs of 32
//! bits. Only the limbs between the smallest and the largest that were touched are kept, which for data of
//! one kind is two or three. Source: R. Neal, "Fast exact summation using small and large
//! superaccumulators", 2015, arXiv:1505.05571.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, Zero};
use livewell_model::DecodeError;
use livewell_model::codec::{Reader, Writer};
use smallvec::SmallVec;

const LIMB_BITS: i32 = 32;
/// The exponent of the lowest bit that a double can have.
const LOWEST: i32 = -1074;

/// Limbs; a sum of a few, while a number is added to it too, takes no memory of its own.
type Limbs<T> = SmallVec<[T; 8]>;

/// `sum of limbs[i] * 2^(32 * (low + i) - 1074)`; after each operation all limbs but the last are in
/// `0 .. 2^32`, the last carries the sign, and neither end is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExactSum {
    low: i32,
    limbs: Limbs<i64>,
}

impl ExactSum {
    /// Adds `weight` copies of a finite double.
    pub fn add(&mut self, value: f64, weight: i64) {
        let (mantissa, exponent) = parts(value);
        self.add_shifted(i128::from(mantissa) * i128::from(weight), exponent);
    }

    /// Adds `weight` copies of the product of two finite doubles.
    pub fn add_product(&mut self, a: f64, b: f64, weight: i64) {
        let ((a, of_a), (b, of_b)) = (parts(a), parts(b));
        let (product, shift) = (i128::from(a) * i128::from(b), of_a + of_b + LOWEST);
        // 106 bits by 64 are more than fit in 127: the halves one by one.
        let (high, low) = (product >> 64, product & i128::from(u64::MAX));
        self.add_shifted(low * i128::from(weight), shift);
        self.add_shifted(high * i128::from(weight), shift + 64);
    }

    /// Adds an integer.
    pub fn add_integer(&mut self, value: i128) {
        self.add_shifted(value, -LOWEST);
    }

    /// Adds `value * 2^(shift - 1074)`.
    fn add_shifted(&mut self, value: i128, shift: i32) {
        if value == 0 {
            return;
        }
        let (first, within) = (shift.div_euclid(LIMB_BITS), shift.rem_euclid(LIMB_BITS));
        let negative = value < 0;
        let mut rest = value.unsigned_abs();
        let bits = within + (u128::BITS - rest.leading_zeros()) as i32;
        // The last part may begin before the last bit's limb and end in it, or in the one before.
        self.reach(first, first + bits / LIMB_BITS + 1);
        let mut at = (first - self.low) as usize;
        // 32 bits at a time, each moved by less than a limb, so a part spans two limbs.
        while rest != 0 {
            let part = ((rest & 0xffff_ffff) as u64) << within;
            let (low, high) = ((part & 0xffff_ffff) as i64, (part >> LIMB_BITS) as i64);
            self.limbs[at] += if negative { -low } else { low };
            self.limbs[at + 1] += if negative { -high } else { high };
            rest >>= LIMB_BITS;
            at += 1;
        }
        self.normalise();
    }

    /// Makes room for the limbs `first ..= last`.
    fn reach(&mut self, first: i32, last: i32) {
        if self.limbs.is_empty() {
            self.low = first;
        }
        if first < self.low {
            self.limbs.insert_many(0, std::iter::repeat_n(0, (self.low - first) as usize));
            self.low = first;
        }
        let length = (last - self.low + 1) as usize;
        if self.limbs.len() < length {
            self.limbs.resize(length, 0);
        }
    }

    fn normalise(&mut self) {
        let mut carry = 0;
        let last = self.limbs.len() - 1;
        for limb in &mut self.limbs[..last] {
            let sum = *limb + carry;
            *limb = sum & 0xffff_ffff;
            carry = sum >> LIMB_BITS;
        }
        self.limbs[last] += carry;
        // A last limb that outgrows its size moves on; then the ends are trimmed.
        while let Some(&top) = self.limbs.last()
            && !(-(1i64 << LIMB_BITS)..1i64 << LIMB_BITS).contains(&top)
        {
            let last = self.limbs.len() - 1;
            self.limbs[last] = top & 0xffff_ffff;
            self.limbs.push(top >> LIMB_BITS);
        }
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        // `.. x, -1` is `.. x - 2^32`: one limb less.
        while self.limbs.len() > 1 && self.limbs.last() == Some(&-1) {
            self.limbs.pop();
            let last = self.limbs.len() - 1;
            self.limbs[last] -= 1 << LIMB_BITS;
        }
        let zeros = self.limbs.iter().take_while(|limb| **limb == 0).count();
        if zeros > 0 {
            self.limbs.drain(..zeros);
        }
        self.low = if self.limbs.is_empty() { 0 } else { self.low + zeros as i32 };
    }

    /// The nearest double; of two equally near ones the even one (IEEE 754 round to nearest).
    pub fn to_f64(&self) -> f64 {
        let Some(&top) = self.limbs.last() else { return 0.0 };
        let negative = top < 0;
        let magnitude = self.magnitude();
        let highest = magnitude.len() - 1;
        let bit_length = highest as i32 * LIMB_BITS + (64 - magnitude[highest].leading_zeros() as i32);
        // The 53 leading bits, or fewer where the number is smaller than the smallest normal double.
        let lowest_kept = (bit_length - 53).max(-self.low * LIMB_BITS).max(0);
        let kept = bits_from(&magnitude, lowest_kept);
        let half = lowest_kept > 0 && bit(&magnitude, lowest_kept - 1);
        let below = lowest_kept > 1 && any_bit_below(&magnitude, lowest_kept - 1);
        let rounded = kept + u64::from(half && (below || kept & 1 == 1));
        let exponent = self.low * LIMB_BITS + lowest_kept + LOWEST;
        let value = scale(rounded, exponent);
        if negative { -value } else { value }
    }

    /// The sum itself.
    pub fn to_decimal(&self) -> BigDecimal {
        match self.to_integer() {
            (whole, exponent @ 0..) => BigDecimal::from(whole << exponent),
            // A binary digit after the point is a decimal one: 2^-n is 5^n / 10^n.
            (whole, exponent) => BigDecimal::new(whole * BigInt::from(5).pow(-exponent as u32), -exponent),
        }
    }

    /// The sum itself: an integer, and the exponent of 2 by which it is multiplied.
    pub fn to_integer(&self) -> (BigInt, i64) {
        let limbs = self.limbs.iter().rev();
        let whole = limbs.fold(BigInt::zero(), |whole, limb| (whole << LIMB_BITS) + BigInt::from(*limb));
        (whole, (self.low * LIMB_BITS + LOWEST).into())
    }

    /// The absolute value in limbs of 32 bits.
    fn magnitude(&self) -> Limbs<u64> {
        let negative = self.limbs.last().is_some_and(|top| *top < 0);
        let mut carry = 0i64;
        let mut limbs = Limbs::with_capacity(self.limbs.len() + 1);
        for limb in &self.limbs {
            let signed = if negative { -limb } else { *limb } + carry;
            limbs.push((signed & 0xffff_ffff) as u64);
            carry = signed >> LIMB_BITS;
        }
        limbs.push(carry as u64);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        limbs
    }

    /// Writes the stored form.
    pub fn encode(&self, out: &mut Writer) {
        out.signed(self.low.into()).varint(self.limbs.len() as u64);
        for limb in &self.limbs {
            out.signed(*limb);
        }
    }

    /// Reads what [`ExactSum::encode`] wrote.
    ///
    /// # Errors
    /// Returns an error if the bytes are something else.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let low = i32::try_from(reader.signed()?).map_err(|_| reader.error("an exponent is out of range"))?;
        let count = reader.count()?;
        let limbs = (0..count).map(|_| reader.signed()).collect::<Result<_, _>>()?;
        Ok(Self { low, limbs })
    }
}

/// A finite double as an integer of 53 bits, and the exponent of 2 by which that is multiplied, over [`LOWEST`].
fn parts(value: f64) -> (i64, i32) {
    debug_assert!(value.is_finite());
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    (if value.is_sign_negative() { -mantissa } else { mantissa }, exponent.max(1) - 1)
}

fn bit(limbs: &[u64], at: i32) -> bool {
    limbs.get((at / LIMB_BITS) as usize).is_some_and(|limb| limb >> (at % LIMB_BITS) & 1 == 1)
}

fn any_bit_below(limbs: &[u64], end: i32) -> bool {
    let (whole, within) = limbs.split_at(limbs.len().min((end / LIMB_BITS) as usize));
    let part = within.first().map_or(0, |limb| limb & ((1 << (end % LIMB_BITS)) - 1));
    part != 0 || whole.iter().any(|limb| *limb != 0)
}

/// The bits from `lowest` on, of which there are at most 53.
fn bits_from(limbs: &[u64], lowest: i32) -> u64 {
    let (first, within) = ((lowest / LIMB_BITS) as usize, lowest % LIMB_BITS);
    let limb = |at: usize| u128::from(limbs.get(at).copied().unwrap_or(0));
    let window = limb(first) | limb(first + 1) << LIMB_BITS | limb(first + 2) << (2 * LIMB_BITS);
    (window >> within) as u64
}

/// `mantissa * 2^exponent` for a result that is a double or beyond the largest one.
pub(super) fn scale(mantissa: u64, exponent: i32) -> f64 {
    debug_assert!(mantissa <= 1 << 53);
    let value = mantissa as f64;
    // Two exact steps, since 2^exponent alone may be no normal double.
    let first = exponent.clamp(-1000, 1000);
    value * power(first) * power((exponent - first).clamp(-1000, 1000))
}

fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> f64 {
        let mut total = ExactSum::default();
        values.iter().for_each(|value| total.add(*value, 1));
        total.to_f64()
    }

    #[test]
    fn sums_are_rounded_once() {
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[1e308, 1e308, -1e308, -1e308, 5e-324]), 5e-324);
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[-0.5, 0.25]), -0.25);
        // Exactly half way between two doubles: to the even one; a hair above: up.
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0]), 9_007_199_254_740_992.0);
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0, 1e-300]), 9_007_199_254_740_994.0);
    }

    #[test]
    fn integers_take_part_exactly() {
        let mut total = ExactSum::default();
        total.add(0.5, 1);
        total.add_integer(i128::from(i64::MAX));
        total.add_integer(-i128::from(i64::MAX));
        assert_eq!(total.to_f64(), 0.5);
    }

    proptest! {
        #[test]
        fn one_double_is_itself(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(sum(&[value]), value);
        }

        #[test]
        fn two_doubles_add_as_the_processor_adds(
            a in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
            b in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        ) {
            prop_assert_eq!(sum(&[a, b]), a + b);
        }

        #[test]
        fn the_exact_sum_of_doubles_is_that_of_their_decimals(values in prop::collection::vec(-1e100f64..1e100, 0..9)) {
            let mut total = ExactSum::default();
            values.iter().for_each(|value| total.add(*value, 1));
            let decimals: BigDecimal = values.iter().map(|value| BigDecimal::try_from(*value).expect("finite")).sum();
            prop_assert_eq!(total.to_decimal(), decimals);
        }

        #[test]
        fn products_are_exact(pairs in prop::collection::vec((any::<f64>(), any::<f64>(), any::<i64>()), 0..9)) {
            let (mut total, mut decimals) = (ExactSum::default(), BigDecimal::zero());
            for (a, b, weight) in pairs.into_iter().filter(|(a, b, _)| a.is_finite() && b.is_finite()) {
                total.add_product(a, b, weight);
                let [a, b] = [a, b].map(|value| BigDecimal::try_from(value).expect("it is finite"));
                decimals += a * b * BigDecimal::from(weight);
            }
            prop_assert_eq!(total.to_decimal(), decimals);
        }

        #[test]
        fn close_doubles_add_as_the_processor_adds(a in -1e6f64..1e6, b in -1e6f64..1e6) {
            prop_assert_eq!(sum(&[a, b]), a + b);
        }

        #[test]
        fn what_is_taken_away_leaves_nothing(values in prop::collection::vec(any::<f64>(), 0..40)) {
            let mut total = ExactSum::default();
            let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            finite.iter().for_each(|value| total.add(*value, 3));
            finite.iter().rev().for_each(|value| total.add(*value, -3));
            prop_assert_eq!(total, ExactSum::default());
        }

        #[test]
        fn the_stored_form_gives_the_sum_back(values in prop::collection::vec(-1e300f64..1e300, 0..9)) {
            let mut total = ExactSum::default();
            values.iter().for_each(|value| total.add(*value, 1));
            let mut out = Writer::new();
            total.encode(&mut out);
            prop_assert_eq!(ExactSum::decode(&mut Reader::new("sum", &out.bytes)), Ok(total));
        }
    }
}
