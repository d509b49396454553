//! Decimal numbers, exact under addition and multiplication.
//!
//! A decimal is normalised: `1.50` and `1.5` are one value and print alike. It has at most [`DIGITS_MAX`] digits
//! before the point and as many after it; a number with more is refused, never rounded.

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A decimal has at most this many digits before the point, and as many after it.
pub const DIGITS_MAX: u32 = 1_000;

/// An exponent so large that no text in memory has enough digits to make up for it.
const FAR: i64 = 1 << 60;

/// An exact decimal number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(BigDecimal);

/// Why something is not a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a number.
    #[error("is not a decimal number")]
    Malformed,
    /// The number has too many digits.
    #[error("has more than {DIGITS_MAX} digits before or after the point")]
    TooLong,
}

impl Decimal {
    /// Makes a normalised decimal from a number.
    ///
    /// # Errors
    /// Returns [`DecimalError::TooLong`] if the number has too many digits.
    pub fn new(number: &BigDecimal) -> Result<Self, DecimalError> {
        let number = number.normalized();
        let after = number.fractional_digit_count();
        let before = i64::try_from(number.digits()).expect("digits in memory are countable") - after;
        let most = i64::from(DIGITS_MAX);
        if after > most || before > most { Err(DecimalError::TooLong) } else { Ok(Self(number)) }
    }

    /// Returns the decimal with these [parts](Self::parts), if they are those of a normalised decimal within the
    /// limits.
    pub fn of_parts(coefficient: BigInt, scale: i64) -> Option<Self> {
        let most = i64::from(DIGITS_MAX);
        let is_normal = if coefficient.is_zero() { scale == 0 } else { !(&coefficient % 10u32).is_zero() };
        if !is_normal || scale > most || scale < -most {
            return None;
        }
        let number = BigDecimal::new(coefficient, scale);
        // Counting digits takes a division for each; for a short number its bits say enough.
        let is_short = number.as_bigint_and_scale().0.bits() <= 64 && scale > 20 - most;
        let is_within = is_short || i64::try_from(number.digits()).is_ok_and(|digits| digits - scale <= most);
        is_within.then_some(Self(number))
    }

    /// Returns the decimal of an integer in two's complement, big-endian, of which `scale` digits are behind the point.
    ///
    /// # Errors
    /// Returns [`DecimalError::TooLong`] if it has too many digits.
    pub fn of_bytes(bytes: &[u8], scale: i64) -> Result<Self, DecimalError> {
        // Before any arithmetic: converting millions of digits takes long.
        if bytes.len() > DIGITS_MAX as usize || scale.abs() > 2 * i64::from(DIGITS_MAX) {
            return Err(DecimalError::TooLong);
        }
        Self::new(&BigDecimal::new(BigInt::from_signed_bytes_be(bytes), scale))
    }

    /// Reads digits with an optional sign, point and exponent.
    ///
    /// # Errors
    /// Returns [`DecimalError`] if the text is not a number or has too many digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let scale = fraction.len() as i64 - (all.len() - kept.len()) as i64 - exponent;
        let kept = kept.trim_start_matches('0');
        if kept.is_empty() {
            return Ok(Self(BigDecimal::zero()));
        }
        // Before any arithmetic: an exponent of a few digits must not cost a number of millions.
        let most = i64::from(DIGITS_MAX);
        if scale > most || kept.len() as i64 - scale > most {
            return Err(DecimalError::TooLong);
        }
        let magnitude: BigInt = kept.parse().expect("decimal digits");
        Self::new(&BigDecimal::new(if is_negative { -magnitude } else { magnitude }, scale))
    }

    /// Returns the number, for arithmetic.
    pub fn number(&self) -> &BigDecimal {
        &self.0
    }

    /// Returns all digits as one integer, and how many of them come after the point (negative: zeros follow).
    pub fn parts(&self) -> (Cow<'_, BigInt>, i64) {
        self.0.as_bigint_and_scale()
    }

    /// Returns whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns the sign as -1, 0 or 1.
    pub fn signum(&self) -> i64 {
        match self.0.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        }
    }

    /// Returns the nearest float; of two equally near ones the even one, beyond the largest float an infinity.
    pub fn to_f64(&self) -> f64 {
        nearest_float(&self.0)
    }

    /// Compares it exactly with a float that is not NaN.
    pub fn compare_float(&self, float: f64) -> Ordering {
        match BigDecimal::try_from(float) {
            Ok(float) => self.0.cmp(&float),
            Err(_) if float > 0.0 => Ordering::Less,
            Err(_) => Ordering::Greater,
        }
    }

    /// Returns the number as an integer, if it is one of 64 bits.
    pub fn to_i64(&self) -> Option<i64> {
        if self.0.fractional_digit_count() > 0 { None } else { self.0.to_i64() }
    }

    /// Returns the integer without the fraction, if it fits into 64 bits.
    pub fn truncated(&self) -> Option<i64> {
        self.0.with_scale_round(0, RoundingMode::Down).to_i64()
    }

    /// Returns the nearest integer, of two equally near ones the one farther from zero, if it fits into 64 bits.
    pub fn rounded(&self) -> Option<i64> {
        self.0.with_scale_round(0, RoundingMode::HalfUp).to_i64()
    }
}

/// Returns the float nearest to `number`; of two equally near ones the even one, beyond the largest float an
/// infinity.
pub fn nearest_float(number: &BigDecimal) -> f64 {
    let (coefficient, scale) = number.as_bigint_and_scale();
    // The standard library's parser rounds correctly, whatever the number of digits; the other conversions do not.
    format!("{coefficient}e{}", -scale).parse().expect("digits and an exponent are a number")
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads an exponent; one with too many digits becomes one that is too large.
fn read_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !is_digits(digits) {
        return Err(DecimalError::Malformed);
    }
    let too_large = if text.starts_with('-') { -FAR } else { FAR };
    Ok(text.parse::<i64>().map_or(too_large, |exponent| exponent.clamp(-FAR, FAR)))
}

impl fmt::Display for Decimal {
    /// Writes digits with a point if there is a fraction, never an exponent.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_plain_string(out)
    }
}

impl From<i64> for Decimal {
    fn from(int: i64) -> Self {
        Self(BigDecimal::from(int).normalized())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn a_decimal_prints_plainly_and_normalised() {
        for (text, printed) in [
            ("1.50", "1.5"),
            ("-0", "0"),
            ("0.00e99999999999999999999", "0"),
            ("+.5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("1e3", "1000"),
            ("12345678901234567890.12345678901234567890", "12345678901234567890.1234567890123456789"),
            ("-1.25E-3", "-0.00125"),
        ] {
            assert_eq!(decimal(text).to_string(), printed, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_number_is_told_from_one_that_is_too_long() {
        for text in
            ["", "-", ".", "1.2.3", "1e", "e1", " 1", "1_0", "NaN", "Infinity", "0x1", "1e+-1", "--1", "١"]
        {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text}");
        }
        for text in ["1e1000", "1e-1001", "1e99999999999999999999", "-1e-99999999999999999999"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::TooLong), "{text}");
        }
        assert_eq!(decimal("1e999").to_string().len(), 1_000);
        assert_eq!(decimal("1e-1000").to_string().len(), 1_002);
        assert_eq!(decimal(&format!("1{}e-2000", "0".repeat(2_000))).to_string(), "1");
    }

    #[test]
    fn floats_are_met_exactly() {
        assert_eq!(decimal("0.1").to_f64(), 0.1);
        assert_eq!(decimal("0.1").compare_float(0.1), Ordering::Less);
        assert_eq!(decimal("0.5").compare_float(0.5), Ordering::Equal);
        assert_eq!(decimal("1e999").compare_float(f64::INFINITY), Ordering::Less);
        assert_eq!(decimal("-1e999").compare_float(f64::NEG_INFINITY), Ordering::Greater);
        assert_eq!(decimal("1e999").to_f64(), f64::INFINITY);
        // Half way between two floats, and a hair above.
        assert_eq!(decimal("9007199254740993").to_f64(), 9_007_199_254_740_992.0);
        let above = decimal("9007199254740993.0000000000000000000000000000001");
        assert_eq!(above.to_f64(), 9_007_199_254_740_994.0);
    }

    #[test]
    fn integers_are_known() {
        assert_eq!(decimal("9223372036854775807").to_i64(), Some(i64::MAX));
        assert_eq!(decimal("-9223372036854775808").to_i64(), Some(i64::MIN));
        assert_eq!(decimal("9223372036854775808").to_i64(), None);
        assert_eq!(decimal("1.5").to_i64(), None);
        assert_eq!(decimal("-1.5").truncated(), Some(-1));
        assert_eq!(decimal("9223372036854775807.9").truncated(), Some(i64::MAX));
        assert_eq!(decimal("1e30").truncated(), None);
        assert_eq!(decimal("-2.5").rounded(), Some(-3));
        assert_eq!(decimal("9223372036854775807.5").rounded(), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(digits in "[0-9]{1,40}", point in 0usize..40, is_negative: bool) {
            let at = digits.len().saturating_sub(point);
            let sign = if is_negative { "-" } else { "" };
            let value = decimal(&format!("{sign}{}.{}", &digits[..at], &digits[at..]));
            prop_assert_eq!(decimal(&value.to_string()), value);
        }

        #[test]
        fn a_float_is_its_own_nearest_float(float in proptest::num::f64::NORMAL) {
            prop_assert_eq!(nearest_float(&BigDecimal::try_from(float).unwrap()), float);
        }
    }
}
