//! What a node, a relationship or a map says of itself.

use crate::expression::{Allowance, EvalError};
use livewell_model::{Map, Value};
use std::sync::Arc;

pub(super) fn keys(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    let map = map_of(arguments)?;
    Ok(Value::List(map.iter().map(|(key, _)| Value::String(key.clone())).collect()))
}

pub(super) fn properties(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Map(_)] => Ok(arguments[0].clone()),
        _ => Ok(Value::Map(Arc::new(map_of(arguments)?.clone()))),
    }
}

fn map_of(arguments: &[Value]) -> Result<&Map, EvalError> {
    match arguments {
        [Value::Node(node)] => Ok(&node.properties),
        [Value::Relationship(relationship)] => Ok(&relationship.properties),
        [Value::Map(map)] => Ok(map),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn labels(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Node(node)] => Ok(Value::List(node.labels.iter().cloned().map(Value::String).collect())),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn kind(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Relationship(relationship)] => Ok(Value::String(relationship.kind.clone())),
        _ => Err(EvalError::arguments(arguments)),
    }
}

pub(super) fn id(arguments: &[Value], _: &Allowance<'_>) -> Result<Value, EvalError> {
    match arguments {
        [Value::Node(node)] => Ok(Value::String(node.id.id.clone())),
        [Value::Relationship(relationship)] => Ok(Value::String(relationship.id.id.clone())),
        _ => Err(EvalError::arguments(arguments)),
    }
}
