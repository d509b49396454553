//! The operations that only numbers have, by name.

use super::EvalError;
use crate::language::code;

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the operations")]
pub enum Operation {
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

impl Operation {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "^",
        }
    }
}

/// The error of a division by zero; only floats have a value for it.
pub(super) fn divided_by_zero(what: &str, divided: &str) -> EvalError {
    let message = format!("{what}: {divided} cannot be divided by zero");
    EvalError { code: code::DIVISION_BY_ZERO, message }
}
