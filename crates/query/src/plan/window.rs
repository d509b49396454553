//! From ORDER BY, SKIP and LIMIT to the order of the rows and the window on them.

use super::planner::{Planner, Stage};
use super::schema::Schema;
use super::subquery;
use crate::expression::{TypeSet, compile};
use crate::language::ast::{Expr, ExprKind, Projection};
use crate::language::{Diagnostic, code};
use crate::operator::project::{Project, Slot};
use crate::operator::window::{Sort, Window};
use livewell_model::{SmolStr, Value};

/// Orders the rows of `stage`, which hold the projection's items, and keeps those in its window.
pub(super) fn plan(
    stage: Stage,
    projection: &Projection,
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let stage = order(stage, projection, planner)?;
    let count = |expr: &Option<Expr>| expr.as_ref().map(|expr| whole_number(expr, planner)).transpose();
    let (skip, limit) = (count(&projection.skip)?, count(&projection.limit)?);
    if skip.is_none() && limit.is_none() {
        return Ok(stage);
    }
    let operator = Window {
        number: planner.number(),
        outer: stage.schema.outer.as_ref().map(|outer| outer.slots.clone()).unwrap_or_default(),
        order: stage.schema.order.clone(),
        key: stage.schema.key.clone(),
        skip: skip.unwrap_or(0),
        limit,
        text: words(projection, planner),
    };
    let input = planner.rows(&stage);
    Ok(Stage::new(planner.add(operator, vec![input]), stage.schema))
}

/// Gives the rows a slot for each sort key that is not one already.
fn order(mut stage: Stage, projection: &Projection, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    if projection.order.is_empty() {
        return Ok(stage);
    }
    let mut keys: Vec<Expr> = projection.order.iter().map(|sort| sort.expr.clone()).collect();
    stage = subquery::lift(stage, &mut keys.iter_mut().collect::<Vec<_>>(), planner)?;
    let mut slots: Vec<Slot> = (0..stage.schema.width()).map(Slot::Keep).collect();
    let mut sorts = Vec::with_capacity(keys.len());
    for (key, sort) in keys.iter().zip(&projection.order) {
        let known = match &key.kind {
            ExprKind::Variable(name) => stage.schema.position(name),
            _ => None,
        };
        let slot = match known {
            Some(slot) => slot,
            None => {
                slots.push(Slot::Compute(compile(key, &stage.schema, planner.params)?));
                stage.schema.push(SmolStr::default(), TypeSet::ANY)
            }
        };
        sorts.push(Sort { slot, descending: sort.descending });
    }
    let input = planner.rows(&stage);
    let mut schema = std::mem::take(&mut stage.schema);
    schema.order = sorts;
    let computes = slots.iter().any(|slot| matches!(slot, Slot::Compute(_)));
    if !computes {
        return Ok(Stage::new(input, schema));
    }
    let text = "the keys of ORDER BY".to_owned();
    Ok(Stage::new(planner.add(Project { slots, text }, vec![input]), schema))
}

fn whole_number(expr: &Expr, planner: &Planner<'_>) -> Result<usize, Diagnostic> {
    let value = compile(expr, &Schema::default(), planner.params)?.eval(&[]);
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

fn words(projection: &Projection, planner: &Planner<'_>) -> String {
    let keys: Vec<String> = projection
        .order
        .iter()
        .map(|sort| {
            let way = if sort.descending { " DESC" } else { "" };
            format!("{}{way}", planner.text_of(sort.expr.span))
        })
        .collect();
    let order = (!keys.is_empty()).then(|| format!("ORDER BY {}", keys.join(", ")));
    let part = |name: &str, expr: &Option<Expr>| {
        expr.as_ref().map(|expr| format!("{name} {}", planner.text_of(expr.span)))
    };
    let parts = [order, part("SKIP", &projection.skip), part("LIMIT", &projection.limit)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
