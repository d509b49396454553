//! Standard deviations, slopes and percentiles.

use super::exact;
use crate::expression::EvalError;
use bigdecimal::num_bigint::BigInt;
use livewell_model::Value;

/// The standard deviation: of a sample (divided by one less than the count), or of the whole population; 0 for
/// less than two values, NaN where one is not finite.
///
/// It is the double that is nearest to the true one of the values as doubles.
pub(super) fn deviation(values: &[Value], of_sample: bool) -> Result<Value, EvalError> {
    let values = values.iter().map(float).collect::<Result<Vec<f64>, _>>()?;
    if values.len() < 2 {
        return Ok(Value::Float(0.0));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Ok(Value::Float(f64::NAN));
    }
    let distances = from_mean(values.iter().copied());
    let count = BigInt::from(values.len());
    let squares: BigInt = distances.iter().map(|distance| distance * distance).sum();
    let divisor = if of_sample { &count - 1 } else { count.clone() };
    // Each distance is the count times what it should be.
    Ok(Value::Float(exact::root(&squares, &(divisor * &count * &count))))
}

/// The slope of the line of least squares through `[x, y]` points; null where there is no spread in x, NaN where one
/// number is not finite. It is the double that is nearest to the true one.
pub(super) fn gradient(points: &[Value]) -> Result<Value, EvalError> {
    let mut numbers: Vec<(f64, f64)> = Vec::new();
    for point in points {
        let Value::List(point) = point else { unreachable!("a point is a list") };
        numbers.push((float(&point[0])?, float(&point[1])?));
    }
    if numbers.iter().any(|(x, y)| !(x.is_finite() && y.is_finite())) {
        return Ok(Value::Float(f64::NAN));
    }
    if numbers.windows(2).all(|two| two[0].0 == two[1].0) {
        return Ok(Value::Null);
    }
    let xs = from_mean(numbers.iter().map(|(x, _)| *x));
    let ys = from_mean(numbers.iter().map(|(_, y)| *y));
    let up: BigInt = xs.iter().zip(&ys).map(|(x, y)| x * y).sum();
    let along: BigInt = xs.iter().map(|x| x * x).sum();
    Ok(Value::Float(exact::quotient(&up, &along)))
}

/// How far each number is from the mean of all, times their count, in units of 2^-1074.
fn from_mean(numbers: impl Iterator<Item = f64>) -> Vec<BigInt> {
    let units: Vec<BigInt> = numbers.map(exact::units).collect();
    let (count, sum): (_, BigInt) = (BigInt::from(units.len()), units.iter().sum());
    units.into_iter().map(|unit| unit * &count - &sum).collect()
}

/// The smallest of the ascending values that has at least this share of them at or below it; null of none.
pub(super) fn percentile_disc(values: &[Value], share: f64) -> Value {
    let reached = |at: &usize| *at as f64 >= share * values.len() as f64;
    let least = (1..=values.len()).find(reached);
    least.map_or(Value::Null, |count| values[count - 1].clone())
}

/// What stands at this share of the way from the first to the last of the ascending values: between two of them
/// in proportion; null of none.
pub(super) fn percentile_cont(values: &[Value], share: f64) -> Result<Value, EvalError> {
    let Some(last) = values.len().checked_sub(1) else { return Ok(Value::Null) };
    let place = share * last as f64;
    let below = float(&values[place.floor() as usize])?;
    let above = float(&values[place.ceil() as usize])?;
    let weight = place - place.floor();
    Ok(Value::Float(if weight == 0.0 { below } else { below * (1.0 - weight) + above * weight }))
}

/// The share that a percentile is asked for.
pub(super) fn share(value: &Value) -> Result<f64, EvalError> {
    let share = float(value)?;
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(EvalError::argument(format!("a percentile is asked for between 0.0 and 1.0, not for {share}")))
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
