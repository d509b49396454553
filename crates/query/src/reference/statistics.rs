//! Standard deviations and percentiles.

use super::exact_sum::ExactSum;
use crate::expression::EvalError;
use livewell_model::Value;

/// The standard deviation: of a sample (divided by one less than the count), or of the whole population; 0 for
/// less than two values, NaN where one is not finite.
///
/// The exact sum of the values as doubles, rounded and divided by their count, is the mean; the rounded squares
/// of what the values differ from it are summed exactly, and that is rounded.
pub(super) fn deviation(values: &[Value], of_sample: bool) -> Result<Value, EvalError> {
    let values = values.iter().map(float).collect::<Result<Vec<f64>, _>>()?;
    if values.len() < 2 {
        return Ok(Value::Float(0.0));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Ok(Value::Float(f64::NAN));
    }
    let count = values.len() as f64;
    let mean = sum(&values) / count;
    let squares: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
    let divisor = if of_sample { count - 1.0 } else { count };
    Ok(Value::Float((sum(&squares) / divisor).sqrt()))
}

/// The slope of the line of least squares through `[x, y]` points; null where there is no spread in x, NaN where one
/// number is not finite. Rounded where [`deviation`] rounds: the means, each product, the two sums.
pub(super) fn gradient(points: &[Value]) -> Result<Value, EvalError> {
    let mut numbers: Vec<(f64, f64)> = Vec::new();
    for point in points {
        let Value::List(point) = point else { unreachable!("a point is a list") };
        numbers.push((float(&point[0])?, float(&point[1])?));
    }
    if numbers.iter().any(|(x, y)| !(x.is_finite() && y.is_finite())) {
        return Ok(Value::Float(f64::NAN));
    }
    let all = |of: &dyn Fn(&(f64, f64)) -> f64| sum(&numbers.iter().map(of).collect::<Vec<_>>());
    let count = numbers.len() as f64;
    let (x_mean, y_mean) = (all(&|(x, _)| *x) / count, all(&|(_, y)| *y) / count);
    let spread = all(&|(x, _)| (x - x_mean) * (x - x_mean));
    let one_x = numbers.windows(2).all(|two| two[0].0 == two[1].0);
    if one_x || spread == 0.0 {
        return Ok(Value::Null);
    }
    Ok(Value::Float(all(&|(x, y)| (x - x_mean) * (y - y_mean)) / spread))
}

/// The sum, rounded once. Without NaN and without infinities of both signs.
fn sum(values: &[f64]) -> f64 {
    let mut total = ExactSum::zero();
    for value in values {
        if !value.is_finite() {
            return *value;
        }
        total.add_float(*value);
    }
    total.to_f64()
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
