//! From what an expression cannot compute on one row, subqueries and functions of time, to slots that hold its values.

use super::builder::{Builder, Stage};
use super::nodes::{Gives, LogicalOp};
use super::schema::{Around, Schema};
use super::{clauses, items};
use crate::language::Diagnostic;
use crate::language::ast::{self, Expr, ExprKind, RecallFunction, Subquery, TimeFunction};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// Appends a slot for each subquery and each function of time in `exprs` to the rows of `stage`, and puts the slot's
/// name in its place.
pub(super) fn lift(
    mut stage: Stage,
    exprs: &mut [&mut Expr],
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    for expr in exprs {
        stage = lift_one(stage, expr, builder)?;
    }
    Ok(stage)
}

fn lift_one(mut stage: Stage, expr: &mut Expr, builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    if !expr.has_subquery() && !expr.has_time() {
        return Ok(stage);
    }
    if let ExprKind::Subquery(subquery) = &expr.kind {
        let name = builder.name();
        stage = plan(stage, subquery, &name, builder)?;
        expr.kind = ExprKind::Variable(name);
        return Ok(stage);
    }
    if items::are_used(expr) {
        if let Some(list) = items::list_of(expr) {
            stage = lift_one(stage, list, builder)?;
        }
        *expr = items::as_subquery(expr, &mut || builder.name())?;
    }
    for child in expr.children_mut() {
        stage = lift_one(stage, child, builder)?;
    }
    if matches!(expr.kind, ExprKind::OverTime(..) | ExprKind::Recall(..)) {
        let name = builder.name();
        stage = plan_timed(stage, expr, &name, builder);
        expr.kind = ExprKind::Variable(name);
    }
    Ok(stage)
}

/// Plans a subquery over the rows of `stage`: they get one slot more, its value.
fn plan(
    stage: Stage,
    subquery: &Subquery,
    name: &SmolStr,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let rows = builder.rows(&stage);
    let mut inner = clauses::plan(inside(&stage.schema, rows, builder), &subquery.clauses, builder)?;
    let (gives, types) = match &subquery.gives {
        ast::Gives::Exists => (Gives::Exists, TypeSet::BOOLEAN),
        ast::Gives::Count => (Gives::Count, TypeSet::INTEGER),
        ast::Gives::Collect(result) => {
            let mut result = result.clone();
            inner = lift(inner, &mut [&mut result], builder)?;
            (Gives::Collect(result), TypeSet::LIST)
        }
    };
    let outer = inner.schema.outer.as_ref().expect("a subquery's rows carry those around it");
    let around = outer.key.iter().map(|slot| outer.slots[*slot]).collect();
    let inner = builder.rows(&inner);
    let mut schema = stage.schema;
    schema.push(name.clone(), types);
    Ok(Stage::new(builder.add(LogicalOp::Apply { gives, around }, vec![rows, inner], &schema), schema))
}

/// Plans a call of a function of time over the rows of `stage`: they get one slot more, its value.
fn plan_timed(mut stage: Stage, call: &Expr, name: &SmolStr, builder: &mut Builder<'_>) -> Stage {
    let arguments = call.children().into_iter().cloned().collect();
    let (op, types) = match &call.kind {
        ExprKind::OverTime(function, _) => {
            let types = match function {
                TimeFunction::PreviousValue => TypeSet::ANY,
                _ => TypeSet::BOOLEAN.or_null(),
            };
            (LogicalOp::Timed { function: *function, arguments, place: call.span.start }, types)
        }
        ExprKind::Recall(function, _) => {
            let types = match function {
                RecallFunction::ChangeTime => TypeSet::DATE_TIME,
                RecallFunction::VersionAt => TypeSet::ELEMENT,
                RecallFunction::VersionsIn => TypeSet::LIST,
            };
            (LogicalOp::Recalled { function: *function, arguments }, types.or_null())
        }
        _ => unreachable!("only those calls are followed"),
    };
    let input = builder.rows(&stage);
    stage.schema.push(name.clone(), types);
    builder.over(input, op, stage.schema)
}

/// The rows around a subquery, as its clauses see them.
pub(super) fn inside(around: &Schema, rows: usize, builder: &mut Builder<'_>) -> Stage {
    let mut schema = Schema { order: Vec::new(), outer: None, ..around.clone() };
    let rows = builder.add(LogicalOp::Around, vec![rows], &schema);
    let (key, slots) = (around.key.clone(), (0..around.width()).collect());
    schema.outer = Some(Around { rows: Some(rows), in_key: 0..key.len(), key, slots });
    Stage::new(rows, schema)
}
