//! The values under one aggregate of one group, with their counts, in the order of their exact keys.
//!
//! What min, max, collect, percentiles and DISTINCT need to give a value back when another one leaves.

use crate::language::ast::AggregateOp;
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};
use std::collections::BTreeSet;

/// The key under which `value` is kept.
pub(super) fn key_of(prefix: &[u8], value: &Value) -> Vec<u8> {
    let mut entry_key = with_room(prefix);
    key::encode(value, &mut entry_key);
    key::tie(value, &mut entry_key);
    entry_key
}

/// The beginning of a key, with room for a value and for what the store puts before it.
fn with_room(prefix: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + 48);
    key.extend_from_slice(prefix);
    key
}

/// Adds `weight` copies of `value` under `prefix`.
pub(in crate::operator) fn add(
    state: &mut dyn State,
    prefix: &[u8],
    value: &Value,
    weight: i64,
) -> Result<(), StepError> {
    add_at(state, key_of(prefix, value), value, weight).map(drop)
}

/// Adds `weight` copies of `value` under its own key; says whether any were present, and whether any are.
pub(super) fn add_at(
    state: &mut dyn State,
    entry_key: Vec<u8>,
    value: &Value,
    weight: i64,
) -> Result<(bool, bool), StepError> {
    let before = match state.get(Area::Operators, &entry_key)? {
        Some(bytes) => Reader::new("aggregated value", &bytes).signed()?,
        None => 0,
    };
    let count = before + weight;
    if count == 0 {
        state.delete(Area::Operators, entry_key);
    } else {
        let mut out = Writer::new();
        out.signed(count).value(value);
        state.put(Area::Operators, entry_key, out.bytes);
    }
    Ok((before > 0, count > 0))
}

/// Whether no other value is equivalent to this one.
pub(super) fn is_alone_in_class(value: &Value) -> bool {
    matches!(value, Value::Node(_) | Value::Relationship(_) | Value::String(_) | Value::Bool(_))
}

/// The smallest value present that is equivalent to `value`.
pub(super) fn first_of_class(
    state: &dyn State,
    prefix: &[u8],
    value: &Value,
) -> Result<Option<Value>, StepError> {
    let mut class = with_room(prefix);
    key::encode(value, &mut class);
    let mut first = None;
    state.scan(Area::Operators, &class, Order::Ascending, &mut |_, bytes| {
        let (count, value) = entry(bytes)?;
        // Within a step a retraction may come before the insertion it answers; such a value is not present.
        if count > 0 {
            first = Some(value);
        }
        Ok(count <= 0)
    })?;
    Ok(first)
}

/// The first or last of the values, or the list of all.
pub(in crate::operator) fn result(
    state: &dyn State,
    prefix: &[u8],
    fold: AggregateOp,
    distinct: bool,
    meter: &Meter,
) -> Result<Value, StepError> {
    let order = if fold == AggregateOp::Max { Order::Descending } else { Order::Ascending };
    let mut values: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    state.scan(Area::Operators, prefix, order, &mut |_, bytes| {
        let (count, value) = entry(bytes)?;
        if count < 0 {
            return Err(StepError::Damaged(format!("{count} copies of an aggregated value")));
        }
        meter.hold(size::owned(&value))?;
        if matches!(fold, AggregateOp::Min | AggregateOp::Max) {
            values.push(value);
            return Ok(false);
        }
        let copies = if distinct {
            let key = key::of([&value]);
            meter.hold(size::entry(key.len()))?;
            usize::from(seen.insert(key))
        } else {
            copies(count)?
        };
        // Once as they are collected, and once as the list that they become.
        meter.hold(copies.saturating_mul(2 * size_of::<Value>()))?;
        values.extend(std::iter::repeat_n(value, copies));
        Ok(true)
    })?;
    Ok(match fold {
        AggregateOp::Min | AggregateOp::Max => values.pop().unwrap_or(Value::Null),
        _ => Value::list(values),
    })
}

fn copies(count: i64) -> Result<usize, StepError> {
    usize::try_from(count).map_err(|_| StepError::Damaged(format!("{count} copies of an aggregated value")))
}

/// How many copies an entry holds, and of what.
pub(super) fn entry(bytes: &[u8]) -> Result<(i64, Value), StepError> {
    let mut reader = Reader::new("aggregated value", bytes);
    Ok((reader.signed()?, reader.value()?))
}
