//! Functions of lists, and of whatever else has a size or a first one.

use crate::expression::compare::equals;
use crate::expression::{Allowance, EvalError};
use livewell_model::{Value, key};

pub(super) fn coalesce(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(arguments.iter().find(|value| !value.is_null()).cloned().unwrap_or_default())
}

/// The first argument, or null if the second one equals it.
pub(super) fn null_if(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [value, other] if equals(value, other) == Some(true) => Ok(Value::Null),
        [value, _] => Ok(value.clone()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn characters(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::String(text)] => Ok(count(text.chars().count())),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn size(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::List(items)] => Ok(count(items.len())),
        [Value::String(text)] => Ok(count(text.chars().count())),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// The relationships of a path.
pub(super) fn length(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Path(elements)] => Ok(count(elements.len() / 2)),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// The nodes of a path, from its start on.
pub(super) fn nodes(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    every_other(arguments, 0)
}

/// The relationships of a path, from its start on.
pub(super) fn relationships(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    every_other(arguments, 1)
}

fn every_other(arguments: &[Value], first: usize) -> Result<Value, EvalError> {
    match arguments {
        [Value::Path(elements)] => Ok(Value::List(elements.iter().skip(first).step_by(2).cloned().collect())),
        _ => Err(EvalError::arguments(arguments)),
    }
}

fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).expect("nothing in memory has more than 2^63 parts"))
}

pub(super) fn is_empty(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::List(items)] => Ok(items.is_empty().into()),
        [Value::String(text)] => Ok(text.is_empty().into()),
        [Value::Map(map)] => Ok(map.is_empty().into()),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn head(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    items_of(arguments).map(|items| items.first().cloned().unwrap_or_default())
}

pub(super) fn last(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    items_of(arguments).map(|items| items.last().cloned().unwrap_or_default())
}

pub(super) fn tail(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let items = items_of(arguments)?.get(1..).unwrap_or_default();
    allowance.items(items.len())?;
    Ok(Value::List(items.into()))
}

pub(super) fn reverse(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::String(text)] => Ok(text.chars().rev().collect::<String>().into()),
        _ => {
            let items = items_of(arguments)?;
            allowance.items(items.len())?;
            Ok(Value::List(items.iter().rev().cloned().collect()))
        }
    }
}

fn items_of(arguments: &[Value]) -> Result<&[Value], EvalError> {
    match arguments {
        [Value::List(items)] => Ok(items),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// The largest item in the order of ORDER BY, nulls left out.
pub(super) fn max(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    let items = items_of(arguments)?.iter().filter(|item| !item.is_null());
    Ok(items.max_by(|a, b| key::total_order(a, b)).cloned().unwrap_or_default())
}

/// The smallest item in the order of ORDER BY, nulls left out.
pub(super) fn min(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    let items = items_of(arguments)?.iter().filter(|item| !item.is_null());
    Ok(items.min_by(|a, b| key::total_order(a, b)).cloned().unwrap_or_default())
}

/// The standard deviation of a whole population, nulls left out; 0 for less than two numbers.
pub(super) fn deviation(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    let mut numbers = Vec::new();
    for item in items_of(arguments)?.iter().filter(|item| !item.is_null()) {
        numbers.push(match item {
            Value::Int(int) => *int as f64,
            Value::Float(float) => *float,
            Value::Decimal(decimal) => decimal.to_f64(),
            other => {
                return Err(EvalError::types(format!(
                    "statistics need numbers, not a {}",
                    other.type_name()
                )));
            }
        });
    }
    if numbers.len() < 2 {
        return Ok(0.0.into());
    }
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    Ok((numbers.iter().map(|number| (number - mean) * (number - mean)).sum::<f64>() / count).sqrt().into())
}

/// Both ends included; the third argument is the step.
pub(super) fn range(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let (start, end, step) = match arguments {
        [Value::Int(start), Value::Int(end)] => (*start, *end, 1),
        [Value::Int(start), Value::Int(end), Value::Int(step)] => (*start, *end, *step),
        _ => return Err(EvalError::arguments(arguments)),
    };
    if step == 0 {
        return Err(EvalError::argument("needs a step other than 0"));
    }
    let distance =
        if step > 0 { i128::from(end) - i128::from(start) } else { i128::from(start) - i128::from(end) };
    if distance < 0 {
        return Ok(Value::list([]));
    }
    let count = distance / i128::from(step).abs() + 1;
    allowance.items(usize::try_from(count).unwrap_or(usize::MAX))?;
    let items = (0..count).map(|at| i64::try_from(i128::from(start) + at * i128::from(step)).map(Value::Int));
    let items: Result<Vec<Value>, _> = items.collect();
    items.map(Value::list).map_err(|_| EvalError::overflow("an item of the range"))
}
