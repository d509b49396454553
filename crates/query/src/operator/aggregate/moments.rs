//! The moments of numbers: how many they are, their sum, and the sums of their products, all of them exact.
//!
//! A deviation and a slope follow from them, rounded once; what is taken away leaves no trace.

use super::exact_sum::ExactSum;
use super::rounded;
use crate::expression::EvalError;
use bigdecimal::num_bigint::BigInt;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, Value};

/// What deviations of numbers are made of.
#[derive(Debug, Default)]
pub(super) struct Moments {
    count: i64,
    /// How many of them are infinite or NaN.
    not_finite: i64,
    sum: ExactSum,
    squares: ExactSum,
}

/// What the slope of a line through points is made of.
#[derive(Debug, Default)]
pub(super) struct Slope {
    /// Of the x.
    x: Moments,
    /// How many points have a y that is infinite or NaN.
    not_finite: i64,
    /// The sum of the y.
    y: ExactSum,
    /// The sum of x * y.
    products: ExactSum,
}

impl Moments {
    /// Adds `weight` copies of a number.
    pub(super) fn add(&mut self, value: &Value, weight: i64) -> Result<(), EvalError> {
        self.add_float(float(value)?, weight);
        Ok(())
    }

    fn add_float(&mut self, value: f64, weight: i64) {
        self.count += weight;
        if value.is_finite() {
            self.sum.add(value, weight);
            self.squares.add_product(value, value, weight);
        } else {
            self.not_finite += weight;
        }
    }

    /// The standard deviation: of a sample (divided by one less than the count) or of the whole population; 0 for less
    /// than two values, NaN where one is not finite.
    pub(super) fn deviation(&self, is_of_sample: bool) -> Value {
        if self.count < 2 {
            return 0.0.into();
        }
        if self.not_finite > 0 {
            return f64::NAN.into();
        }
        let (spread, exponent) = self.spread();
        let divisor = self.count.unsigned_abs() - u64::from(is_of_sample);
        let divisor = u128::from(self.count.unsigned_abs()) * u128::from(divisor);
        rounded::root(spread.magnitude(), exponent, &divisor.into()).into()
    }

    /// The sum of the squared distances from the mean, times the count.
    fn spread(&self) -> (BigInt, i64) {
        weighed(self.count, &self.squares, &self.sum, &self.sum)
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.signed(self.count).signed(self.not_finite);
        self.sum.encode(out);
        self.squares.encode(out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (count, not_finite) = (reader.signed()?, reader.signed()?);
        Ok(Self { count, not_finite, sum: ExactSum::decode(reader)?, squares: ExactSum::decode(reader)? })
    }
}

impl Slope {
    /// Adds `weight` copies of a point, a list of x and y.
    pub(super) fn add(&mut self, point: &Value, weight: i64) -> Result<(), EvalError> {
        let Value::List(point) = point else { unreachable!("points come as pairs") };
        let (x, y) = (float(&point[0])?, float(&point[1])?);
        self.x.add_float(x, weight);
        if !y.is_finite() {
            self.not_finite += weight;
        } else if x.is_finite() {
            self.y.add(y, weight);
            self.products.add_product(x, y, weight);
        }
        Ok(())
    }

    /// The slope of the straight line that is nearest to the points by the squares of its distances in y; null where
    /// all have one x, NaN where one number is not finite.
    pub(super) fn gradient(&self) -> Value {
        if self.x.not_finite > 0 || self.not_finite > 0 {
            return f64::NAN.into();
        }
        let (spread, exponent) = self.x.spread();
        if spread == BigInt::ZERO {
            return Value::Null;
        }
        let (products, of_products) = weighed(self.x.count, &self.products, &self.x.sum, &self.y);
        rounded::quotient(&products, of_products - exponent, spread.magnitude()).into()
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.x.encode(out);
        out.signed(self.not_finite);
        self.y.encode(out);
        self.products.encode(out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (x, not_finite) = (Moments::decode(reader)?, reader.signed()?);
        Ok(Self { x, not_finite, y: ExactSum::decode(reader)?, products: ExactSum::decode(reader)? })
    }
}

/// `count * products - a * b`, and the exponent of 2 by which that is multiplied.
fn weighed(count: i64, products: &ExactSum, a: &ExactSum, b: &ExactSum) -> (BigInt, i64) {
    let [(products, of_products), (a, of_a), (b, of_b)] = [products, a, b].map(ExactSum::to_integer);
    let lowest = of_products.min(of_a + of_b);
    let aligned = (products * count) << (of_products - lowest);
    (aligned - ((a * b) << (of_a + of_b - lowest)), lowest)
}

/// A number as a double.
pub(super) fn float(value: &Value) -> Result<f64, EvalError> {
    match value {
        Value::Int(int) => Ok(*int as f64),
        Value::Float(float) => Ok(*float),
        Value::Decimal(decimal) => Ok(decimal.to_f64()),
        other => Err(EvalError::types(format!("statistics need numbers and got a {}", other.type_name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add_float(*value, 1));
        moments
    }

    #[test]
    fn deviations_are_those_of_the_textbook() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(of(&values).deviation(false), 2.0.into());
        assert_eq!(of(&values).deviation(true), (32.0f64 / 7.0).sqrt().into());
        assert_eq!(of(&values[..1]).deviation(true), 0.0.into());
        assert_eq!(of(&[]).deviation(true), 0.0.into());
        assert!(Moments::default().add(&"x".into(), 1).is_err());
    }

    #[test]
    fn deviations_of_extreme_numbers_are_exact() {
        let large = 2f64.powi(1000);
        assert_eq!(of(&[large, large + 2f64.powi(950)]).deviation(false), 2f64.powi(949).into());
        assert_eq!(of(&[5e-324, 15e-324]).deviation(false), 5e-324.into());
        assert_eq!(of(&[1e16, 1e16 + 2.0]).deviation(false), 1.0.into());
        assert_eq!(of(&[f64::MAX, f64::MIN]).deviation(false), f64::MAX.into());
    }

    #[test]
    fn the_gradient_is_that_of_the_line() {
        let gradient = |points: &[(i64, i64)]| {
            let mut slope = Slope::default();
            for (x, y) in points {
                slope.add(&Value::list([(*x).into(), (*y).into()]), 1).expect("they are numbers");
            }
            slope.gradient()
        };
        assert_eq!(gradient(&[(1, 6), (2, 7), (3, 8)]), 1.0.into());
        assert_eq!(gradient(&[(1, 6), (2, 7), (3, 8), (4, 10)]), 1.3.into());
        for flat in [&[][..], &[(1, 6)], &[(1, 6), (1, 9)]] {
            assert_eq!(gradient(flat), Value::Null);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_away_leaves_nothing(stay in prop::collection::vec(-1e200f64..1e200, 0..9), go in any::<Vec<f64>>()) {
            let mut moments = of(&[stay.as_slice(), &go].concat());
            go.iter().for_each(|value| moments.add_float(*value, -1));
            let written = |moments: &Moments| {
                let mut out = Writer::new();
                moments.encode(&mut out);
                out.bytes
            };
            prop_assert_eq!(written(&moments), written(&of(&stay)));
            let decoded = Moments::decode(&mut Reader::new("moments", &written(&moments))).expect("they were written");
            prop_assert_eq!(decoded.deviation(true), of(&stay).deviation(true));
        }
    }
}
