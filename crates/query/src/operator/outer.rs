//! Outer: the rows `M` over each input row, and the input row with values in their stead where there is none: nulls
//! for an OPTIONAL MATCH, what aggregates are of nothing for one over all rows of a subquery.
//!
//! Law: `F(R, M) = M + {r ++ values : r in R without a row in M}`, where each row of `M` begins with its `r`. Whether
//! a row stands among the latter changes as its count of rows in `M` leaves zero or comes back to it.

use super::nested::{Nesting, Record};
use super::writing::Writing;
use super::{Batch, Inputs, Operator, Step, pair, replace, settle};
use crate::encoding::{Encode, encode_all};
use crate::state::StepError;
use livewell_model::Value;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// Keeps rows without a match, with nulls in its place.
#[derive(Debug)]
pub struct Outer {
    /// Which input row a row of `M` belongs to.
    pub nesting: Nesting,
    /// What stands in the slots that `M` adds where it has no row.
    pub added: Vec<Value>,
}

impl Operator for Outer {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let [rows, matches] = pair(inputs);
        let changes = self.nesting.changes(rows, &matches, step.meter)?;
        let mut out = matches;
        let (given, is_empty) = (step.meter.held(), self.nesting.is_empty(step.state, changes.len())?);
        let mut writing = Writing::of_about(changes.len(), step.meter);
        for (outer, change) in changes {
            settle(step.meter, given + writing.held(), &out);
            let before = match is_empty {
                true => Record::default(),
                false => self.nesting.read(step.state, &outer, step.meter)?,
            };
            let after = self.nesting.advance(&before, change)?;
            replace(&mut out, self.unmatched(&before), self.unmatched(&after), step.meter)?;
            if before != after {
                let (key, value) = self.nesting.written(&outer, &after);
                writing.write(step.state, key, value)?;
            }
        }
        writing.finish(step.state)?;
        Ok(out)
    }
}

impl Outer {
    fn unmatched(&self, record: &Record) -> Option<Vec<Value>> {
        let row = record.row.as_ref().filter(|_| record.count == 0)?;
        Some(row.iter().cloned().chain(self.added.iter().cloned()).collect())
    }
}

impl Encode for Outer {
    fn encode(&self, out: &mut Writer) {
        let Self { nesting, added } = self;
        encode_all!(out, nesting, added);
    }
}
