//! What an expression binds for its own parts, and what it uses of the names around it, before the checks have
//! made local names unique.

use crate::language::ast::{Clause, Expr, ExprKind, Span, Subquery};
use livewell_model::SmolStr;

/// The names an expression binds, and from which of its parts on ([`Expr::children`]) they can be seen.
pub(super) struct Bound {
    pub names: Vec<SmolStr>,
    pub from: usize,
}

impl Bound {
    pub(super) fn by(expr: &Expr) -> Self {
        let (names, from) = match &expr.kind {
            ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
                (vec![inner.variable.text.clone()], 1)
            }
            ExprKind::Reduce(reduce) => {
                (vec![reduce.accumulator.text.clone(), reduce.variable.text.clone()], 2)
            }
            ExprKind::Subquery(subquery) => (mentioned(subquery), 0),
            _ => (vec![], 0),
        };
        Self { names, from }
    }

    /// Puts the names that part number `at` sees behind `around`; returns how many.
    pub(super) fn enter(&self, at: usize, around: &mut Vec<SmolStr>) -> usize {
        let seen = if at < self.from { &[] } else { &*self.names };
        around.extend_from_slice(seen);
        seen.len()
    }
}

/// The names that the clauses of a subquery bind, or may bind: all of its patterns, UNWIND, WITH and CALL.
fn mentioned(subquery: &Subquery) -> Vec<SmolStr> {
    let mut names = vec![];
    subquery.clauses.iter().for_each(|clause| mentioned_in(clause, &mut names));
    names
}

fn mentioned_in(clause: &Clause, names: &mut Vec<SmolStr>) {
    names.extend(clause.pattern_variables().into_iter().cloned());
    match clause {
        Clause::Match(matched) => {
            names.extend(
                matched.patterns.iter().filter_map(|pattern| Some(pattern.path.as_ref()?.text.clone())),
            );
        }
        Clause::Unwind(unwind) => names.push(unwind.variable.text.clone()),
        Clause::With(with) => names.extend(with.items.iter().map(|item| item.name.clone())),
        Clause::Call(call) => call.branches.iter().flatten().for_each(|clause| mentioned_in(clause, names)),
    }
}

/// Calls `found` for each name that the expression may use of the names around it. A subquery uses whatever its
/// patterns or expressions name, also where it binds it itself.
pub(super) fn uses(expr: &Expr, around: &mut Vec<SmolStr>, found: &mut dyn FnMut(&SmolStr, Span)) {
    match &expr.kind {
        ExprKind::Variable(name) if !around.contains(name) => return found(name, expr.span),
        ExprKind::Subquery(subquery) => {
            let bound = mentioned(subquery);
            bound.iter().filter(|name| !around.contains(name)).for_each(|name| found(name, expr.span));
        }
        _ => {}
    }
    let bound = match &expr.kind {
        // What a subquery binds was found above.
        ExprKind::Subquery(_) => Bound { names: vec![], from: 0 },
        _ => Bound::by(expr),
    };
    for (at, part) in expr.children().into_iter().enumerate() {
        let count = bound.enter(at, around);
        uses(part, around, found);
        around.truncate(around.len() - count);
    }
}
