//! The types of columns, found in their values: a query's columns have none of their own.

use serde_json::Value as Json;

/// The largest integer up to which every one is a float of its own.
const EXACT_MAX: u64 = 1 << 53;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Boolean,
    Integer,
    Float,
    Text,
}

/// What the values of a column were so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    boolean: bool,
    integer: bool,
    /// An integer that no float is equal to, perhaps.
    large: bool,
    float: bool,
    /// NaN or an infinity, which are strings in JSON.
    special: bool,
    other: bool,
}

impl Seen {
    /// Notes a value.
    pub fn note(&mut self, value: &Json) {
        match value {
            Json::Null => {}
            Json::Bool(_) => self.boolean = true,
            Json::Number(number) => match number.as_i64() {
                Some(integer) => {
                    self.integer = true;
                    self.large |= integer.unsigned_abs() > EXACT_MAX;
                }
                None => self.float = true,
            },
            Json::String(text) if special(text).is_some() => self.special = true,
            _ => self.other = true,
        }
    }

    /// Returns the type that holds every value as it is. A column of nulls, and of values of several types, is text.
    pub fn of(self) -> Type {
        let Self { boolean, integer, large, float, special, other } = self;
        match (boolean, integer || float) {
            _ if other => Type::Text,
            (true, false) if !special => Type::Boolean,
            (false, true) if !float && !special => Type::Integer,
            (false, true) if !large => Type::Float,
            _ => Type::Text,
        }
    }
}

/// Returns a float that is a string in JSON.
pub fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_column_has_the_type_that_holds_all_of_its_values_exactly() {
        let large = (1_i64 << 53) + 1;
        for (values, of) in [
            (json!([true, null]), Type::Boolean),
            (json!([1, large, null]), Type::Integer),
            (json!([1, 1.5]), Type::Float),
            (json!([1.5, "NaN", "-Infinity"]), Type::Float),
            (json!([1, "NaN"]), Type::Float),
            (json!(["NaN"]), Type::Text),
            (json!([large, 1.5]), Type::Text),
            (json!([large, "NaN"]), Type::Text),
            (json!([true, 1]), Type::Text),
            (json!([true, "NaN"]), Type::Text),
            (json!([1, "one"]), Type::Text),
            (json!([{"id": "o1"}]), Type::Text),
            (json!([null]), Type::Text),
        ] {
            let mut seen = Seen::default();
            values.as_array().unwrap().iter().for_each(|value| seen.note(value));
            assert_eq!(seen.of(), of, "{values}");
        }
    }
}
