//! From what an expression cannot compute on one row, subqueries and functions of time, to slots that hold its values.

use super::needs::AllNeeds;
use super::planner::{Planner, Stage};
use super::schema::{Around, Schema};
use super::{clauses, items, timed};
use crate::expression::{TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind, Gives, Subquery};
use crate::operator::apply::{self, Apply};
use crate::operator::nested::Nesting;
use livewell_model::SmolStr;

/// Appends a slot for each subquery and each function of time in `exprs` to the rows of `stage`, and puts the slot's
/// name in its place.
pub(super) fn lift(
    mut stage: Stage,
    exprs: &mut [&mut Expr],
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    for expr in exprs {
        stage = lift_one(stage, expr, planner)?;
    }
    Ok(stage)
}

fn lift_one(mut stage: Stage, expr: &mut Expr, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    if !expr.has_subquery() && !expr.has_time() {
        return Ok(stage);
    }
    if let ExprKind::Subquery(subquery) = &expr.kind {
        let name = planner.name();
        stage = plan(stage, subquery, expr, &name, planner)?;
        expr.kind = ExprKind::Variable(name);
        return Ok(stage);
    }
    if items::are_used(expr) {
        if let Some(list) = items::list_of(expr) {
            stage = lift_one(stage, list, planner)?;
        }
        *expr = items::as_subquery(expr, &mut || planner.name())?;
    }
    for child in expr.children_mut() {
        stage = lift_one(stage, child, planner)?;
    }
    if matches!(expr.kind, ExprKind::OverTime(..) | ExprKind::Recall(..)) {
        let name = planner.name();
        stage = timed::plan(stage, expr, &name, planner)?;
        expr.kind = ExprKind::Variable(name);
    }
    Ok(stage)
}

/// Plans a subquery over the rows of `stage`: they get one slot more, its value.
fn plan(
    stage: Stage,
    subquery: &Subquery,
    expr: &Expr,
    name: &SmolStr,
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let rows = planner.rows(&stage);
    let needs = AllNeeds::of_subquery(subquery);
    let mut inner = clauses::plan(inside(&stage.schema, rows), &subquery.clauses, &needs, planner)?;
    let (gives, types) = match &subquery.gives {
        Gives::Exists => (apply::Gives::Exists, TypeSet::BOOLEAN),
        Gives::Count => (apply::Gives::Count, TypeSet::INTEGER),
        Gives::Collect(result) => {
            let mut result = result.clone();
            inner = lift(inner, &mut [&mut result], planner)?;
            let compiled = compile(&result, &inner.schema, planner.params)?;
            (apply::Gives::Collect(compiled), TypeSet::LIST)
        }
    };
    let outer = inner.schema.outer.as_ref().expect("a subquery's rows carry those around it");
    let nesting = Nesting {
        number: planner.number(),
        outer: stage.schema.key.clone(),
        inner: outer.key.iter().map(|slot| outer.slots[*slot]).collect(),
    };
    let order = inner.schema.order.clone();
    let operator = Apply { nesting, gives, order, text: planner.text_of(expr.span).to_owned() };
    let inner = planner.rows(&inner);
    let mut schema = stage.schema;
    schema.push(name.clone(), types);
    Ok(Stage::new(planner.add(operator, vec![rows, inner]), schema))
}

/// The rows around a subquery, as its clauses see them.
pub(super) fn inside(around: &Schema, rows: usize) -> Stage {
    let slots = (0..around.width()).collect();
    let schema = Schema {
        names: around.names.clone(),
        types: around.types.clone(),
        key: around.key.clone(),
        order: Vec::new(),
        outer: Some(Around { rows, key: around.key.clone(), slots, in_key: 0..around.key.len() }),
    };
    Stage::new(rows, schema)
}
