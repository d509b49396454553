//! Equality (`=`, `<>`, IN) and comparison (`<`, `<=`, `>`, `>=`). Neither is equivalence (grouping, DISTINCT)
//! nor the total order of ORDER BY: those are the key of `livewell_model::key`.

use livewell_model::{Decimal, Map, Value, number};
use std::cmp::Ordering;

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One is before, equal to or after the other.
    Is(Ordering),
    /// A NaN is among them: every comparison is false.
    Never,
    /// A null is among them, or their types do not compare: every comparison is null.
    Unknown,
}

/// `a = b`; `None` is null. Values of different types are not equal; a null inside makes the answer null
/// unless the rest decides it.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) => {
            Some(number::compare_int_float(*int, *float) == Some(Ordering::Equal))
        }
        (Value::Decimal(_), Value::Int(_) | Value::Float(_))
        | (Value::Int(_) | Value::Float(_), Value::Decimal(_)) => {
            Some(compare(a, b) == Order::Is(Ordering::Equal))
        }
        // IEEE equality: `==` on values is identity, which tells the two zeros apart and NaN from nothing.
        (Value::Float(a), Value::Float(b)) => Some(a == b),
        (Value::List(a), Value::List(b)) | (Value::Path(a), Value::Path(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b.iter()))
        }
        (Value::Map(a), Value::Map(b)) => equal_maps(a, b),
        (Value::Node(a), Value::Node(b)) => Some(a.id == b.id),
        (Value::Relationship(a), Value::Relationship(b)) => Some(a.id == b.id),
        (a, b) => Some(a == b),
    }
}

fn equal_maps(a: &Map, b: &Map) -> Option<bool> {
    let same_keys = a.len() == b.len() && a.iter().zip(b.iter()).all(|((a, _), (b, _))| a == b);
    if !same_keys {
        return Some(false);
    }
    all(a.iter().zip(b.iter()).map(|((_, a), (_, b))| (a, b)))
}

/// Whether all pairs are equal: false if one is not, else null if one is null.
fn all<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    let mut known = true;
    for (a, b) in pairs {
        match equals(a, b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// `value IN items`; `None` is null.
pub fn is_in(value: &Value, items: &[Value]) -> Option<bool> {
    let mut known = true;
    for item in items {
        match equals(value, item) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

/// How `a` stands to `b`. Numbers compare exactly across their two types, strings by code point, lists
/// item by item, false before true, instants of one kind by the moment, then by their zone; nothing else compares,
/// durations neither: whether a month is longer than 30 days depends on the month.
pub fn compare(a: &Value, b: &Value) -> Order {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Order::Is(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b).map_or(Order::Never, Order::Is),
        (Value::Int(a), Value::Float(b)) => number::compare_int_float(*a, *b).map_or(Order::Never, Order::Is),
        (Value::Float(a), Value::Int(b)) => {
            number::compare_int_float(*b, *a).map_or(Order::Never, |order| Order::Is(order.reverse()))
        }
        (Value::Decimal(a), Value::Decimal(b)) => Order::Is(a.cmp(b)),
        (Value::Decimal(decimal), number @ (Value::Int(_) | Value::Float(_))) => decimal_to(decimal, number),
        (number @ (Value::Int(_) | Value::Float(_)), Value::Decimal(decimal)) => {
            match decimal_to(decimal, number) {
                Order::Is(order) => Order::Is(order.reverse()),
                other => other,
            }
        }
        (Value::String(a), Value::String(b)) => Order::Is(a.as_str().cmp(b.as_str())),
        (Value::Bool(a), Value::Bool(b)) => Order::Is(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Order::Is(a.cmp(b)),
        (Value::List(a), Value::List(b)) => compare_lists(a, b),
        (Value::Date(a), Value::Date(b)) => Order::Is(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Order::Is(a.cmp(b)),
        (Value::LocalTime(a), Value::LocalTime(b)) => Order::Is(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Order::Is(a.cmp(b)),
        (Value::LocalDateTime(a), Value::LocalDateTime(b)) => Order::Is(a.cmp(b)),
        _ => Order::Unknown,
    }
}

/// How a decimal stands to a number of another type, exactly.
fn decimal_to(decimal: &Decimal, number: &Value) -> Order {
    match number {
        Value::Int(int) => Order::Is(decimal.cmp(&Decimal::from(*int))),
        Value::Float(float) if !float.is_nan() => Order::Is(decimal.compare_float(*float)),
        _ => Order::Never,
    }
}

fn compare_lists(a: &[Value], b: &[Value]) -> Order {
    let different =
        a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| *order != Order::Is(Ordering::Equal));
    different.unwrap_or(Order::Is(a.len().cmp(&b.len())))
}

impl Order {
    /// Whether the order is one that `holds` accepts; `None` is null.
    pub fn test(self, holds: impl FnOnce(Ordering) -> bool) -> Option<bool> {
        match self {
            Self::Is(order) => Some(holds(order)),
            Self::Never => Some(false),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{ElementId, Node};
    use std::sync::Arc;

    fn list(items: Vec<Value>) -> Value {
        items.into()
    }

    #[test]
    fn numbers_are_equal_across_types_and_exact_beyond_2_pow_53() {
        let big = 9_007_199_254_740_993_i64;
        assert_eq!(equals(&1.into(), &1.0.into()), Some(true));
        assert_eq!(equals(&big.into(), &9_007_199_254_740_992.0.into()), Some(false));
        assert_eq!(compare(&big.into(), &9_007_199_254_740_992.0.into()), Order::Is(Ordering::Greater));
        assert_eq!(equals(&f64::NAN.into(), &f64::NAN.into()), Some(false));
        assert_eq!(compare(&f64::NAN.into(), &1.into()), Order::Never);
        assert_eq!(equals(&0.0.into(), &(-0.0).into()), Some(true));
    }

    #[test]
    fn a_null_inside_makes_equality_null_unless_the_rest_decides() {
        let (null, one, two) = (Value::Null, Value::Int(1), Value::Int(2));
        assert_eq!(
            equals(&list(vec![null.clone(), one.clone()]), &list(vec![one.clone(), two.clone()])),
            Some(false)
        );
        assert_eq!(equals(&list(vec![null.clone(), two.clone()]), &list(vec![one.clone(), two])), None);
        assert_eq!(is_in(&one, &[null.clone(), one.clone()]), Some(true));
        assert_eq!(is_in(&one, std::slice::from_ref(&null)), None);
        assert_eq!(is_in(&null, &[]), Some(false));
    }

    #[test]
    fn elements_are_equal_by_identity_and_types_never_mix() {
        let node = |id: &str, age: i64| {
            let mut node = Node::new(ElementId::new("s", id));
            node.properties.insert("age", age.into());
            Value::Node(Arc::new(node))
        };
        assert_eq!(equals(&node("a", 1), &node("a", 2)), Some(true));
        assert_eq!(equals(&node("a", 1), &node("b", 1)), Some(false));
        assert_eq!(equals(&"1".into(), &1.into()), Some(false));
        assert_eq!(compare(&"1".into(), &1.into()), Order::Unknown);
        assert_eq!(compare(&node("a", 1), &node("a", 1)), Order::Unknown);
    }
}
