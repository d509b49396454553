//! Project: each row becomes the values of some expressions over it.
//!
//! Law: linear, so it keeps no state. Rows that become equal are added up.

use super::{Batch, Operator, Step, Weighted, consolidate};
use crate::expression::{Compiled, EvalError};
use crate::state::StepError;
use livewell_model::Value;

/// How one slot of the output comes about.
#[derive(Debug)]
pub enum Slot {
    /// It is a slot of the input.
    Keep(usize),
    /// It is computed.
    Compute(Compiled),
}

impl Slot {
    /// The slot's value for a row of the input.
    ///
    /// # Errors
    /// Where its expression has no value.
    pub fn eval(&self, input: &[Value]) -> Result<Value, EvalError> {
        match self {
            Self::Keep(at) => Ok(input[*at].clone()),
            Self::Compute(expression) => expression.eval(input),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Project {
    /// The slots of the output.
    pub slots: Vec<Slot>,
    /// The projection as it was written.
    pub text: String,
}

impl Operator for Project {
    fn step(&self, _step: &mut Step<'_>, inputs: Vec<Batch>) -> Result<Batch, StepError> {
        let mut projected = Batch::new();
        for Weighted { row, weight } in inputs.into_iter().flatten() {
            let row = self.slots.iter().map(|slot| slot.eval(&row)).collect::<Result<_, _>>()?;
            projected.push(Weighted { row, weight });
        }
        Ok(consolidate(projected))
    }

    fn describe(&self) -> (String, Option<String>) {
        (format!("Project: {}", self.text), None)
    }
}
