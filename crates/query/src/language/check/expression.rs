//! Expressions: names are defined, aggregates stand where they can, types can fit.

use super::super::ast::{Expr, ExprKind};
use super::super::code;
use super::{Checked, Diagnostic, Names};
use crate::expression::TypeSet;
use crate::expression::judge::{Facts, judge};

/// Where an expression stands, as far as aggregates go.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In an item of WITH or RETURN: aggregates are fine.
    Item,
    /// Inside an aggregate.
    Aggregate,
    /// In this other place, which takes none.
    Elsewhere(&'a str),
}

/// An item of WITH or RETURN: the types it can have.
pub(super) fn item(expr: &Expr, names: &Names) -> Checked<TypeSet> {
    Ok(facts(expr, names, Place::Item)?.types)
}

/// An expression in a place without aggregates.
pub(super) fn plain(expr: &Expr, names: &Names, place: &str) -> Checked<()> {
    facts(expr, names, Place::Elsewhere(place)).map(drop)
}

/// A condition.
pub(super) fn boolean(expr: &Expr, names: &Names) -> Checked<()> {
    let types = facts(expr, names, Place::Elsewhere("WHERE"))?.types;
    if types.meets(TypeSet::BOOLEAN) || types == TypeSet::NULL {
        return Ok(());
    }
    let message = format!("a condition must be boolean, but this is always {}", types.describe());
    Err(Diagnostic::semantic(code::TYPE, expr.span, message))
}

/// Only this function calls itself, so its small frame is all that a high expression costs.
fn facts(expr: &Expr, names: &Names, place: Place<'_>) -> Checked<Facts> {
    let inner = inside(expr, place)?;
    let children = expr.children();
    let mut parts = Vec::with_capacity(children.len());
    for child in children {
        parts.push(facts(child, names, inner)?);
    }
    judge(expr, &parts, leaf(expr, names)?)
}

fn leaf(expr: &Expr, names: &Names) -> Checked<TypeSet> {
    match &expr.kind {
        ExprKind::Literal(value) => Ok(TypeSet::of(value)),
        ExprKind::Variable(name) => names.get(name).ok_or_else(|| names.undefined(name, expr.span)),
        _ => Ok(TypeSet::ANY),
    }
}

/// The place in which the parts of an expression stand.
fn inside<'a>(expr: &Expr, place: Place<'a>) -> Checked<Place<'a>> {
    match (&expr.kind, place) {
        (ExprKind::Aggregate(..), Place::Item) => Ok(Place::Aggregate),
        (ExprKind::Aggregate(..), place) => Err(misplaced(expr, place)),
        _ => Ok(place),
    }
}

fn misplaced(expr: &Expr, place: Place<'_>) -> Diagnostic {
    let message = match place {
        Place::Elsewhere(place) => format!("an aggregate cannot stand in {place}"),
        _ => "an aggregate cannot stand inside another".into(),
    };
    Diagnostic::semantic(code::AGGREGATE, expr.span, message)
        .with_help("compute it in a `WITH` clause first: `WITH count(*) AS n WHERE n > 1`")
}
