//! Outer: the rows that a match gives for each input row, and the input row with nulls where it gives none.
//!
//! Law: `F(R, M) = M + {r ++ nulls : r in R without a row in M}`, where each row of `M` begins with its `r`. A
//! row's place among the nulls changes as its count of matches leaves zero or comes back to it.

use super::nested::{Nesting, Record};
use super::{Batch, Operator, Step, Weighted};
use crate::state::StepError;
use livewell_model::Value;

/// See the module.
#[derive(Debug)]
pub struct Outer {
    /// Which input row a match belongs to.
    pub nesting: Nesting,
    /// How many slots a match adds.
    pub added: usize,
}

impl Operator for Outer {
    fn step(&self, step: &mut Step<'_>, inputs: Vec<Batch>) -> Result<Batch, StepError> {
        let [rows, matches] = <[Batch; 2]>::try_from(inputs).expect("an outer match has two inputs");
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
        (
            "Outer: a row without a match stays, with nulls".into(),
            Some("each input row with its count of matches".into()),
        )
    }
}

impl Outer {
    fn unmatched(&self, record: &Record) -> Option<Vec<Value>> {
        let row = record.row.as_ref().filter(|_| record.count == 0)?;
        Some(row.iter().cloned().chain(std::iter::repeat_n(Value::Null, self.added)).collect())
    }
}
