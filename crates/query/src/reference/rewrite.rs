//! From the items of a projection with aggregates to expressions over one row per group.
//!
//! In `RETURN n.x, n.x + count(*)` the first item is a grouping value. The second is rewritten to
//! `group 0 + aggregate 0`: whatever equals a grouping item becomes that item's variable, whatever is an
//! aggregate becomes the aggregate's. A variable that is left over is not known to the group, and compiling
//! the rewritten item says so.

use crate::language::ast::{Expr, ExprKind, Item, Span};
use livewell_model::SmolStr;

/// The variables of one row per group, and what each stands for.
#[derive(Debug)]
pub(super) struct Grouping {
    keys: Vec<Expr>,
    aggregates: Vec<Expr>,
}

impl Grouping {
    /// The items without aggregates are the grouping items.
    pub(super) fn new(items: &[Item]) -> Self {
        let keys = items.iter().map(|item| &item.expr).filter(|expr| !expr.has_aggregate());
        Self { keys: keys.cloned().collect(), aggregates: Vec::new() }
    }

    /// The grouping items' expressions, over the rows before grouping.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Expr> {
        self.keys.iter()
    }

    /// The aggregates met so far by [`Self::rewrite`], over the rows before grouping.
    pub(super) fn aggregates(&self) -> impl Iterator<Item = &Expr> {
        self.aggregates.iter()
    }

    /// The names of a group's slots: its grouping values, then its aggregates.
    pub(super) fn names(&self) -> impl Iterator<Item = SmolStr> {
        let keys = (0..self.keys.len()).map(key_name);
        keys.chain((0..self.aggregates.len()).map(aggregate_name))
    }

    /// `expr` over one row per group.
    pub(super) fn rewrite(&mut self, expr: &Expr) -> Expr {
        if let Some(at) = self.keys.iter().position(|key| key.same_as(expr)) {
            return variable(key_name(at), expr.span);
        }
        if matches!(expr.kind, ExprKind::Aggregate(..)) {
            self.aggregates.push(expr.clone());
            return variable(aggregate_name(self.aggregates.len() - 1), expr.span);
        }
        // The aggregates of a subquery are its own.
        if matches!(expr.kind, ExprKind::Subquery(_)) {
            return expr.clone();
        }
        let mut rewritten = expr.clone();
        for child in rewritten.children_mut() {
            *child = self.rewrite(child);
        }
        rewritten
    }
}

// No identifier of a query's text begins with a control character.
fn key_name(at: usize) -> SmolStr {
    SmolStr::from(format!("\u{1}group {at}"))
}

fn aggregate_name(at: usize) -> SmolStr {
    SmolStr::from(format!("\u{1}aggregate {at}"))
}

fn variable(name: SmolStr, span: Span) -> Expr {
    Expr { kind: ExprKind::Variable(name), span }
}
