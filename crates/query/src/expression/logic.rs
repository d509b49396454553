//! Three-valued logic. `None` is null.

use super::EvalError;
use livewell_model::Value;

/// A value as a truth value.
///
/// # Errors
/// [`EvalError`] where it is neither boolean nor null.
pub fn truth(value: &Value) -> Result<Option<bool>, EvalError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(truth) => Ok(Some(*truth)),
        other => {
            Err(EvalError::types(format!("expected a boolean, got a value of type {}", other.type_name())))
        }
    }
}

/// A truth value as a value.
pub fn value(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

/// False if either is false, else null if either is null.
pub fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// True if either is true, else null if either is null.
pub fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Null if either is null.
pub fn xor(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    Some(a? != b?)
}

/// Null stays null.
pub fn not(a: Option<bool>) -> Option<bool> {
    a.map(|a| !a)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Option<bool> = Some(true);
    const F: Option<bool> = Some(false);
    const N: Option<bool> = None;

    #[test]
    fn the_tables_of_three_valued_logic_hold() {
        let table = [
            (T, T, T, T, F),
            (T, F, F, T, T),
            (T, N, N, T, N),
            (F, T, F, T, T),
            (F, F, F, F, F),
            (F, N, F, N, N),
            (N, T, N, T, N),
            (N, F, F, N, N),
            (N, N, N, N, N),
        ];
        for (a, b, and_, or_, xor_) in table {
            assert_eq!((and(a, b), or(a, b), xor(a, b)), (and_, or_, xor_), "{a:?} {b:?}");
        }
        assert_eq!([T, F, N].map(not), [F, T, N]);
    }
}
