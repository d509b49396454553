//! Accumulators: the aggregates whose value can be kept up without the values themselves.

use super::exact_sum::ExactSum;
use super::moments::{Moments, Slope};
use super::percentile::Percentile;
use crate::expression::EvalError;
use crate::expression::decimal::{made, quotient};
use crate::language::ast::AggregateOp;
use crate::state::StepError;
use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use livewell_model::codec::{Reader, Writer};
use livewell_model::decimal::nearest_float;
use livewell_model::{DecodeError, Value};

/// What is remembered of the values, for those aggregates that do not need them.
#[derive(Debug)]
pub(super) enum Accumulator {
    /// Nothing: the values are kept aside.
    Aside,
    /// How many.
    Count(i64),
    /// How much.
    Sum(Box<Sum>),
    /// How much, and by how many to divide.
    Avg(Box<Sum>),
    /// How far from each other.
    Moments(Box<Moments>),
    /// How much one goes up with the other.
    Slope(Box<Slope>),
    /// Which of the values, that are kept aside.
    Percentile(Box<Percentile>),
}

/// An exact sum of integers, floats and decimals, from which values can be taken again without a trace.
#[derive(Debug, Default)]
pub(super) struct Sum {
    count: i64,
    /// The sum of the integers.
    integers: i128,
    /// How many of the values are floats.
    floats: i64,
    finite: ExactSum,
    /// How many of the values are decimals, and their sum.
    decimals: (i64, BigDecimal),
    nans: i64,
    positive_infinities: i64,
    negative_infinities: i64,
}

impl Accumulator {
    pub(super) fn new(fold: AggregateOp) -> Self {
        match fold {
            AggregateOp::Count => Self::Count(0),
            AggregateOp::Sum => Self::Sum(Box::default()),
            AggregateOp::Avg => Self::Avg(Box::default()),
            AggregateOp::StDev | AggregateOp::StDevP => Self::Moments(Box::default()),
            AggregateOp::LinearGradient => Self::Slope(Box::default()),
            AggregateOp::PercentileCont | AggregateOp::PercentileDisc => Self::Percentile(Box::default()),
            AggregateOp::Min | AggregateOp::Max | AggregateOp::Collect => Self::Aside,
        }
    }

    pub(super) fn decode(fold: AggregateOp, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut read = Self::new(fold);
        match &mut read {
            Self::Aside => {}
            Self::Count(count) => *count = reader.signed()?,
            Self::Sum(sum) | Self::Avg(sum) => **sum = Sum::decode(reader)?,
            Self::Moments(moments) => **moments = Moments::decode(reader)?,
            Self::Slope(slope) => **slope = Slope::decode(reader)?,
            Self::Percentile(percentile) => **percentile = Percentile::decode(reader)?,
        }
        Ok(read)
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        match self {
            Self::Aside => {}
            Self::Count(count) => {
                out.signed(*count);
            }
            Self::Sum(sum) | Self::Avg(sum) => sum.encode(out),
            Self::Moments(moments) => moments.encode(out),
            Self::Slope(slope) => slope.encode(out),
            Self::Percentile(percentile) => percentile.encode(out),
        }
    }

    /// Adds `weight` copies of `value`, which is not null. Values that are kept aside are counted where they are put.
    pub(super) fn add(&mut self, value: &Value, weight: i64) -> Result<(), StepError> {
        match self {
            Self::Aside | Self::Percentile(_) => {}
            Self::Count(count) => *count += weight,
            Self::Sum(sum) => sum.add("sum", value, weight)?,
            Self::Avg(sum) => sum.add("avg", value, weight)?,
            Self::Moments(moments) => moments.add(value, weight)?,
            Self::Slope(slope) => slope.add(value, weight)?,
        }
        Ok(())
    }

    /// The value of the aggregate `fold`, if nothing is kept aside.
    pub(super) fn result(&self, fold: AggregateOp) -> Result<Value, StepError> {
        Ok(match self {
            Self::Aside | Self::Percentile(_) => Value::Null,
            Self::Moments(moments) => moments.deviation(fold == AggregateOp::StDev),
            Self::Slope(slope) => slope.gradient(),
            Self::Count(count) => Value::Int(*count),
            Self::Sum(sum) if sum.floats > 0 => Value::Float(sum.as_float()),
            Self::Sum(sum) if sum.decimals.0 > 0 => {
                made(&sum.as_decimal(), || "the sum of the decimals".into())?
            }
            Self::Sum(sum) => Value::Int(
                i64::try_from(sum.integers).map_err(|_| EvalError::overflow("the sum of the integers"))?,
            ),
            Self::Avg(sum) if sum.count == 0 => Value::Null,
            Self::Avg(sum) if sum.floats == 0 && sum.decimals.0 > 0 => {
                made(&quotient(&sum.as_decimal(), &sum.count.into()), || {
                    "the average of the decimals".into()
                })?
            }
            Self::Avg(sum) => Value::Float(sum.as_float() / sum.count as f64),
        })
    }
}

impl Sum {
    fn add(&mut self, name: &str, value: &Value, weight: i64) -> Result<(), StepError> {
        match value {
            Value::Int(int) => self.integers += i128::from(*int) * i128::from(weight),
            Value::Decimal(decimal) => {
                self.decimals.0 += weight;
                self.decimals.1 =
                    (&self.decimals.1 + decimal.number() * BigDecimal::from(weight)).normalized();
            }
            Value::Float(float) => {
                self.floats += weight;
                match *float {
                    float if float.is_nan() => self.nans += weight,
                    f64::INFINITY => self.positive_infinities += weight,
                    f64::NEG_INFINITY => self.negative_infinities += weight,
                    float => self.finite.add(float, weight),
                }
            }
            other => {
                let found = other.type_name();
                return Err(EvalError::types(format!("{name}() needs numbers and got a {found}")).into());
            }
        }
        self.count += weight;
        Ok(())
    }

    /// The sum of the integers and decimals.
    fn as_decimal(&self) -> BigDecimal {
        &self.decimals.1 + BigDecimal::from(self.integers)
    }

    /// The correctly rounded sum.
    fn as_float(&self) -> f64 {
        if self.nans > 0 || (self.positive_infinities > 0 && self.negative_infinities > 0) {
            f64::NAN
        } else if self.positive_infinities > 0 {
            f64::INFINITY
        } else if self.negative_infinities > 0 {
            f64::NEG_INFINITY
        } else if self.floats == 0 {
            self.integers as f64
        } else if self.integers == 0 && self.decimals.0 == 0 {
            self.finite.to_f64()
        } else {
            let mut total = self.finite.clone();
            total.add_integer(self.integers);
            match self.decimals.0 {
                0 => total.to_f64(),
                _ => nearest_float(&(total.to_decimal() + &self.decimals.1)),
            }
        }
    }

    fn encode(&self, out: &mut Writer) {
        out.signed(self.count).bytes(&self.integers.to_le_bytes()).signed(self.floats);
        if self.floats != 0 {
            out.signed(self.nans).signed(self.positive_infinities).signed(self.negative_infinities);
            self.finite.encode(out);
        }
        out.signed(self.decimals.0);
        if self.decimals.0 != 0 {
            let (coefficient, scale) = self.decimals.1.as_bigint_and_scale();
            out.signed(scale).bytes(&coefficient.to_signed_bytes_be());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.signed()?;
        let integers = reader.bytes()?.try_into().map_err(|_| reader.error("an integer sum has 16 bytes"))?;
        let mut sum = Self { count, integers: i128::from_le_bytes(integers), ..Self::default() };
        sum.floats = reader.signed()?;
        if sum.floats != 0 {
            sum.nans = reader.signed()?;
            sum.positive_infinities = reader.signed()?;
            sum.negative_infinities = reader.signed()?;
            sum.finite = ExactSum::decode(reader)?;
        }
        sum.decimals.0 = reader.signed()?;
        if sum.decimals.0 != 0 {
            let scale = reader.signed()?;
            sum.decimals.1 = BigDecimal::new(BigInt::from_signed_bytes_be(reader.bytes()?), scale);
        }
        Ok(sum)
    }
}
