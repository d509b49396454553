//! The aggregates over the rows of one group, each from all of its values at once.
//!
//! No aggregate sees null, and only collect() depends on the order of the rows: sums are exact and rounded once,
//! and where values are equivalent but not the same (`1` and `1.0`) the encoding of the values decides.

use super::binding::Binding;
use super::binding::SortKey;
use super::exact_sum::ExactSum;
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::order::sort_values;
use super::statistics::{self, deviation, gradient, percentile_cont, percentile_disc};
use crate::expression::EvalError;
use crate::expression::decimal::{made, quotient};
use crate::language::Diagnostic;
use crate::language::ast::{AggregateOp, Expr, ExprKind};
use crate::meter::size;
use bigdecimal::{BigDecimal, Zero};
use livewell_model::decimal::nearest_float;
use livewell_model::{Map, Value, key};
use std::collections::BTreeSet;

/// A compiled aggregate.
#[derive(Debug)]
pub(super) struct Aggregate {
    op: AggregateOp,
    /// What is evaluated for each row; nothing for `count(*)`.
    argument: Option<RowExpr>,
    /// Which percentile.
    share: Option<RowExpr>,
    /// Whether equivalent values count once.
    distinct: bool,
}

/// What an aggregate takes of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    /// The value of its argument.
    value: Value,
    /// For a list: the order of the row.
    order: Vec<SortKey>,
    /// Which percentile.
    share: Option<f64>,
}

impl Aggregate {
    /// Compiles an expression of the kind [`ExprKind::Aggregate`].
    pub(super) fn new(call: &Expr, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let ExprKind::Aggregate(op, arguments, distinct) = &call.kind else {
            unreachable!("only aggregates are collected as aggregates")
        };
        let compile = |at| arguments.get(at).map(|argument| RowExpr::new(argument, names, params));
        let (argument, share) = (compile(0).transpose()?, compile(1).transpose()?);
        Ok(Self { op: *op, argument, share, distinct: *distinct })
    }

    /// What the aggregate needs to know of a row, which is held.
    pub(super) fn take(&self, row: &Binding, graph: &Graph) -> Result<Taken, EvalError> {
        // Once as it is sorted, and once in the list that it becomes part of.
        graph.meter.hold(size_of::<Taken>() + size_of::<Value>())?;
        let mut taken = Taken::default();
        let Some(argument) = &self.argument else { return Ok(taken) };
        taken.value = argument.eval_on(row, graph)?;
        if taken.value.is_null() {
            return Ok(taken);
        }
        graph.meter.hold(size::owned(&taken.value))?;
        if let Some(share) = &self.share {
            taken.share = Some(statistics::share(&share.eval_on(row, graph)?)?);
        }
        if self.op == AggregateOp::Collect {
            taken.order.clone_from(&row.order);
        }
        Ok(taken)
    }

    /// The aggregate's value over the rows of a group.
    pub(super) fn over(&self, rows: Vec<Taken>) -> Result<Value, EvalError> {
        if self.argument.is_none() {
            return Ok(count(rows.len()));
        }
        let shares: Vec<f64> = rows.iter().filter_map(|row| row.share).collect();
        let values = rows.into_iter().filter(|row| !row.value.is_null());
        let mut values: Vec<(Vec<SortKey>, Value)> = values.map(|row| (row.order, row.value)).collect();
        sort_values(&mut values);
        let mut values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        // The extremes of all values are those of the distinct ones: DISTINCT says nothing there.
        if self.distinct && !matches!(self.op, AggregateOp::Min | AggregateOp::Max) {
            let mut seen = BTreeSet::new();
            values.retain(|value| seen.insert(key::of([value])));
        }
        match self.op {
            AggregateOp::Count => Ok(count(values.len())),
            AggregateOp::Sum => self.sum(&values),
            AggregateOp::Avg => self.average(&values),
            AggregateOp::Min => Ok(values.first().cloned().unwrap_or_default()),
            AggregateOp::Max => Ok(values.last().cloned().unwrap_or_default()),
            AggregateOp::Collect => Ok(Value::list(values)),
            AggregateOp::StDev => deviation(&values, true),
            AggregateOp::LinearGradient => gradient(&values),
            AggregateOp::StDevP => deviation(&values, false),
            AggregateOp::PercentileCont | AggregateOp::PercentileDisc => self.percentile(&values, &shares),
        }
    }

    fn percentile(&self, values: &[Value], shares: &[f64]) -> Result<Value, EvalError> {
        let Some(share) = shares.first() else { return Ok(Value::Null) };
        if shares.iter().any(|other| other != share) {
            return Err(EvalError::argument("a percentile has to be the same for all values of a group"));
        }
        // A percentile is of numbers, all of them.
        values.iter().try_for_each(|value| statistics::float(value).map(drop))?;
        match self.op {
            AggregateOp::PercentileDisc => Ok(percentile_disc(values, *share)),
            _ => percentile_cont(values, *share),
        }
    }

    fn sum(&self, values: &[Value]) -> Result<Value, EvalError> {
        let total = self.total(values)?;
        if values.iter().any(|value| matches!(value, Value::Float(_))) {
            return Ok(Value::Float(total));
        }
        if let Some(total) = decimal_total(values) {
            return made(&total, || "the sum of the decimals".into());
        }
        let ints = values.iter().map(|value| if let Value::Int(int) = value { i128::from(*int) } else { 0 });
        let overflow = |_| EvalError::overflow("the sum of the integers");
        i64::try_from(ints.sum::<i128>()).map(Value::Int).map_err(overflow)
    }

    fn average(&self, values: &[Value]) -> Result<Value, EvalError> {
        let total = self.total(values)?;
        if let Some(total) = decimal_total(values) {
            return made(&quotient(&total, &BigDecimal::from(values.len() as u64)), || {
                "the average of the decimals".into()
            });
        }
        Ok(if values.is_empty() { Value::Null } else { Value::Float(total / values.len() as f64) })
    }

    /// The sum of all numbers, rounded once.
    fn total(&self, values: &[Value]) -> Result<f64, EvalError> {
        let mut finite = ExactSum::zero();
        let mut decimals = BigDecimal::zero();
        let mut infinite = Vec::new();
        for value in values {
            match value {
                Value::Int(int) => finite.add_int(*int),
                Value::Float(float) if float.is_finite() => finite.add_float(*float),
                Value::Float(float) => infinite.push(*float),
                Value::Decimal(decimal) => decimals += decimal.number(),
                other => {
                    let found = other.type_name();
                    return Err(EvalError::types(format!("sum() and avg() need numbers and got a {found}")));
                }
            }
        }
        let infinities: f64 = infinite.iter().sum();
        Ok(match infinite.first() {
            None if decimals.is_zero() => finite.to_f64(),
            None => nearest_float(&(decimals + finite_total(values))),
            // There is one NaN here, whatever sign the processor gave it.
            Some(_) if infinities.is_nan() => f64::NAN,
            Some(_) => infinities,
        })
    }
}

/// The sum where decimals are among the values and floats are not.
fn decimal_total(values: &[Value]) -> Option<BigDecimal> {
    let has = |wanted: fn(&Value) -> bool| values.iter().any(wanted);
    let is_decimal =
        has(|value| matches!(value, Value::Decimal(_))) && !has(|value| matches!(value, Value::Float(_)));
    let decimals = values.iter().filter_map(|value| match value {
        Value::Decimal(decimal) => Some(decimal.number().clone()),
        _ => None,
    });
    is_decimal.then(|| decimals.sum::<BigDecimal>() + finite_total(values))
}

/// The exact sum of the integers and floats, all of them finite.
fn finite_total(values: &[Value]) -> BigDecimal {
    let exact = values.iter().filter_map(|value| match value {
        Value::Int(int) => Some(BigDecimal::from(*int)),
        Value::Float(float) => Some(BigDecimal::try_from(*float).expect("a finite float")),
        _ => None,
    });
    exact.sum()
}

fn count(rows: usize) -> Value {
    Value::Int(i64::try_from(rows).expect("rows in memory are fewer than 2^63"))
}
