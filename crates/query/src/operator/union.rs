//! Union: the rows of several inputs, one after another.
//!
//! Law: linear, so it keeps no state. Rows are not compared: each input's rows hold the input's number, or a
//! Distinct above takes equal ones together.

use super::{Batch, Inputs, Operator, Step, Weighted};
use crate::state::StepError;

/// See the module.
#[derive(Debug)]
pub struct Union {
    /// Whether equal rows are taken together by what comes next.
    pub distinct: bool,
}

impl Operator for Union {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        // The rows are moved; their list is made once more.
        step.meter.hold(inputs.iter().map(Vec::len).sum::<usize>() * size_of::<Weighted>())?;
        Ok(inputs.into_iter().flatten().collect())
    }

    fn describe(&self) -> (String, Option<String>) {
        (if self.distinct { "Union" } else { "Union all" }.into(), None)
    }
}
