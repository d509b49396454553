//! For each type of a parameter that a query is run for each value of: the value of that type that equals another one.

use crate::expression::{Allowance, EvalError};
use crate::for_each::ParameterType;
use livewell_model::Value;

/// The name of the function of this type. It has a blank, so that no query calls it; plans do.
pub(crate) fn equal_of(of: ParameterType) -> &'static str {
    match of {
        ParameterType::Text => "as text",
        ParameterType::Integer => "as integer",
        ParameterType::Float => "as float",
        ParameterType::Boolean => "as boolean",
    }
}

pub(super) fn text(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(equal(ParameterType::Text, arguments))
}

pub(super) fn integer(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(equal(ParameterType::Integer, arguments))
}

pub(super) fn float(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(equal(ParameterType::Float, arguments))
}

pub(super) fn boolean(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    Ok(equal(ParameterType::Boolean, arguments))
}

/// Null is what equals no value of the type.
fn equal(of: ParameterType, arguments: &[Value]) -> Value {
    arguments.first().and_then(|value| of.equal(value)).unwrap_or_default()
}
