//! What stands behind an operand: `.key`, `[index]`, `[from..to]`, `:Label`; and the tests within strings.

use super::{Allowance, EvalError, pattern};
use crate::language::ast::Labels;
use livewell_model::{Map, Value};
use regex_automata::meta::Regex;

static NULL: Value = Value::Null;

/// `base.key`: a property of an element (null if it has none of that name), an entry of a map.
///
/// # Errors
/// [`EvalError`] where the base has no properties.
pub fn property<'v>(base: &'v Value, key: &str) -> Result<&'v Value, EvalError> {
    let found = match base {
        Value::Null => None,
        Value::Node(node) => node.properties.get(key),
        Value::Relationship(relationship) => relationship.properties.get(key),
        Value::Map(map) => map.get(key),
        other => {
            let message = format!(
                "`.{key}` needs a node, relationship or map, got a value of type {}",
                other.type_name()
            );
            return Err(EvalError::types(message));
        }
    };
    Ok(found.unwrap_or(&NULL))
}

/// A property of an element, null if it has none of that name; `None` if the base is not an element.
pub fn property_of_element<'v>(base: &'v Value, key: &str) -> Option<&'v Value> {
    let properties = match base {
        Value::Node(node) => &node.properties,
        Value::Relationship(relationship) => &relationship.properties,
        _ => return None,
    };
    Some(properties.get(key).unwrap_or(&NULL))
}

/// What a map projection begins with: the properties, if `all` are taken; `None` for null.
///
/// # Errors
/// [`EvalError`] if the base has no properties.
pub fn projected(base: &Value, all: bool) -> Result<Option<Map>, EvalError> {
    let properties = match base {
        Value::Null => return Ok(None),
        Value::Node(node) => &node.properties,
        Value::Relationship(relationship) => &relationship.properties,
        Value::Map(map) => map,
        other => {
            let message = format!(
                "a map projection needs a node, relationship or map, got a value of type {}",
                other.type_name()
            );
            return Err(EvalError::types(message));
        }
    };
    Ok(Some(if all { properties.clone() } else { Map::new() }))
}

/// `base[index]`: an item of a list, counted from its end where negative; otherwise as [`property`].
///
/// # Errors
/// [`EvalError`] where base and index do not fit each other.
pub fn index<'v>(base: &'v Value, index: &Value) -> Result<&'v Value, EvalError> {
    match (base, index) {
        (Value::Null, _) => Ok(&NULL),
        (Value::List(_) | Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::Null) => Ok(&NULL),
        (Value::List(items), Value::Int(index)) => {
            Ok(place(*index, items.len()).and_then(|at| items.get(at)).unwrap_or(&NULL))
        }
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::String(key)) => property(base, key),
        _ => {
            let message = format!(
                "a value of type {} cannot be indexed by one of type {}",
                base.type_name(),
                index.type_name()
            );
            Err(EvalError::types(message))
        }
    }
}

/// Which item an index names; `None` before the first.
fn place(index: i64, length: usize) -> Option<usize> {
    let from_start = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(from_start).ok()
}

/// `base[from..to]`, without what lies outside the list.
///
/// # Errors
/// Returns [`EvalError`] if the base is not a list, or a bound not an integer.
pub fn slice(
    base: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
    allowance: &Allowance<'_>,
) -> Result<Value, EvalError> {
    let items = match base {
        Value::Null => return Ok(Value::Null),
        Value::List(items) => items,
        other => {
            return Err(EvalError::types(format!(
                "only a list can be sliced, not a value of type {}",
                other.type_name()
            )));
        }
    };
    let (Some(from), Some(to)) = (bound(from, 0, items.len())?, bound(to, items.len(), items.len())?) else {
        return Ok(Value::Null);
    };
    let kept = items.get(from..to).unwrap_or_default();
    allowance.items(kept.len())?;
    Ok(Value::List(kept.into()))
}

/// A bound of a slice, moved into the list; `None` is null.
fn bound(value: Option<&Value>, absent: usize, length: usize) -> Result<Option<usize>, EvalError> {
    match value {
        None => Ok(Some(absent)),
        Some(Value::Null) => Ok(None),
        Some(Value::Int(index)) => Ok(Some(place(*index, length).unwrap_or(0).min(length))),
        Some(other) => Err(EvalError::types(format!(
            "a slice is bounded by integers, not by a value of type {}",
            other.type_name()
        ))),
    }
}

/// `base:Label&!Other`: whether this holds for a node's labels, or a relationship's type; `None` is null.
///
/// # Errors
/// [`EvalError`] if the base is not an element.
pub fn has_labels(base: &Value, labels: &Labels) -> Result<Option<bool>, EvalError> {
    match labels.hold_of(base) {
        None if !base.is_null() => Err(EvalError::types(format!(
            "only nodes and relationships have labels, not a value of type {}",
            base.type_name()
        ))),
        holds => Ok(holds),
    }
}

/// A test of one string against another (STARTS WITH and its like); null if either is not a string.
pub fn test_text(a: &Value, b: &Value, test: impl FnOnce(&str, &str) -> bool) -> Option<bool> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(test(a, b)),
        _ => None,
    }
}

/// The work of reading a pattern: so many steps of a comprehension.
const PATTERN_WORK: usize = 50_000;

/// `value =~ pattern`; null if the value is not a string.
pub fn matches(value: &Value, pattern: &Regex) -> Option<bool> {
    match value {
        Value::String(text) => Some(pattern.is_match(text.as_str())),
        _ => None,
    }
}

/// `a =~ b` with a pattern that only the row knows; null if either is not a string.
///
/// # Errors
/// [`EvalError`] if the pattern is not one that `=~` takes.
pub fn matches_text(a: &Value, b: &Value, allowance: &Allowance<'_>) -> Result<Option<bool>, EvalError> {
    match (a, b) {
        (Value::String(_), Value::String(text)) => {
            allowance.work(PATTERN_WORK)?;
            Ok(matches(a, &pattern::compile(text)?))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_counts_from_either_end_and_is_null_outside() {
        let list: Value = vec![1, 2, 3].into();
        for (at, expect) in [
            (0, Some(1)),
            (2, Some(3)),
            (3, None),
            (-1, Some(3)),
            (-3, Some(1)),
            (-4, None),
            (i64::MIN, None),
        ] {
            assert_eq!(index(&list, &at.into()), Ok(&expect.map(i64::from).into()), "{at}");
        }
        assert!(index(&list, &"x".into()).is_err());
        assert!(index(&1.into(), &0.into()).is_err());
    }

    #[test]
    fn a_slice_keeps_what_lies_within_the_list() {
        let list: Value = vec![1, 2, 3].into();
        let check = |from: Option<i64>, to: Option<i64>, expect: Vec<i64>| {
            let (from, to) = (from.map(Value::Int), to.map(Value::Int));
            let got = slice(&list, from.as_ref(), to.as_ref(), &Allowance::default());
            assert_eq!(got, Ok(expect.into()), "{from:?}..{to:?}");
        };
        check(Some(1), None, vec![2, 3]);
        check(None, Some(-1), vec![1, 2]);
        check(Some(-9), Some(9), vec![1, 2, 3]);
        check(Some(2), Some(1), vec![]);
        assert_eq!(slice(&list, Some(&Value::Null), None, &Allowance::default()), Ok(Value::Null));
    }
}
