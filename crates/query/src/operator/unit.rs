//! Unit: the bag that holds one empty row, always. What a query without MATCH begins with.
//!
//! Law: `F() = {()}`; its change is that row at the beginning and nothing ever after. No state.

use super::{Batch, Inputs, Operator, Step, Weighted};
use crate::encoding::Encode;
use crate::state::StepError;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// The one empty row that a query without a pattern begins with.
#[derive(Debug)]
pub struct Unit;

impl Operator for Unit {
    fn step(&self, step: &mut Step<'_>, _inputs: Inputs) -> Result<Batch, StepError> {
        Ok(if step.begins() { vec![Weighted { row: Vec::new(), weight: 1 }] } else { Vec::new() })
    }
}

impl Encode for Unit {
    fn encode(&self, _out: &mut Writer) {}
}
