//! The error of what lies beyond the range of temporal values.

use crate::expression::EvalError;

pub(super) fn out_of_range() -> EvalError {
    EvalError::argument("gives a value beyond the years -999999999 to 999999999 or the offsets of 18 hours")
}
