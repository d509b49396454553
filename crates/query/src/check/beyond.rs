//! What ORDER BY and the WHERE of a WITH may say. They speak of the projected names, but Cypher lets them name
//! what was projected in the words from before, and use variables that are not projected at all.

use super::aggregation::{Keys, unambiguous};
use super::bound::{Bound, uses};
use super::checker::{Checked, Checker};
use super::expression::{Place, misplaced};
use super::names::Known;
use crate::language::ast::{Expr, ExprKind, Item, Projection, Span};
use crate::language::{Diagnostic, code};
use livewell_model::SmolStr;
use std::collections::BTreeSet;

impl Checker {
    /// Brings ORDER BY and WHERE into the projected names and checks them. `written` are the items as the text
    /// has them, `projected` the names they leave. Gives the names needed beyond those.
    pub(super) fn beyond(
        &mut self,
        projection: &mut Projection,
        written: &[Item],
        projected: &[Known],
    ) -> Checked<Vec<Known>> {
        let aggregates = written.iter().any(|item| item.expr.has_aggregate());
        let columns = Columns::of(written);
        for sort in &mut projection.order {
            if sort.expr.has_aggregate() {
                self.aggregating_sort(&mut sort.expr, written, aggregates)?;
            }
            columns.rename(&mut sort.expr);
            if let Some(aggregate) = first_aggregate(&sort.expr) {
                return Err(misplaced(aggregate, Place::Elsewhere("ORDER BY unless it is an item, too")));
            }
        }
        if let Some(condition) = &mut projection.condition {
            if let Some(aggregate) = first_aggregate(condition) {
                return Err(misplaced(aggregate, Place::Condition));
            }
            columns.rename(condition);
        }
        let missing = self.missing(projection, projected, projection.distinct || aggregates)?;
        self.names.replace(projected.iter().chain(&missing).cloned().collect());
        for sort in &mut projection.order {
            self.plain(&mut sort.expr, "ORDER BY")?;
        }
        projection.condition.as_mut().map_or(Ok(()), |condition| self.condition(condition))?;
        Ok(missing)
    }

    /// An aggregate in ORDER BY must be one of the items, and what stands beside it the same in a group.
    fn aggregating_sort(&self, expr: &mut Expr, written: &[Item], aggregates: bool) -> Checked<()> {
        if !aggregates && let Some(aggregate) = first_aggregate(expr) {
            return Err(misplaced(aggregate, Place::Elsewhere("ORDER BY where no item aggregates")));
        }
        if written.iter().any(|item| item.expr.same_as(expr)) {
            return Ok(());
        }
        unambiguous(expr, &Keys::of(written).with_columns(written), &self.names)
    }

    /// The names from before that ORDER BY and WHERE use and that are not projected.
    fn missing(&self, projection: &Projection, projected: &[Known], hidden: bool) -> Checked<Vec<Known>> {
        let mut names: BTreeSet<&SmolStr> = projected.iter().map(|known| &known.written).collect();
        let mut found: Vec<(SmolStr, Span)> = vec![];
        let exprs = projection.order.iter().map(|sort| &sort.expr).chain(&projection.condition);
        exprs.for_each(|expr| uses(expr, &mut vec![], &mut |name, span| found.push((name.clone(), span))));
        let mut missing = vec![];
        for (name, span) in &found {
            let Some(known) = self.names.own().iter().rev().find(|known| known.written == *name) else {
                continue;
            };
            if names.insert(name) {
                if hidden {
                    return Err(not_projected(name, *span));
                }
                missing.push(known.clone());
            }
        }
        Ok(missing)
    }
}

fn not_projected(name: &str, span: Span) -> Diagnostic {
    let message = format!("the variable `{name}` is not defined here");
    Diagnostic::semantic(code::UNDEFINED, span, message)
        .with_help("behind DISTINCT and aggregates only the columns can be used: project it, too")
}

fn first_aggregate(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Aggregate(..) => Some(expr),
        ExprKind::Subquery(_) => None,
        _ => expr.children().into_iter().find_map(first_aggregate),
    }
}

/// The items of a projection, to be found in what stands behind them.
struct Columns {
    /// Each item's expression without its places, and its name.
    items: Vec<(Expr, SmolStr)>,
    /// The names that mean something else once they are projected.
    changed: Vec<SmolStr>,
}

impl Columns {
    fn of(written: &[Item]) -> Self {
        let is_itself =
            |item: &Item| matches!(&item.expr.kind, ExprKind::Variable(name) if *name == item.name);
        let changed = written.iter().filter(|item| !is_itself(item)).map(|item| item.name.clone());
        let items = written.iter().map(|item| (item.expr.without_spans(), item.name.clone()));
        Self { items: items.collect(), changed: changed.collect() }
    }

    /// Replaces each part of an expression that is an item by the item's name.
    fn rename(&self, expr: &mut Expr) {
        let bare = expr.without_spans();
        self.rename_as(expr, &bare, &mut self.changed.clone(), true);
    }

    /// `bare` is the expression without its places; names in `other` mean something else here than in an item,
    /// and so do `aggregates` in a subquery.
    fn rename_as(&self, expr: &mut Expr, bare: &Expr, other: &mut Vec<SmolStr>, aggregates: bool) {
        let item = self.items.iter().find(|(item, _)| item == bare);
        let means_it = |item: &Expr| !mentions(item, other) && (aggregates || !item.has_aggregate());
        if let Some((_, name)) = item.filter(|(item, _)| means_it(item)) {
            expr.kind = ExprKind::Variable(name.clone());
            return;
        }
        let aggregates = aggregates && !matches!(expr.kind, ExprKind::Subquery(_));
        let bound = Bound::by(expr);
        for (at, (part, bare)) in expr.children_mut().into_iter().zip(bare.children()).enumerate() {
            let count = bound.enter(at, other);
            self.rename_as(part, bare, other, aggregates);
            other.truncate(other.len() - count);
        }
    }
}

fn mentions(expr: &Expr, names: &[SmolStr]) -> bool {
    let mut found = false;
    uses(expr, &mut vec![], &mut |name, _| found |= names.contains(name));
    found
}
