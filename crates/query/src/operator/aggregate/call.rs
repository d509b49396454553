//! One aggregate of a projection: how the values of a group become one.

use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::language::ast::AggregateOp;
use crate::meter::Meter;
use crate::operator::window::Sort;
use crate::state::StepError;
use livewell_model::Value;
use livewell_model::codec::Writer;

/// The part of the values of a percentile of distinct values that has all of them, and the one with those that count.
pub(super) const ALL: &[u8] = &[0];
pub(super) const COUNTING: &[u8] = &[1];

/// One aggregate of the operator.
#[derive(Debug)]
pub struct Call {
    /// How values become one.
    pub fold: AggregateOp,
    /// Whether equivalent values count once.
    pub distinct: bool,
    /// What is aggregated; `None` is `count(*)`.
    pub argument: Option<Compiled>,
    /// The second argument of a percentile: which one, of 0 to 1; the same in all of a group's rows.
    pub percentile: Option<Compiled>,
    /// What collect is ordered by, before the values themselves.
    pub order: Vec<Sort>,
}

impl Call {
    /// Whether the values are kept, to take one back or to know the next one.
    pub(crate) fn keeps_values(&self) -> bool {
        self.distinct || self.fold.needs_values()
    }

    /// Whether one value counts of each class of equivalent ones. The extremes are the same either way, and a list finds
    /// equivalent values as it is made.
    pub(super) fn counts_classes(&self) -> bool {
        self.distinct && !matches!(self.fold, AggregateOp::Min | AggregateOp::Max | AggregateOp::Collect)
    }

    /// The beginning of the keys of `part`, if the values are kept in two parts.
    pub(super) fn part(&self, part: &'static [u8]) -> &'static [u8] {
        if self.counts_classes() && self.fold.needs_values() { part } else { &[] }
    }

    /// Returns what one row adds: the argument; for a percentile, which one and then the argument, as a list.
    pub(super) fn eval(&self, row: &[Value], meter: &Meter) -> Result<Value, StepError> {
        let value = match &self.argument {
            None => return Ok(Value::Bool(true)),
            Some(argument) => argument.eval_in(row, meter)?,
        };
        match &self.percentile {
            Some(percentile) if !value.is_null() => Ok(Value::list([percentile.eval_in(row, meter)?, value])),
            _ => Ok(value),
        }
    }
}

impl Encode for Call {
    fn encode(&self, out: &mut Writer) {
        let Self { fold, distinct, argument, percentile, order } = self;
        encode_all!(out.u8(*fold as u8), distinct, argument, percentile, order);
    }
}
