//! Outer: the rows `M` over each input row, and the input row with values in their stead where there is none: nulls
//! for an OPTIONAL MATCH, what aggregates are of nothing for one over all rows of a subquery.
//!
//! Law: `F(R, M) = M + {r ++ values : r in R without a row in M}`, where each row of `M` begins with its `r`. Whether
//! a row stands among the latter changes as its count of rows in `M` leaves zero or comes back to it.

use super::nested::{Nesting, Record};
use super::{Batch, Inputs, Operator, Step, pair, replace, settle};
use crate::meter::size;
use crate::state::StepError;
use livewell_model::Value;

/// See the module.
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
        step.meter.hold(size::shallow(&matches))?;
        let mut out = matches.clone();
        let changes = self.nesting.changes(rows, matches, step.meter)?;
        let given = step.meter.held();
        for (outer, change) in changes {
            settle(step.meter, given, &out);
            let before = self.nesting.read(step.state, &outer, step.meter)?;
            let after = self.nesting.advance(&before, &change)?;
            replace(&mut out, self.unmatched(&before), self.unmatched(&after), step.meter)?;
            if before != after {
                self.nesting.write(step.state, &outer, &after);
            }
        }
        Ok(out)
    }

    fn describe(&self) -> (String, Option<String>) {
        let nulls = self.added.iter().all(Value::is_null);
        let values = if nulls { "nulls" } else { "what the aggregates of nothing are" };
        (
            format!("Outer: a row without a match stays, with {values}"),
            Some("each input row with its count of matches".into()),
        )
    }
}

impl Outer {
    fn unmatched(&self, record: &Record) -> Option<Vec<Value>> {
        let row = record.row.as_ref().filter(|_| record.count == 0)?;
        Some(row.iter().cloned().chain(self.added.iter().cloned()).collect())
    }
}
