//! Implicit grouping: what an aggregating item may use outside its aggregates.

use super::super::ast::{Expr, ExprKind, Item};
use super::super::code;
use super::{Checked, Diagnostic};

/// Checks that every value an aggregating item uses outside its aggregates is the same in its whole group:
/// constants, parameters, and variables or properties that are items of their own.
pub(super) fn check(items: &[Item]) -> Checked<()> {
    let (aggregating, grouping): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.expr.has_aggregate());
    let keys: Vec<&Expr> = grouping.iter().map(|item| &item.expr).filter(|key| is_simple(key)).collect();
    aggregating.iter().try_for_each(|item| unambiguous(&item.expr, &keys))
}

/// A variable, or a property of one.
fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Variable(_) => true,
        ExprKind::Property(base, _) => is_simple(base),
        _ => false,
    }
}

fn unambiguous(expr: &Expr, keys: &[&Expr]) -> Checked<()> {
    if matches!(expr.kind, ExprKind::Aggregate(..))
        || (is_simple(expr) && keys.iter().any(|key| key.same_as(expr)))
    {
        return Ok(());
    }
    if let ExprKind::Variable(name) = &expr.kind {
        let message = format!("this item aggregates, and `{name}` has no one value in a group");
        return Err(Diagnostic::semantic(code::AMBIGUOUS, expr.span, message)
            .with_help("group by it: make the variable or its property an item of its own"));
    }
    expr.children().into_iter().try_for_each(|part| unambiguous(part, keys))
}
