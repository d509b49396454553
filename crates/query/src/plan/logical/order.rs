//! From ORDER BY, SKIP and LIMIT to the order of the rows and the window on them.

use super::builder::{Builder, Stage};
use super::nodes::LogicalOp;
use super::schema::Schema;
use super::subquery;
use crate::expression::compile;
use crate::language::ast::{Expr, ExprKind, Projection};
use crate::language::{Diagnostic, code};
use crate::operator::window::Sort;
use crate::types::TypeSet;
use livewell_model::{SmolStr, Value};

/// Orders the rows of `stage`, which hold the projection's items, and keeps those in its window.
pub(super) fn plan(
    stage: Stage,
    projection: &Projection,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let stage = sort(stage, projection, builder)?;
    let count = |expr: &Option<Expr>| expr.as_ref().map(|expr| whole_number(expr, builder)).transpose();
    let (skip, limit) = (count(&projection.skip)?, count(&projection.limit)?);
    if skip.is_none() && limit.is_none() {
        return Ok(stage);
    }
    let partition = stage.schema.outer.as_ref().map(|outer| outer.slots.clone()).unwrap_or_default();
    let input = builder.rows(&stage);
    let op = LogicalOp::Window { partition, skip: skip.unwrap_or(0), limit };
    Ok(builder.over(input, op, stage.schema))
}

/// Appends a slot to the rows for each sort key that is not one already.
fn sort(mut stage: Stage, projection: &Projection, builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    if projection.order.is_empty() {
        return Ok(stage);
    }
    let mut keys: Vec<Expr> = projection.order.iter().map(|sort| sort.expr.clone()).collect();
    stage = subquery::lift(stage, &mut keys.iter_mut().collect::<Vec<_>>(), builder)?;
    let input = builder.rows(&stage);
    let mut computed = Vec::new();
    let mut sorts = Vec::with_capacity(keys.len());
    for (key, sort) in keys.into_iter().zip(&projection.order) {
        let known = match &key.kind {
            ExprKind::Variable(name) => stage.schema.position(name),
            _ => None,
        };
        let slot = known.unwrap_or_else(|| {
            computed.push(key);
            stage.schema.push(SmolStr::default(), TypeSet::ANY)
        });
        sorts.push(Sort { slot, descending: sort.descending });
    }
    stage.schema.order = sorts;
    Ok(builder.over(input, LogicalOp::Sort(computed), stage.schema))
}

fn whole_number(expr: &Expr, builder: &Builder<'_>) -> Result<usize, Diagnostic> {
    let value = compile(expr, &Schema::default(), builder.params)?.eval(&[]);
    match value {
        Ok(Value::Int(count)) if count >= 0 => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        Ok(other) => {
            let message = match other {
                Value::Int(negative) => {
                    format!("a whole number, 0 or more, is needed, but this is {negative}")
                }
                other => format!("a whole number, 0 or more, is needed, but this is a {}", other.type_name()),
            };
            Err(Diagnostic::semantic(code::TYPE, expr.span, message))
        }
        Err(error) => Err(Diagnostic::semantic(code::TYPE, expr.span, error.to_string())),
    }
}
