//! Filter: the rows for which a condition is true; null and false drop a row alike.
//!
//! Law: linear, `F(A + dA) - F(A) = F(dA)`, so it keeps no state.

use super::{Batch, Inputs, Operator, Step, only};
use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::state::StepError;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// Keeps the rows for which a condition is true.
#[derive(Debug)]
pub struct Filter {
    /// The condition over the input's slots.
    pub condition: Compiled,
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
}

impl Encode for Filter {
    fn encode(&self, out: &mut Writer) {
        let Self { condition } = self;
        encode_all!(out, condition);
    }
}
