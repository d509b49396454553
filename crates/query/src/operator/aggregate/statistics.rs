//! Standard deviations and percentiles, computed again from all values of a group: no trace is left of a value
//! that went, and the order in which values came does not show.

use super::exact_sum::ExactSum;
use crate::expression::EvalError;
use livewell_model::Value;

/// The standard deviation: of a sample (divided by one less than the count) or of the whole population; 0 for
/// less than two values.
///
/// The mean is the exact sum, rounded, divided by the count; the squares of the deviations from it are added
/// exactly and rounded once.
pub(super) fn deviation(values: &[Value], sample: bool) -> Result<Value, EvalError> {
    let floats = values.iter().map(float).collect::<Result<Vec<_>, _>>()?;
    if floats.len() < 2 {
        return Ok(0.0.into());
    }
    if !floats.iter().all(|float| float.is_finite()) {
        return Ok(f64::NAN.into());
    }
    let mean = sum(floats.iter().copied()) / floats.len() as f64;
    let squares = floats.iter().map(|float| (float - mean) * (float - mean));
    let divisor = floats.len() - usize::from(sample);
    Ok((sum(squares) / divisor as f64).sqrt().into())
}

/// The slope of the straight line that is nearest to `[x, y]` points by the squares of its distances in y; null where
/// all have one x.
///
/// The means are exact sums, rounded, divided by the count; the products of the deviations from them are added
/// exactly and rounded once.
pub(super) fn gradient(points: &[Value]) -> Result<Value, EvalError> {
    let mut parts = (Vec::with_capacity(points.len()), Vec::with_capacity(points.len()));
    for point in points {
        let Value::List(point) = point else { unreachable!("points come as pairs") };
        parts.0.push(float(&point[0])?);
        parts.1.push(float(&point[1])?);
    }
    let (xs, ys) = parts;
    if !xs.iter().chain(&ys).all(|float| float.is_finite()) {
        return Ok(f64::NAN.into());
    }
    let mean = |floats: &[f64]| sum(floats.iter().copied()) / floats.len() as f64;
    let (x, y) = (mean(&xs), mean(&ys));
    let spread = sum(xs.iter().map(|at| (at - x) * (at - x)));
    if xs.iter().all(|at| *at == xs[0]) || spread == 0.0 {
        return Ok(Value::Null);
    }
    Ok((sum(xs.iter().zip(&ys).map(|(at, to)| (at - x) * (to - y))) / spread).into())
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut total = ExactSum::default();
    for value in values {
        if !value.is_finite() {
            return value;
        }
        total.add(value, 1);
    }
    total.to_f64()
}

/// The percentile of `[which, value]` pairs in ascending order; null without any. Continuous: between the two
/// nearest values in proportion; discrete: the value at that place.
pub(super) fn percentile(pairs: &[Value], continuous: bool) -> Result<Value, EvalError> {
    let mut values = Vec::with_capacity(pairs.len());
    let mut wanted: Option<f64> = None;
    for pair in pairs {
        let Value::List(pair) = pair else { unreachable!("a percentile's values come in pairs") };
        let which = percentage(&pair[0])?;
        if wanted.is_some_and(|wanted| wanted != which) {
            return Err(EvalError::argument("a percentile has to be the same for all values of a group"));
        }
        wanted = Some(which);
        float(&pair[1])?;
        values.push(&pair[1]);
    }
    match wanted {
        None => Ok(Value::Null),
        Some(which) if continuous => between(&values, which).map(Value::Float),
        Some(which) => {
            let place = (which * values.len() as f64).ceil() as usize;
            Ok(values[place.max(1) - 1].clone())
        }
    }
}

fn percentage(value: &Value) -> Result<f64, EvalError> {
    match float(value)? {
        which if (0.0..=1.0).contains(&which) => Ok(which),
        which => Err(EvalError::argument(format!("a percentile is between 0.0 and 1.0, got {which}"))),
    }
}

fn between(values: &[&Value], which: f64) -> Result<f64, EvalError> {
    let place = which * (values.len() - 1) as f64;
    let (below, above) = (float(values[place.floor() as usize])?, float(values[place.ceil() as usize])?);
    if place.floor() == place.ceil() {
        return Ok(below);
    }
    Ok(below * (place.ceil() - place) + above * (place - place.floor()))
}

fn float(value: &Value) -> Result<f64, EvalError> {
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

    fn pairs(which: f64, values: &[i64]) -> Vec<Value> {
        values.iter().map(|value| Value::list([which.into(), (*value).into()])).collect()
    }

    #[test]
    fn deviations_are_those_of_the_textbook() {
        let values: Vec<Value> = [2, 4, 4, 4, 5, 5, 7, 9].map(Value::from).into();
        assert_eq!(deviation(&values, false), Ok(2.0.into()));
        assert_eq!(deviation(&values, true), Ok((32.0f64 / 7.0).sqrt().into()));
        assert_eq!(deviation(&values[..1], true), Ok(0.0.into()));
        assert_eq!(deviation(&[], true), Ok(0.0.into()));
        assert!(deviation(&["x".into(), "y".into()], true).is_err());
    }

    #[test]
    fn the_gradient_is_that_of_the_line() {
        let points = |points: &[(i64, i64)]| -> Vec<Value> {
            points.iter().map(|(x, y)| Value::list([(*x).into(), (*y).into()])).collect()
        };
        assert_eq!(gradient(&points(&[(1, 6), (2, 7), (3, 8)])), Ok(1.0.into()));
        assert_eq!(gradient(&points(&[(1, 6), (2, 7), (3, 8), (4, 10)])), Ok(1.3.into()));
        for flat in [&[][..], &[(1, 6)], &[(1, 6), (1, 9)]] {
            assert_eq!(gradient(&points(flat)), Ok(Value::Null));
        }
    }

    #[test]
    fn percentiles_are_those_of_the_scenarios() {
        let (cont, disc) =
            (|p, v: &[i64]| percentile(&pairs(p, v), true), |p, v: &[i64]| percentile(&pairs(p, v), false));
        for (which, expect) in [(0.0, 10), (0.5, 20), (1.0, 30)] {
            assert_eq!(disc(which, &[10, 20, 30]), Ok(expect.into()));
            assert_eq!(cont(which, &[10, 20, 30]), Ok(f64::from(expect).into()));
        }
        assert_eq!(cont(0.25, &[10, 20, 30]), Ok(15.0.into()));
        assert_eq!(disc(0.9, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), Ok(9.into()));
        assert_eq!(disc(0.5, &[]), Ok(Value::Null));
        assert!(disc(1.1, &[1]).is_err() && disc(-0.1, &[1]).is_err() && disc(1000.0, &[1]).is_err());
    }

    #[test]
    fn a_percentile_that_varies_in_a_group_is_refused() {
        let varying = [pairs(0.5, &[1]), pairs(0.9, &[2])].concat();
        assert!(percentile(&varying, true).is_err());
    }
}
