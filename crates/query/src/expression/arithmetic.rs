//! Arithmetic: integers stay integers and never wrap, floats follow IEEE 754, `+` also joins strings and lists.

use super::decimal::{self, decimal};
use super::float;
pub use super::operation::Operation;
use super::operation::divided_by_zero;
use super::temporal::arithmetic as temporal;
use super::{Allowance, EvalError};
use livewell_model::{SmolStr, Value};

/// `a + b`: a sum, a joined string (numbers are written out), or a joined list.
///
/// # Errors
/// [`EvalError`] where the types do not fit, the sum overflows or the result is too large.
pub fn add(a: &Value, b: &Value, allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::List(a), Value::List(b)) => joined(a, b, allowance),
        (Value::List(a), b) => joined(a, std::slice::from_ref(b), allowance),
        (a, Value::List(b)) => joined(std::slice::from_ref(a), b, allowance),
        (Value::Int(a), Value::Int(b)) => {
            a.checked_add(*b).map(Value::Int).ok_or_else(|| overflow(*a, "+", *b))
        }
        _ if is_number(a) && is_number(b) => match (decimal(a), decimal(b)) {
            (Some(a), Some(b)) => decimal::add(&a, &b),
            _ => Ok((float(a) + float(b)).into()),
        },
        _ => match (text(a), text(b)) {
            (Some(first), Some(second)) => {
                allowance.text(first.len() + second.len())?;
                Ok(Value::String(format!("{first}{second}").into()))
            }
            _ => temporal::sum(a, b).unwrap_or_else(|| Err(unfit("+", a, b))),
        },
    }
}

/// `a || b`: a joined string or a joined list.
///
/// # Errors
/// [`EvalError`] where the two are not both strings or both lists, or the result is too large.
pub fn concatenate(a: &Value, b: &Value, allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::List(_), Value::List(_)) | (Value::String(_), Value::String(_)) => add(a, b, allowance),
        _ => Err(unfit("||", a, b)),
    }
}

/// One of the operations that only numbers have.
///
/// # Errors
/// Returns [`EvalError`] if a value is not a number, an integer result overflows or an integer is divided by zero.
pub fn calculate(operation: Operation, a: &Value, b: &Value) -> Result<Value, EvalError> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Int(a), Value::Int(b)) => integers(operation, *a, *b),
        _ if is_number(a) && is_number(b) => {
            let exact = decimal(a).zip(decimal(b)).and_then(|(a, b)| decimal::calculate(operation, &a, &b));
            exact.unwrap_or_else(|| Ok(floats(operation, float(a), float(b)).into()))
        }
        _ => {
            let temporal = match operation {
                Operation::Subtract => temporal::difference(a, b),
                Operation::Multiply => temporal::product(a, b),
                Operation::Divide => temporal::quotient(a, b),
                Operation::Modulo | Operation::Power => None,
            };
            temporal.unwrap_or_else(|| Err(unfit(operation.symbol(), a, b)))
        }
    }
}

/// `-a`.
///
/// # Errors
/// Returns [`EvalError`] if the value is not a number, or is the smallest integer.
pub fn negate(a: &Value) -> Result<Value, EvalError> {
    match a {
        Value::Null => Ok(Value::Null),
        Value::Int(int) => {
            int.checked_neg().map(Value::Int).ok_or_else(|| EvalError::overflow(&format!("-({int})")))
        }
        Value::Float(float) => Ok((-float).into()),
        Value::Decimal(decimal) => decimal::made(&-decimal.number(), || format!("-({decimal})")),
        other => {
            Err(EvalError::types(format!("`-` takes a number, got a value of type {}", other.type_name())))
        }
    }
}

/// `+a`: a number as it is.
///
/// # Errors
/// Returns [`EvalError`] if the value is not a number.
pub fn plus(a: &Value) -> Result<Value, EvalError> {
    match a {
        Value::Null | Value::Int(_) | Value::Float(_) | Value::Decimal(_) => Ok(a.clone()),
        other => {
            Err(EvalError::types(format!("`+` takes a number, got a value of type {}", other.type_name())))
        }
    }
}

/// A float as text: the shortest that reads back as the same float, always recognisable as a float.
pub fn float_text(float: f64) -> String {
    match float {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        float => format!("{float:?}"),
    }
}

fn integers(operation: Operation, a: i64, b: i64) -> Result<Value, EvalError> {
    let divides = matches!(operation, Operation::Divide | Operation::Modulo);
    if divides && b == 0 {
        return Err(divided_by_zero(&format!("{a} {} 0", operation.symbol()), "an integer"));
    }
    let result = match operation {
        Operation::Subtract => a.checked_sub(b),
        Operation::Multiply => a.checked_mul(b),
        Operation::Divide => a.checked_div(b),
        // The smallest integer modulo -1 is 0; only the machine's division overflows on the way.
        Operation::Modulo => Some(a.wrapping_rem(b)),
        Operation::Power => return Ok(float::power(a as f64, b as f64).into()),
    };
    result.map(Value::Int).ok_or_else(|| overflow(a, operation.symbol(), b))
}

fn floats(operation: Operation, a: f64, b: f64) -> f64 {
    match operation {
        Operation::Subtract => a - b,
        Operation::Multiply => a * b,
        Operation::Divide => a / b,
        Operation::Modulo => a % b,
        Operation::Power => float::power(a, b),
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Int(int) => *int as f64,
        Value::Float(float) => *float,
        Value::Decimal(decimal) => decimal.to_f64(),
        _ => f64::NAN,
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_))
}

fn joined(a: &[Value], b: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
    allowance.items(a.len() + b.len())?;
    // Appending a list to itself again and again must not build a tower, either.
    a.iter()
        .chain(b)
        .filter(|item| matches!(item, Value::List(_) | Value::Map(_)))
        .try_for_each(|item| allowance.nested(item))?;
    Ok(Value::List(a.iter().chain(b).cloned().collect()))
}

fn text(value: &Value) -> Option<SmolStr> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Int(int) => Some(int.to_string().into()),
        Value::Float(float) => Some(float_text(*float).into()),
        Value::Decimal(decimal) => Some(decimal.to_string().into()),
        _ => None,
    }
}

fn overflow(a: i64, symbol: &str, b: i64) -> EvalError {
    EvalError::overflow(&format!("{a} {symbol} {b}"))
}

fn unfit(symbol: &str, a: &Value, b: &Value) -> EvalError {
    let takes = match symbol {
        "+" => {
            "two numbers, a string and a string or number, a list and anything, or a duration and a temporal value"
        }
        "-" => "two numbers, or a temporal value and a duration",
        "||" => "two strings or two lists",
        "*" | "/" => "two numbers, or a duration and a number",
        _ => "two numbers",
    };
    EvalError::types(format!("`{symbol}` takes {takes}; got {} and {}", a.type_name(), b.type_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{Divide, Modulo, Multiply, Power, Subtract};

    fn check(
        operation: Operation,
        a: impl Into<Value>,
        b: impl Into<Value>,
        expect: impl Into<Option<Value>>,
    ) {
        let (a, b) = (a.into(), b.into());
        assert_eq!(calculate(operation, &a, &b).ok(), expect.into(), "{a:?} {operation:?} {b:?}");
    }

    #[test]
    fn integers_stay_integers_and_never_wrap() {
        check(Divide, 7, 2, Some(3.into()));
        check(Divide, -7, 2, Some((-3).into()));
        check(Modulo, -7, 2, Some((-1).into()));
        check(Modulo, i64::MIN, -1, Some(0.into()));
        check(Divide, i64::MIN, -1, None);
        check(Multiply, i64::MAX, 2, None);
        check(Subtract, i64::MIN, 1, None);
        check(Divide, 1, 0, None);
        check(Modulo, 1, 0, None);
        assert!(negate(&i64::MIN.into()).is_err());
    }

    #[test]
    fn floats_follow_ieee_and_null_passes_through() {
        check(Divide, 1.0, 0, Some(f64::INFINITY.into()));
        check(Power, 2, 3, Some(8.0.into()));
        check(Multiply, Value::Null, "x", Some(Value::Null));
        check(Multiply, 2, "x", None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        let message = |operation, a: Value, b: Value| calculate(operation, &a, &b).unwrap_err().message;
        let string = || Value::from("ten");
        assert_eq!(
            message(Multiply, string(), 2.into()),
            "`*` takes two numbers, or a duration and a number; got string and integer"
        );
        assert_eq!(message(Power, true.into(), 2.into()), "`^` takes two numbers; got boolean and integer");
        let sum = add(&string(), &true.into(), &Allowance::default()).unwrap_err().message;
        assert!(sum.starts_with("`+` takes two numbers, a string and a string or number,"), "{sum}");
        assert!(sum.ends_with("; got string and boolean"), "{sum}");
    }

    #[test]
    fn plus_joins_strings_and_lists() {
        let check = |a: Value, b: Value, expect: Option<Value>| {
            assert_eq!(add(&a, &b, &Allowance::default()).ok(), expect, "{a:?} + {b:?}");
        };
        check("a".into(), 1.into(), Some("a1".into()));
        check(1.5.into(), "a".into(), Some("1.5a".into()));
        check("a".into(), true.into(), None);
        check(vec![1].into(), vec![2].into(), Some(vec![1, 2].into()));
        check(0.into(), vec![1].into(), Some(vec![0, 1].into()));
        check(i64::MAX.into(), 1.into(), None);
        check(vec![1].into(), Value::Null, Some(Value::Null));
    }
}
