//! Conversions between scalars. Text that does not read as the wanted type gives null.

use super::decimal;
use super::function::Implementation;
use crate::expression::arithmetic::float_text;
use crate::expression::{Allowance, EvalError};
use livewell_model::{Decimal, DecimalError, Value};

pub(super) fn to_string(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::String(_)] => Ok(arguments[0].clone()),
        [Value::Int(int)] => Ok(int.to_string().into()),
        [Value::Float(float)] => Ok(float_text(*float).into()),
        [Value::Decimal(decimal)] => Ok(decimal.to_string().into()),
        [Value::Bool(truth)] => Ok(truth.to_string().into()),
        [value] => value.temporal_text().map(Value::from).ok_or_else(|| EvalError::arguments(arguments)),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn to_integer(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(_)] => Ok(arguments[0].clone()),
        [Value::Float(float)] => match truncated(*float) {
            Some(int) => Ok(Value::Int(int)),
            None => Err(EvalError::overflow(&format!("cannot be applied to {}, which", float_text(*float)))),
        },
        [Value::Decimal(decimal)] => match decimal.truncated() {
            Some(int) => Ok(Value::Int(int)),
            None => Err(EvalError::overflow(&format!("cannot be applied to {decimal}, which"))),
        },
        [Value::String(text)] => match decimal::truncated(text) {
            Some(Some(int)) => Ok(Value::Int(int)),
            Some(None) => Err(EvalError::overflow(&format!("cannot be applied to '{text}', which"))),
            None => Ok(Value::Null),
        },
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// As [`to_integer`]; of a boolean 1 or 0.
fn to_integer_also_of_booleans(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Bool(truth)] => Ok(Value::Int(i64::from(*truth))),
        _ => to_integer(arguments, allowance),
    }
}

pub(super) fn to_float(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Float(_)] => Ok(arguments[0].clone()),
        [Value::Int(int)] => Ok(Value::Float(*int as f64)),
        [Value::Decimal(decimal)] => Ok(Value::Float(decimal.to_f64())),
        [Value::String(text)] => Ok(parse_float(text.trim()).into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// A float becomes the shortest decimal that reads back as the same float, which is what it prints.
pub(super) fn to_decimal(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Decimal(_)] => Ok(arguments[0].clone()),
        [Value::Int(int)] => Ok(Decimal::from(*int).into()),
        [Value::Float(float)] => match Decimal::parse(&float.to_string()) {
            Ok(decimal) => Ok(decimal.into()),
            Err(_) => Err(EvalError::argument(format!("has no decimal for {}", float_text(*float)))),
        },
        [Value::String(text)] => match Decimal::parse(text.trim()) {
            Ok(decimal) => Ok(decimal.into()),
            Err(DecimalError::Malformed) => Ok(Value::Null),
            Err(error) => Err(EvalError::too_long("cannot be applied to a text that", error)),
        },
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn to_boolean(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Bool(_)] => Ok(arguments[0].clone()),
        [Value::String(text)] => Ok(match text.trim().to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        }),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// As [`to_boolean`]; of an integer whether it is not 0.
fn to_boolean_also_of_integers(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Int(int)] => Ok(Value::Bool(*int != 0)),
        _ => to_boolean(arguments, allowance),
    }
}

/// A conversion that gives null where the plain one fails.
macro_rules! or_null {
    ($($name:ident = $convert:ident, $list:ident;)*) => {
        $(
            pub(super) fn $name(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
                Ok($convert(arguments, allowance).unwrap_or_default())
            }

            pub(super) fn $list(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
                each(arguments, $convert, allowance)
            }
        )*
    };
}

or_null! {
    to_string_or_null = to_string, to_string_list;
    to_integer_or_null = to_integer_also_of_booleans, to_integer_list;
    to_float_or_null = to_float, to_float_list;
    to_boolean_or_null = to_boolean_also_of_integers, to_boolean_list;
}

/// Each item of a list converted; null where it cannot be.
fn each(arguments: &[Value], convert: Implementation, allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let [Value::List(items)] = arguments else { return Err(EvalError::arguments(arguments)) };
    allowance.items(items.len())?;
    let converted = items.iter().map(|item| convert(std::slice::from_ref(item), allowance));
    Ok(Value::list(converted.map(Result::unwrap_or_default).collect::<Vec<_>>()))
}

fn truncated(float: f64) -> Option<i64> {
    livewell_model::number::float_as_int(float.trunc())
}

/// Accepts decimal notation and Java's `NaN` and `Infinity`; other words, such as `inf`, are not numbers.
fn parse_float(text: &str) -> Option<f64> {
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "NaN" => Some(f64::NAN),
        "Infinity" => text.parse().ok(),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
            text.parse().ok()
        }
        _ => None,
    }
}
