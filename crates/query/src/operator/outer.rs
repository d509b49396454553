//! Outer: the rows `M` over each input row, and the input row with values in their stead where there is none: nulls
//! for an OPTIONAL MATCH, what aggregates are of nothing for one over all rows of a subquery.
//!
//! Law: `F(R, M) = M + {r ++ values : r in R without a row in M}`, where each row of `M` begins with its `r`. Whether
//! a row stands among the latter changes as its count of rows in `M` leaves zero or comes back to it.

use super::nested::{Nesting, Record};
use super::{Batch, Inputs, Operator, Step, Weighted, pair};
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
        let mut out = matches.clone();
        for (outer, change) in self.nesting.changes(rows, matches)? {
            let before = self.nesting.read(step.state, &outer)?;
            let after = self.nesting.advance(&before, &change)?;
            let (gone, come) = (self.unmatched(&before), self.unmatched(&after));
            if gone != come {
                out.extend(gone.map(|row| Weighted { row, weight: -1 }));
                out.extend(come.map(|row| Weighted { row, weight: 1 }));
            }
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
