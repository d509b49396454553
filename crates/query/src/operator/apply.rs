//! Apply: each input row with the value of a subquery behind it.
//!
//! Law: `F(R, M) = {r ++ v(M of r) : r in R}`, where each row of `M` says to which `r` it belongs and `v` is
//! whether there is one, how many there are, or the list of what they hold. A changed `M of r` takes the old
//! row back and puts the new one out.
//!
//! State beside [`super::nested`]'s:
//! ```text
//! operator u16 | 1 | key of the outer row | sort keys | exact value -> how many inner rows hold the value, the value
//! ```

use super::aggregate::multiset;
use super::nested::{Nesting, Record};
use super::window::{Sort, order_key};
use super::writing::Writing;
use super::{Batch, Inputs, Operator, Step, Weighted, pair, replace, settle};
use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::language::ast::AggregateOp;
use crate::meter::Meter;
use crate::state::{State, StepError};
use livewell_model::Value;
use livewell_model::codec::Writer;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

/// What a subquery's rows become.
#[derive(Debug)]
pub enum Gives {
    /// Whether there is one.
    Exists,
    /// How many there are.
    Count,
    /// The list of this expression's values on them, nulls included, in their order.
    Collect(Compiled),
}

/// Adds to each row what a subquery comes to for it.
#[derive(Debug)]
pub struct Apply {
    /// Which input row an inner row belongs to.
    pub nesting: Nesting,
    /// What they become.
    pub gives: Gives,
    /// What a list is ordered by, before the values themselves.
    pub order: Vec<Sort>,
}

impl Operator for Apply {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let [rows, inner] = pair(inputs);
        let mut out = Batch::new();
        let changes = self.nesting.changes(rows, &inner, step.meter)?;
        if let Gives::Collect(value) = &self.gives {
            self.collect(step, value, inner)?;
        }
        let (given, is_empty) = (step.meter.held(), self.nesting.is_empty(step.state, changes.len())?);
        let mut writing = Writing::of_about(changes.len(), step.meter);
        for (outer, change) in changes {
            settle(step.meter, given + writing.held(), &out);
            let before = match is_empty {
                true => Record::default(),
                false => self.nesting.read(step.state, &outer, step.meter)?,
            };
            let mut after = self.nesting.advance(&before, change)?;
            after.result = self.result(step.state, &outer, &after, step.meter)?;
            if before == after {
                continue;
            }
            let (key, value) = self.nesting.written(&outer, &after);
            writing.write(step.state, key, value)?;
            replace(&mut out, shown(before), shown(after), step.meter)?;
        }
        writing.finish(step.state)?;
        Ok(out)
    }
}

impl Apply {
    /// Takes the values of changed inner rows in.
    fn collect(&self, step: &mut Step<'_>, value: &Compiled, mut inner: Batch) -> Result<(), StepError> {
        // What goes, goes first: the old and the new version of an element have one exact key.
        inner.sort_by_key(|entry| entry.weight > 0);
        for Weighted { row, weight } in &inner {
            let mut place = self.values(&self.nesting.outer_key(row));
            place.extend(order_key(&self.order, row));
            multiset::add(step.state, &place, &value.eval_in(row, step.meter)?, *weight)?;
        }
        Ok(())
    }

    fn result(
        &self,
        state: &dyn State,
        outer: &[u8],
        record: &Record,
        meter: &Meter,
    ) -> Result<Value, StepError> {
        match &self.gives {
            Gives::Exists => Ok(Value::Bool(record.count > 0)),
            Gives::Count => Ok(Value::Int(record.count)),
            Gives::Collect(_) => {
                multiset::result(state, &self.values(outer), AggregateOp::Collect, false, meter)
            }
        }
    }

    /// The beginning of the keys of the values that belong to an outer row.
    fn values(&self, outer: &[u8]) -> Vec<u8> {
        self.nesting.key(1, outer)
    }
}

/// The row with the subquery's value behind it, while it is there.
fn shown(record: Record) -> Option<Vec<Value>> {
    let mut row = record.row?;
    row.push(record.result);
    Some(row)
}

impl Encode for Apply {
    fn encode(&self, out: &mut Writer) {
        let Self { nesting, gives, order } = self;
        encode_all!(out, nesting, gives, order);
    }
}

impl Encode for Gives {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Exists => encode_all!(out, &0_u16),
            Self::Count => encode_all!(out, &1_u16),
            Self::Collect(value) => encode_all!(out, &2_u16, value),
        }
    }
}
