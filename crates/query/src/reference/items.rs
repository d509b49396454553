//! List expressions in which a subquery uses the items: evaluated item by item, each with a row of its own.

use super::binding::Binding;
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use crate::expression::EvalError;
use crate::expression::logic::{truth, value};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind, Quantifier};
use livewell_model::{Map, SmolStr, Value};

/// A list expression over the rows of one clause.
#[derive(Debug)]
pub(super) struct Iterating {
    list: RowExpr,
    becomes: Becomes,
}

/// What the items become, by expressions over the row with the item behind it.
#[derive(Debug)]
enum Becomes {
    List {
        condition: Option<RowExpr>,
        result: Option<RowExpr>,
    },
    Truth(Quantifier, RowExpr),
    /// The running value stands between the row and the item.
    Total {
        start: RowExpr,
        step: RowExpr,
    },
}

impl Iterating {
    /// Compiles a comprehension, a quantifier or a reduce.
    pub(super) fn new(expr: &Expr, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let within = |more: &[&SmolStr]| {
            let mut within = names.clone();
            for name in more {
                within.push(Some((*name).clone()));
            }
            within
        };
        match &expr.kind {
            ExprKind::ListComprehension(inner) => {
                let within = within(&[&inner.variable.text]);
                let compile = |part: &Option<Expr>| {
                    part.as_ref().map(|part| RowExpr::new(part, &within, params)).transpose()
                };
                let (condition, result) = (compile(&inner.condition)?, compile(&inner.result)?);
                let list = RowExpr::new(&inner.list, names, params)?;
                Ok(Self { list, becomes: Becomes::List { condition, result } })
            }
            ExprKind::Quantifier(quantifier, inner) => {
                let within = within(&[&inner.variable.text]);
                let condition = inner.condition.as_ref().expect("a quantifier has a condition");
                let condition = RowExpr::new(condition, &within, params)?;
                let list = RowExpr::new(&inner.list, names, params)?;
                Ok(Self { list, becomes: Becomes::Truth(*quantifier, condition) })
            }
            ExprKind::Reduce(reduce) => {
                let within = within(&[&reduce.accumulator.text, &reduce.variable.text]);
                let start = RowExpr::new(&reduce.start, names, params)?;
                let step = RowExpr::new(&reduce.step, &within, params)?;
                let list = RowExpr::new(&reduce.list, names, params)?;
                Ok(Self { list, becomes: Becomes::Total { start, step } })
            }
            _ => unreachable!("only these have items"),
        }
    }

    /// Its value on a row; `identified`: the row where it has an identity.
    pub(super) fn value(
        &self,
        row: &[Value],
        identified: Option<&Binding>,
        graph: &Graph,
    ) -> Result<Value, EvalError> {
        let list = self.list.eval_with(row, identified, graph)?;
        let items = match &list {
            Value::Null => return Ok(Value::Null),
            Value::List(items) => items,
            other => return Err(EvalError::types(format!("a list is needed, not a {}", other.type_name()))),
        };
        let on = |expr: &RowExpr, more: &[&Value]| {
            let row: Vec<Value> = row.iter().chain(more.iter().copied()).cloned().collect();
            expr.eval_with(&row, identified, graph)
        };
        match &self.becomes {
            Becomes::List { condition, result } => {
                let mut list = Vec::new();
                for item in items.iter() {
                    if let Some(condition) = condition
                        && truth(&on(condition, &[item])?)? != Some(true)
                    {
                        continue;
                    }
                    graph.meter.hold(2 * size_of::<Value>())?;
                    list.push(result.as_ref().map_or(Ok(item.clone()), |result| on(result, &[item]))?);
                }
                Ok(Value::list(list))
            }
            Becomes::Truth(quantifier, condition) => {
                let truths = items.iter().map(|item| truth(&on(condition, &[item])?));
                Ok(value(judged(*quantifier, &truths.collect::<Result<Vec<_>, EvalError>>()?)))
            }
            Becomes::Total { start, step } => {
                let start = start.eval_with(row, identified, graph)?;
                items.iter().try_fold(start, |total, item| on(step, &[&total, item]))
            }
        }
    }
}

/// The truth of a quantifier over what its condition is for each item; a null may be either.
fn judged(quantifier: Quantifier, truths: &[Option<bool>]) -> Option<bool> {
    let count = |wanted: Option<bool>| truths.iter().filter(|truth| **truth == wanted).count();
    let (least, most) = (count(Some(true)), count(Some(true)) + count(None));
    let holds = |count: usize| match quantifier {
        Quantifier::All => count == truths.len(),
        Quantifier::Any => count > 0,
        Quantifier::None => count == 0,
        Quantifier::Single => count == 1,
    };
    let first = holds(least);
    (least..=most).all(|count| holds(count) == first).then_some(first)
}
