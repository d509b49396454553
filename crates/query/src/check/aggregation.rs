//! Implicit grouping: what an aggregating expression may use outside its aggregates.

use super::bound::{Bound, uses};
use super::checker::Checked;
use super::names::Names;
use crate::language::ast::{Expr, ExprKind, Item, Span};
use crate::language::{Diagnostic, code};
use livewell_model::SmolStr;
use std::collections::BTreeSet;

/// What has one value in each group: variables and properties that are grouping items, and names.
pub(super) struct Keys(BTreeSet<Vec<SmolStr>>);

impl Keys {
    pub(super) fn of(items: &[Item]) -> Self {
        let grouping = items.iter().filter(|item| !item.expr.has_aggregate());
        Self(grouping.filter_map(|item| path(&item.expr)).collect())
    }

    /// Like the check above, but with the columns themselves, for what is evaluated after the items.
    pub(super) fn with_columns(mut self, items: &[Item]) -> Self {
        self.0.extend(items.iter().map(|item| vec![item.name.clone()]));
        self
    }

    fn has(&self, expr: &Expr) -> bool {
        path(expr).is_some_and(|path| self.0.contains(&path))
    }
}

/// A variable, or a property of one, as the names it consists of.
fn path(expr: &Expr) -> Option<Vec<SmolStr>> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(vec![name.clone()]),
        ExprKind::Property(base, key) => {
            let mut path = path(base)?;
            path.push(key.clone());
            Some(path)
        }
        _ => None,
    }
}

/// Checks that every value an aggregating item uses outside its aggregates is the same in its whole group:
/// constants, parameters, and variables or properties that are items of their own.
pub(super) fn check(items: &[Item], names: &Names) -> Checked<()> {
    let keys = Keys::of(items);
    let mut aggregating = items.iter().filter(|item| item.expr.has_aggregate());
    aggregating.try_for_each(|item| unambiguous(&item.expr, &keys, names))
}

/// Checks an aggregating expression; names that are not known in `names` are none of its concern.
pub(super) fn unambiguous(expr: &Expr, keys: &Keys, names: &Names) -> Checked<()> {
    Grouped { keys, names, around: vec![] }.check(expr)
}

struct Grouped<'a> {
    keys: &'a Keys,
    names: &'a Names,
    /// What the expressions around bind.
    around: Vec<SmolStr>,
}

impl Grouped<'_> {
    fn check(&mut self, expr: &Expr) -> Checked<()> {
        match &expr.kind {
            ExprKind::Aggregate(..) => return Ok(()),
            ExprKind::Variable(_) | ExprKind::Property(..) if self.is_key(expr) => return Ok(()),
            ExprKind::Variable(name) if self.is_of_row(name) => {
                return Err(ambiguous(name, expr.span));
            }
            ExprKind::Subquery(_) => return self.subquery(expr),
            _ => {}
        }
        let bound = Bound::by(expr);
        for (at, part) in expr.children().into_iter().enumerate() {
            let count = bound.enter(at, &mut self.around);
            self.check(part)?;
            self.around.truncate(self.around.len() - count);
        }
        Ok(())
    }

    fn is_key(&self, expr: &Expr) -> bool {
        let mut root = expr;
        while let ExprKind::Property(base, _) = &root.kind {
            root = base;
        }
        let local = matches!(&root.kind, ExprKind::Variable(name) if self.around.contains(name));
        !local && self.keys.has(expr)
    }

    fn is_of_row(&self, name: &str) -> bool {
        self.names.get(name).is_some() && !self.around.iter().any(|bound| bound == name)
    }

    /// A subquery beside an aggregate would have to be evaluated on groups.
    fn subquery(&self, expr: &Expr) -> Checked<()> {
        let mut used = None;
        uses(expr, &mut self.around.clone(), &mut |name, span| {
            if used.is_none() && self.is_of_row(name) {
                used = Some((name.clone(), span));
            }
        });
        let Some((name, span)) = used else { return Ok(()) };
        if !self.keys.0.contains(std::slice::from_ref(&name)) {
            return Err(ambiguous(&name, span));
        }
        Err(Diagnostic::not_yet(span, "a subquery beside an aggregate in one item")
            .with_help("make the subquery an item of its own, and put the two together in the next clause"))
    }
}

fn ambiguous(name: &str, span: Span) -> Diagnostic {
    let message = format!("this item aggregates, and `{name}` has no one value in a group");
    Diagnostic::semantic(code::AMBIGUOUS, span, message)
        .with_help("group by it: make the variable or its property an item of its own")
}
