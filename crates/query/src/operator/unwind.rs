//! Unwind: each row becomes one row for each item of a list, with the item and its position behind it.
//!
//! Law: linear, so it keeps no state. Null and the empty list give no row.

use super::{Batch, Inputs, Operator, Step, Weighted, consolidate, put};
use crate::encoding::{Encode, encode_all};
use crate::expression::{Compiled, EvalError};
use crate::state::StepError;
use livewell_model::Value;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// Makes a row of each item of a list.
#[derive(Debug)]
pub struct Unwind {
    /// The list, over the input's slots.
    pub list: Compiled,
}

impl Operator for Unwind {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut out = Batch::new();
        for Weighted { row, weight } in inputs.into_iter().flatten() {
            let items = match self.list.eval_in(&row, step.meter)? {
                Value::Null => continue,
                Value::List(items) => items,
                other => {
                    let found = other.type_name();
                    return Err(EvalError::types(format!("UNWIND needs a list and got a {found}")).into());
                }
            };
            for (position, item) in (0_i64..).zip(items.iter()) {
                let mut extended = Vec::with_capacity(row.len() + 2);
                extended.extend_from_slice(&row);
                extended.extend([item.clone(), Value::Int(position)]);
                put(&mut out, extended, weight, step.meter)?;
            }
        }
        // Where a list changed in part, the items that stayed cancel out.
        consolidate(out, step.meter)
    }
}

impl Encode for Unwind {
    fn encode(&self, out: &mut Writer) {
        let Self { list } = self;
        encode_all!(out, list);
    }
}
