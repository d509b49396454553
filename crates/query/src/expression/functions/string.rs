//! Functions of strings. Places and lengths count characters.

use crate::expression::{Allowance, EvalError};
use livewell_model::{SmolStr, Value};

pub(super) fn to_upper(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    of_text(arguments, |text| text.to_uppercase().into())
}

pub(super) fn to_lower(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    of_text(arguments, |text| text.to_lowercase().into())
}

/// `trim(text)` takes whitespace off both ends, `trim(text, characters)` any of these characters.
pub(super) fn trim(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    trimmed(arguments, true, true)
}

pub(super) fn trim_left(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    trimmed(arguments, true, false)
}

pub(super) fn trim_right(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    trimmed(arguments, false, true)
}

fn trimmed(arguments: &[Value], start: bool, end: bool) -> Result<Value, EvalError> {
    let (text, goes): (_, &dyn Fn(char) -> bool) = match arguments {
        [Value::String(text)] => (text, &char::is_whitespace),
        [Value::String(text), Value::String(any)] => (text, &|c| any.contains(c)),
        _ => return Err(EvalError::arguments(arguments)),
    };
    let text = if start { text.trim_start_matches(goes) } else { text };
    Ok(if end { text.trim_end_matches(goes) } else { text }.into())
}

fn of_text(arguments: &[Value], compute: impl FnOnce(&str) -> SmolStr) -> Result<Value, EvalError> {
    match arguments {
        [Value::String(text)] => Ok(Value::String(compute(text))),
        _ => Err(EvalError::arguments(arguments)),
    }
}

/// From a place, counted from 0, to the end or for a length.
pub(super) fn substring(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Null, ..] => Ok(Value::Null),
        [Value::String(text), Value::Int(start)] => Ok(cut(text, amount(*start)?, usize::MAX)),
        [Value::String(text), Value::Int(start), Value::Int(length)] => {
            Ok(cut(text, amount(*start)?, amount(*length)?))
        }
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn left(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Null, _] => Ok(Value::Null),
        [Value::String(text), Value::Int(length)] => Ok(cut(text, 0, amount(*length)?)),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn right(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Null, _] => Ok(Value::Null),
        [Value::String(text), Value::Int(length)] => {
            let skipped = text.chars().count().saturating_sub(amount(*length)?);
            Ok(cut(text, skipped, usize::MAX))
        }
        _ => Err(EvalError::arguments(arguments)),
    }
}

fn cut(text: &str, start: usize, length: usize) -> Value {
    text.chars().skip(start).take(length).collect::<String>().into()
}

fn amount(int: i64) -> Result<usize, EvalError> {
    usize::try_from(int).map_err(|_| EvalError::argument(format!("cannot count {int} characters")))
}

/// Replaces every match, or the first ones, so many.
pub(super) fn replace(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let (text, from, to, most) = match arguments {
        [Value::String(text), Value::String(from), Value::String(to)] => (text, from, to, usize::MAX),
        [Value::String(text), Value::String(from), Value::String(to), Value::Int(most)] => {
            let most = usize::try_from(*most);
            let refused = |_| EvalError::argument("needs a limit of 0 or more");
            (text, from, to, most.map_err(refused)?)
        }
        _ => return Err(EvalError::arguments(arguments)),
    };
    let matches = text.matches(from.as_str()).count().min(most);
    allowance.text(text.len().saturating_add(matches.saturating_mul(to.len())))?;
    Ok(text.replacen(from.as_str(), to, most).into())
}

/// An empty delimiter splits between all characters.
pub(super) fn split(arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    let [Value::String(text), Value::String(delimiter)] = arguments else {
        return Err(EvalError::arguments(arguments));
    };
    // Before they are made: a text has as many parts as characters.
    let count = match delimiter.as_str() {
        "" => text.chars().count().max(1),
        delimiter => text.matches(delimiter).count() + 1,
    };
    allowance.items(count)?;
    allowance.text(text.len())?;
    let parts: Vec<Value> = match delimiter.as_str() {
        "" if !text.is_empty() => text.chars().map(|c| c.to_string().into()).collect(),
        "" => vec![text.as_str().into()],
        delimiter => text.split(delimiter).map(Value::from).collect(),
    };
    Ok(parts.into())
}
