//! Union: the rows of several inputs, one after another.
//!
//! Law: linear, so it keeps no state. Rows are not compared: each input's rows hold the input's number, or a
//! Distinct above takes equal ones together.

use super::{Batch, Inputs, Operator, Step, Weighted};
use crate::encoding::Encode;
use crate::state::StepError;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// Puts the rows of several queries together.
#[derive(Debug)]
pub struct Union;

impl Operator for Union {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        // The rows are moved; their list is made once more.
        step.meter.hold(inputs.iter().map(Vec::len).sum::<usize>() * size_of::<Weighted>())?;
        Ok(inputs.into_iter().flatten().collect())
    }
}

impl Encode for Union {
    fn encode(&self, _out: &mut Writer) {}
}
