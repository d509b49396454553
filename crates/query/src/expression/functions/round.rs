//! Rounding to a number of decimal places. It works on the shortest decimal text that reads back as the float,
//! which is what a user sees: 2.675 rounds to 2.68, though the float itself lies a hair below.

use super::{Allowance, EvalError};
use livewell_model::Value;
use std::cmp::Ordering;

/// Where to go from between two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
}

/// `round(number)`, `round(number, precision)`, `round(number, precision, mode)`. Without a mode a half goes up
/// where the result is whole, and away from zero otherwise.
pub(super) fn round(arguments: &[Value], _: &Allowance) -> Result<Value, EvalError> {
    let x = match arguments.first() {
        Some(Value::Float(float)) => *float,
        Some(Value::Int(int)) => *int as f64,
        _ => return Err(EvalError::arguments(arguments)),
    };
    let rounded = match &arguments[1..] {
        [] | [Value::Int(0) | Value::Float(0.0)] => half_up(x),
        [precision] => to_places(x, places(precision, arguments)?, Mode::HalfUp),
        [precision, Value::String(mode)] => to_places(x, places(precision, arguments)?, named(mode)?),
        _ => return Err(EvalError::arguments(arguments)),
    };
    Ok(rounded.into())
}

fn places(precision: &Value, arguments: &[Value]) -> Result<usize, EvalError> {
    let places = match precision {
        Value::Int(int) => *int,
        Value::Float(float) => *float as i64,
        _ => return Err(EvalError::arguments(arguments)),
    };
    usize::try_from(places).map_err(|_| EvalError::argument("needs a precision of 0 or more"))
}

fn named(mode: &str) -> Result<Mode, EvalError> {
    Ok(match mode.to_ascii_uppercase().as_str() {
        "UP" => Mode::Up,
        "DOWN" => Mode::Down,
        "CEILING" => Mode::Ceiling,
        "FLOOR" => Mode::Floor,
        "HALF_UP" => Mode::HalfUp,
        "HALF_DOWN" => Mode::HalfDown,
        "HALF_EVEN" => Mode::HalfEven,
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

fn to_places(x: f64, places: usize, mode: Mode) -> f64 {
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
fn grows(dropped: &str, odd: bool, negative: bool, mode: Mode) -> bool {
    let half = match dropped.as_bytes() {
        [b'5', rest @ ..] if rest.iter().all(|digit| *digit == b'0') => Ordering::Equal,
        [b'5'..=b'9', ..] => Ordering::Greater,
        _ => Ordering::Less,
    };
    match mode {
        Mode::Up => true,
        Mode::Down => false,
        Mode::Ceiling => !negative,
        Mode::Floor => negative,
        Mode::HalfUp => half.is_ge(),
        Mode::HalfDown => half.is_gt(),
        Mode::HalfEven => half.is_gt() || (half.is_eq() && odd),
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
