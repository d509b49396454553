//! Filter: the rows for which a condition is true; null and false drop a row alike.
//!
//! Law: linear, `F(A + dA) - F(A) = F(dA)`, so it keeps no state.

use super::{Batch, Inputs, Operator, Step, only};
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
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut rows = only(inputs);
        let mut failed = None;
        rows.retain(|entry| match self.condition.is_true_in(&entry.row, step.meter) {
            _ if failed.is_some() => false,
            Ok(is_true) => is_true,
            Err(error) => {
                failed = Some(error);
                false
            }
        });
        failed.map_or(Ok(rows), |error| Err(error.into()))
    }

    fn describe(&self) -> (String, Option<String>) {
        (format!("Filter: {}", self.text), None)
    }
}
