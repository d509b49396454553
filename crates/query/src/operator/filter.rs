//! Filter: the rows for which a condition is true; null and false drop a row alike.
//!
//! Law: linear, `F(A + dA) - F(A) = F(dA)`, so it keeps no state.

use super::{Batch, Operator, Step};
use crate::expression::Compiled;
use crate::state::StepError;

/// See the module.
#[derive(Debug)]
pub struct Filter {
    /// The condition over the input's slots.
    pub condition: Compiled,
    /// The condition as it was written.
    pub text: String,
}

impl Operator for Filter {
    fn step(&self, _step: &mut Step<'_>, inputs: Vec<Batch>) -> Result<Batch, StepError> {
        let mut kept = Batch::new();
        for entry in inputs.into_iter().flatten() {
            if self.condition.is_true(&entry.row)? {
                kept.push(entry);
            }
        }
        Ok(kept)
    }

    fn describe(&self) -> (String, Option<String>) {
        (format!("Filter: {}", self.text), None)
    }
}
