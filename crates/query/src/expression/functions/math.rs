//! Mathematical functions. They give floats, except for `abs` and `sign`, and for `ceil` and `floor` of a decimal.

use super::round::rounded;
use crate::expression::{Allowance, EvalError};
use crate::expression::{decimal, float};
use bigdecimal::RoundingMode;
use livewell_model::Value;

macro_rules! float_functions {
    ($($name:ident = $compute:expr;)*) => {
        $(pub(super) fn $name(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
            of_float(arguments, $compute)
        })*
    };
}

float_functions! {
    sqrt = f64::sqrt;
    exp = float::exp;
    log = float::log;
    log10 = float::log10;
    sin = float::sin;
    cos = float::cos;
    tan = float::tan;
    cot = |x: f64| 1.0 / float::tan(x);
    sinh = float::sinh;
    cosh = float::cosh;
    tanh = float::tanh;
    coth = |x: f64| 1.0 / float::tanh(x);
    asin = float::asin;
    acos = float::acos;
    atan = float::atan;
    degrees = f64::to_degrees;
    radians = f64::to_radians;
    haversin = |x: f64| (1.0 - float::cos(x)) / 2.0;
}

fn of_float(arguments: &[Value], compute: impl FnOnce(f64) -> f64) -> Result<Value, EvalError> {
    match arguments {
        [Value::Float(float)] => Ok(compute(*float).into()),
        [Value::Int(int)] => Ok(compute(*int as f64).into()),
        [Value::Decimal(decimal)] => Ok(compute(decimal.to_f64()).into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn ceil(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    whole(arguments, RoundingMode::Ceiling, f64::ceil)
}

pub(super) fn floor(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    whole(arguments, RoundingMode::Floor, f64::floor)
}

/// A whole number: of a decimal a decimal, of any other number a float.
fn whole(arguments: &[Value], mode: RoundingMode, compute: fn(f64) -> f64) -> Result<Value, EvalError> {
    match arguments {
        [Value::Decimal(decimal)] => rounded(decimal, 0, mode),
        _ => of_float(arguments, compute),
    }
}

pub(super) fn abs(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(int)] => {
            int.checked_abs().map(Value::Int).ok_or_else(|| EvalError::overflow(&format!("of {int}")))
        }
        [Value::Float(float)] => Ok(float.abs().into()),
        [Value::Decimal(decimal)] => decimal::made(&decimal.number().abs(), || format!("of {decimal}")),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// -1, 0 or 1; 0 for NaN, which has no sign.
pub(super) fn sign(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(int)] => Ok(int.signum().into()),
        [Value::Decimal(decimal)] => Ok(decimal.signum().into()),
        [Value::Float(float)] => Ok((i64::from(*float > 0.0) - i64::from(*float < 0.0)).into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn is_nan(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(_) | Value::Decimal(_)] => Ok(false.into()),
        [Value::Float(float)] => Ok(float.is_nan().into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn atan2(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let [y, x] = arguments else { return Err(EvalError::arguments(arguments)) };
    match (to_float(y, allowance), to_float(x, allowance)) {
        (Ok(Value::Float(y)), Ok(Value::Float(x))) => Ok(float::atan2(y, x).into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

fn to_float(value: &Value, _: &Allowance<'_>) -> Result<Value, EvalError> {
    of_float(std::slice::from_ref(value), |x| x)
}

pub(super) fn pi(_: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(std::f64::consts::PI.into())
}

pub(super) fn e(_: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(std::f64::consts::E.into())
}
