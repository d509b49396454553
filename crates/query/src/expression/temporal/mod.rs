//! Temporal values in expressions: how they are made, taken apart and computed with.

pub(super) mod arithmetic;
pub(super) mod between;
mod component;
pub(super) mod duration;
mod fields;
mod moment;
mod offset;
mod parts;
mod range;
mod text;
pub(super) mod truncate;
mod unit;
mod zone;

pub(super) use component::component;
pub(crate) use moment::{later_by, moment};
pub(super) use parts::Kind;

use super::EvalError;
use livewell_model::Value;
use parts::Parts;
use zone::Zone;

/// An instant of this kind from text, from a map of its fields, or from another instant.
pub(super) fn construct(kind: Kind, value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::String(text) => text::instant(kind, text),
        Value::Map(map) => fields::instant(kind, map, None),
        other => match Parts::of(other) {
            Some(parts) if parts.suffice(kind) => parts.into_value(kind),
            _ => Err(EvalError::arguments(std::slice::from_ref(other))),
        },
    }
}

/// A moment by nanoseconds since 1970-01-01T00:00Z.
pub(super) fn from_epoch(nanos: i128) -> Result<Value, EvalError> {
    Ok(Zone::Offset(0).at_utc(nanos)?.into())
}
