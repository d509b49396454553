//! Rounding to a number of decimal places. It works on the shortest decimal text that reads back as the float,
//! which is what a user sees: 2.675 rounds to 2.68, though the float itself lies a hair below.

use crate::expression::decimal::made;
use crate::expression::{Allowance, EvalError};
use bigdecimal::RoundingMode;
use livewell_model::{Decimal, Value};
use std::cmp::Ordering;

/// `round(number)`, `round(number, precision)`, `round(number, precision, mode)`. Without a mode a half goes up
/// where the result is whole, and away from zero otherwise.
pub(super) fn round(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    if !matches!(arguments.first(), Some(Value::Int(_) | Value::Float(_) | Value::Decimal(_))) {
        return Err(EvalError::arguments(arguments));
    }
    let (places, mode) = match &arguments[1..] {
        [] => (0, None),
        [precision] => (places(precision, arguments)?, None),
        [precision, Value::String(mode)] => (places(precision, arguments)?, Some(named(mode)?)),
        _ => return Err(EvalError::arguments(arguments)),
    };
    match (&arguments[0], mode) {
        (Value::Float(float), None) if places == 0 => Ok(half_up(*float).into()),
        (Value::Float(float), _) => {
            Ok(to_places(*float, places, mode.unwrap_or(RoundingMode::HalfUp)).into())
        }
        // Nothing is to be rounded away, whatever the mode.
        (Value::Int(int), _) => Ok((*int as f64).into()),
        (Value::Decimal(decimal), Some(mode)) => rounded(decimal, places, mode),
        // A half goes up, which below zero means down in magnitude.
        (Value::Decimal(decimal), None) if places == 0 && decimal.signum() < 0 => {
            rounded(decimal, 0, RoundingMode::HalfDown)
        }
        (Value::Decimal(decimal), None) => rounded(decimal, places, RoundingMode::HalfUp),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// A decimal with so many digits after the point.
pub(super) fn rounded(decimal: &Decimal, places: usize, mode: RoundingMode) -> Result<Value, EvalError> {
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    if decimal.number().fractional_digit_count() <= places {
        return Ok(decimal.clone().into());
    }
    made(&decimal.number().with_scale_round(places, mode), || {
        format!("cannot be applied to {decimal}, which")
    })
}

fn places(precision: &Value, arguments: &[Value]) -> Result<usize, EvalError> {
    let places = match precision {
        Value::Int(int) => *int,
        Value::Float(float) => *float as i64,
        Value::Decimal(decimal) => decimal.truncated().unwrap_or(-1),
        _ => return Err(EvalError::arguments(arguments)),
    };
    usize::try_from(places).map_err(|_| EvalError::argument("needs a precision of 0 or more"))
}

fn named(mode: &str) -> Result<RoundingMode, EvalError> {
    Ok(match mode.to_ascii_uppercase().as_str() {
        "UP" => RoundingMode::Up,
        "DOWN" => RoundingMode::Down,
        "CEILING" => RoundingMode::Ceiling,
        "FLOOR" => RoundingMode::Floor,
        "HALF_UP" => RoundingMode::HalfUp,
        "HALF_DOWN" => RoundingMode::HalfDown,
        "HALF_EVEN" => RoundingMode::HalfEven,
        _ => {
            let modes = "UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN";
            return Err(EvalError::argument(format!("knows no mode `{mode}`, only {modes}")));
        }
    })
}

/// To the nearest whole number; a half goes up.
fn half_up(x: f64) -> f64 {
    let below = x.floor();
    if x - below >= 0.5 { below + 1.0 } else { below }
}

fn to_places(x: f64, places: usize, mode: RoundingMode) -> f64 {
    let text = x.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if !x.is_finite() || fraction.len() <= places {
        return x;
    }
    let (kept, dropped) = fraction.split_at(places);
    let mut digits: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    let odd = digits.last().is_some_and(|digit| (digit - b'0') % 2 == 1);
    if grows(dropped, odd, x < 0.0, mode) {
        increment(&mut digits);
    }
    let point = digits.len() - places;
    digits.insert(point, b'.');
    let text = String::from_utf8(digits).expect("digits and a point");
    let magnitude: f64 = text.parse().expect("a decimal number");
    magnitude.copysign(x)
}

/// Whether the magnitude goes up where these digits, not all of them zero, are dropped.
fn grows(dropped: &str, odd: bool, negative: bool, mode: RoundingMode) -> bool {
    let half = match dropped.as_bytes() {
        [b'5', rest @ ..] if rest.iter().all(|digit| *digit == b'0') => Ordering::Equal,
        [b'5'..=b'9', ..] => Ordering::Greater,
        _ => Ordering::Less,
    };
    match mode {
        RoundingMode::Up => true,
        RoundingMode::Down => false,
        RoundingMode::Ceiling => !negative,
        RoundingMode::Floor => negative,
        RoundingMode::HalfUp => half.is_ge(),
        RoundingMode::HalfDown => half.is_gt(),
        RoundingMode::HalfEven => half.is_gt() || (half.is_eq() && odd),
    }
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}
