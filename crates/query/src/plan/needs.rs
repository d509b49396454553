//! What of each pattern variable a query uses, found from its last clause back to its first.

use crate::language::ast::{AggregateOp, Clause, Expr, ExprKind, Projection, SingleQuery};
use crate::operator::scan::Needs;
use livewell_model::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The uses of one variable.
#[derive(Debug, Clone, Default)]
struct Uses {
    whole: bool,
    labels: bool,
    properties: BTreeSet<SmolStr>,
}

/// The uses of each variable in scope.
#[derive(Debug, Clone, Default)]
pub(super) struct AllNeeds(BTreeMap<SmolStr, Uses>);

impl AllNeeds {
    /// What the clauses after MATCH use of the variables that the MATCH clauses of `query` bind.
    pub(super) fn of(query: &SingleQuery) -> Self {
        let mut later = Self::default();
        later.projection(&query.returns, None);
        for clause in query.clauses.iter().rev() {
            match clause {
                Clause::With(with) => {
                    let after = std::mem::take(&mut later);
                    later.projection(with, Some(after));
                }
                // What conditions use depends on where they come to be evaluated; the pattern's plan adds it.
                Clause::Match(_) | Clause::Unwind(_) => {}
            }
        }
        later
    }

    /// The needs of one variable.
    pub(super) fn get(&self, variable: &str) -> Needs {
        match self.0.get(variable) {
            None => Needs::nothing(),
            Some(uses) if uses.whole => Needs::Whole,
            Some(uses) => {
                Needs::Parts { labels: uses.labels, properties: uses.properties.iter().cloned().collect() }
            }
        }
    }

    /// Adds what `projection` uses; `after` is what later clauses use of its names, `None` for RETURN.
    fn projection(&mut self, projection: &Projection, after: Option<Self>) {
        let is_return = after.is_none();
        let mut after = after.unwrap_or_default();
        projection.condition.iter().for_each(|condition| after.uses(condition));
        for item in &projection.items {
            match &item.expr.kind {
                ExprKind::Variable(variable) if !is_return => {
                    let uses = after.0.remove(&item.name).unwrap_or_default();
                    self.of_variable(variable).add(uses);
                }
                _ => self.uses(&item.expr),
            }
        }
    }

    /// Adds what an expression uses.
    pub(super) fn uses(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Variable(variable) => self.of_variable(variable).whole = true,
            ExprKind::Property(base, key) if is_variable(base) => {
                self.of_base(base).properties.insert(key.clone());
            }
            ExprKind::HasLabels(base, _) if is_variable(base) => self.of_base(base).labels = true,
            ExprKind::IsNull(base, _) if is_variable(base) => {}
            ExprKind::Aggregate(AggregateOp::Count, arguments, _) if matches!(arguments.as_slice(), [base] if is_variable(base)) =>
                {}
            ExprKind::Call(name, arguments) if matches!(arguments.as_slice(), [base] if is_variable(base)) => {
                match name.as_str() {
                    "id" | "elementid" => {}
                    "labels" | "type" => self.of_base(&arguments[0]).labels = true,
                    _ => self.of_base(&arguments[0]).whole = true,
                }
            }
            _ => expr.children().into_iter().for_each(|child| self.uses(child)),
        }
    }

    fn of_base(&mut self, base: &Expr) -> &mut Uses {
        match &base.kind {
            ExprKind::Variable(variable) => self.of_variable(variable),
            _ => unreachable!("asked of variables alone"),
        }
    }

    fn of_variable(&mut self, variable: &SmolStr) -> &mut Uses {
        self.0.entry(variable.clone()).or_default()
    }
}

impl Uses {
    fn add(&mut self, other: Self) {
        self.whole |= other.whole;
        self.labels |= other.labels;
        self.properties.extend(other.properties);
    }
}

fn is_variable(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Variable(_))
}
