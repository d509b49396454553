//! What can go wrong while an expression is evaluated.

use crate::language::code;
use crate::meter::Halt;
use livewell_model::{DecimalError, Value};

/// A value that an expression cannot give for a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The code of the reason, `LW` and four digits.
    pub code: &'static str,
    /// What does not fit, and what would.
    pub message: String,
}

impl EvalError {
    /// Values whose types do not fit.
    pub fn types(message: impl Into<String>) -> Self {
        Self { code: code::VALUE_TYPE, message: message.into() }
    }

    /// A result that 64 bits cannot hold.
    pub fn overflow(what: &str) -> Self {
        let message = format!(
            "{what} does not fit a 64-bit integer; compute with decimals, as in `livewell.toDecimal(x)`, or with floats, as in `toFloat(x)`"
        );
        Self { code: code::OVERFLOW, message }
    }

    /// A decimal with too many digits.
    pub fn too_long(what: &str, error: DecimalError) -> Self {
        Self { code: code::OVERFLOW, message: format!("{what} {error}") }
    }

    /// An argument outside its range.
    pub fn argument(message: impl Into<String>) -> Self {
        Self { code: code::ARGUMENT, message: message.into() }
    }

    /// Arguments no function of that name takes. The caller puts the function's name in front.
    pub(crate) fn arguments(arguments: &[Value]) -> Self {
        let types: Vec<_> = arguments.iter().map(Value::type_name).collect();
        Self::types(format!("cannot be applied to ({})", types.join(", ")))
    }
}

impl From<Halt> for EvalError {
    fn from(halt: Halt) -> Self {
        let code = match halt {
            Halt::OverBudget(_) => code::STEP_BYTES,
            Halt::Cancelled => code::CANCELLED,
        };
        Self { code, message: halt.to_string() }
    }
}
