//! The WHERE of a WITH: it is a condition over the projected names, but Cypher lets it speak of what was
//! projected in the words from before, and of variables that are not projected at all.

use super::super::ast::{Expr, ExprKind, Projection};
use super::projection::variable_item;
use super::{Checked, Names, condition};
use livewell_model::SmolStr;

/// Brings the condition of `with` into the projected names. What it needs beyond them is projected, too, and
/// taken away again by a second WITH.
pub(super) fn check(mut with: Projection, before: &Names, projected: &Names) -> Checked<Vec<Projection>> {
    let Some(mut where_) = with.condition.take() else { return Ok(vec![with]) };
    if where_.has_aggregate() {
        condition(&where_, before)?;
    }
    rename(&mut where_, &with, projected);
    let mut missing: Vec<SmolStr> = vec![];
    unprojected(&where_, projected, &mut missing);
    let aggregates = with.items.iter().any(|item| item.expr.has_aggregate());
    let visible = !with.distinct && !aggregates && missing.iter().all(|name| before.get(name).is_some());
    if missing.is_empty() || !visible {
        condition(&where_, projected)?;
        with.condition = Some(where_);
        return Ok(vec![with]);
    }
    let mut wider = Names::default();
    let kept = with.items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    for name in kept.iter().chain(&missing) {
        wider.define(
            name.clone(),
            projected.get(name).or(before.get(name)).unwrap_or(crate::expression::TypeSet::ANY),
        );
    }
    condition(&where_, &wider)?;
    let span = with.span;
    let narrow = kept.into_iter().map(|name| variable_item(name, span)).collect();
    with.items.extend(missing.into_iter().map(|name| variable_item(name, span)));
    with.condition = Some(where_);
    Ok(vec![
        with,
        Projection {
            distinct: false,
            items: narrow,
            order: vec![],
            skip: None,
            limit: None,
            condition: None,
            span,
        },
    ])
}

/// Replaces each expression that is an item by the item's name, unless it can be read in the projected
/// names as it stands.
fn rename(expr: &mut Expr, with: &Projection, projected: &Names) {
    let mut missing = vec![];
    unprojected(expr, projected, &mut missing);
    if missing.is_empty() {
        return;
    }
    match with.items.iter().find(|item| item.expr.same_as(expr)) {
        Some(item) => expr.kind = ExprKind::Variable(item.name.clone()),
        None => expr.children_mut().into_iter().for_each(|part| rename(part, with, projected)),
    }
}

/// Collects the variables of an expression that are not projected.
fn unprojected(expr: &Expr, projected: &Names, missing: &mut Vec<SmolStr>) {
    match &expr.kind {
        ExprKind::Variable(name) if projected.get(name).is_none() && !missing.contains(name) => {
            missing.push(name.clone());
        }
        _ => expr.children().into_iter().for_each(|part| unprojected(part, projected, missing)),
    }
}
