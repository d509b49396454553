//! What of each pattern variable a query uses, found from its last clause back to its first.

use crate::language::ast::{
    AggregateOp, Clause, Expr, ExprKind, Gives, Match, Pattern, Projection, SingleQuery, Subquery,
};
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
    /// For each clause of `query`: what is used after it.
    pub(super) fn of(query: &SingleQuery) -> Vec<Self> {
        let mut last = Self::default();
        last.projection(&query.returns, Self::default(), true);
        last.backwards(&query.clauses).0
    }

    /// For each clause of a subquery: what is used after it.
    pub(super) fn of_subquery(subquery: &Subquery) -> Vec<Self> {
        Self::of_result(&subquery.gives).backwards(&subquery.clauses).0
    }

    /// For each clause of a query under CALL: what is used after it; and what is used before the first.
    pub(super) fn of_branch(clauses: &[Clause]) -> (Vec<Self>, Self) {
        let mut last = Self::default();
        let Some((Clause::With(returns), before)) = clauses.split_last() else {
            return last.backwards(clauses);
        };
        last.projection(returns, Self::default(), true);
        let (mut after, first) = last.backwards(before);
        after.push(Self::default());
        (after, first)
    }

    fn of_result(gives: &Gives) -> Self {
        let mut needs = Self::default();
        if let Gives::Collect(result) = gives {
            needs.uses(result);
        }
        needs
    }

    /// From what is used after the last clause: what is used after each, and before the first.
    fn backwards(mut self, clauses: &[Clause]) -> (Vec<Self>, Self) {
        let mut after = Vec::with_capacity(clauses.len());
        for clause in clauses.iter().rev() {
            after.push(self.clone());
            match clause {
                Clause::With(with) => {
                    let later = std::mem::take(&mut self);
                    self.projection(with, later, false);
                }
                Clause::Unwind(unwind) => self.uses(&unwind.list),
                Clause::Call(call) => {
                    call.branches.iter().for_each(|branch| self.add(Self::of_branch(branch).1));
                }
                Clause::Match(matched) => self.matched(matched),
            }
        }
        after.reverse();
        (after, self)
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

    /// Whether the variable's value is used as it is.
    pub(super) fn is_whole(&self, variable: &str) -> bool {
        self.0.get(variable).is_some_and(|uses| uses.whole)
    }

    /// Marks a variable as used as it is, with all that it holds.
    pub(super) fn whole(&mut self, variable: &SmolStr) {
        self.of_variable(variable).whole = true;
    }

    /// Adds what a projection uses; `after` is what later clauses use of its names. RETURN shows its items, WITH
    /// only passes them on.
    fn projection(&mut self, projection: &Projection, mut after: Self, shows: bool) {
        projection.condition.iter().for_each(|condition| after.uses(condition));
        projection.order.iter().for_each(|sort| after.uses(&sort.expr));
        for item in &projection.items {
            match &item.expr.kind {
                ExprKind::Variable(variable) if !shows => {
                    let uses = after.0.remove(&item.name).unwrap_or_default();
                    self.of_variable(variable).add(uses);
                }
                _ => {
                    after.0.remove(&item.name);
                    self.uses(&item.expr);
                }
            }
        }
        // What is left is of variables around a subquery, which are seen behind its WITH, too.
        self.add(after);
    }

    /// Adds what a MATCH clause uses of variables bound before it.
    fn matched(&mut self, matched: &Match) {
        matched.condition.iter().for_each(|condition| self.uses(condition));
        matched.patterns.iter().for_each(|pattern| self.pattern(pattern));
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let path_is_used = pattern.path.as_ref().is_some_and(|path| self.is_whole(&path.text));
        for node in &pattern.nodes {
            let Some(variable) = &node.variable else { continue };
            let uses = self.of_variable(&variable.text);
            uses.labels |= !node.labels.is_empty() || node.test.is_some();
            uses.whole |= path_is_used;
            uses.properties.extend(node.properties.iter().map(|(key, _)| key.text.clone()));
        }
        for relationship in &pattern.relationships {
            let Some(variable) = &relationship.variable else { continue };
            let uses = self.of_variable(&variable.text);
            uses.labels |= !relationship.types.is_empty() || relationship.test.is_some();
            uses.whole |= path_is_used;
            uses.properties.extend(relationship.properties.iter().map(|(key, _)| key.text.clone()));
        }
        let nodes = pattern.nodes.iter().flat_map(|node| &node.properties);
        let relationships = pattern.relationships.iter().flat_map(|relationship| &relationship.properties);
        nodes.chain(relationships).for_each(|(_, value)| self.uses(value));
    }

    /// Adds what an expression uses.
    pub(super) fn uses(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Variable(variable) => self.whole(variable),
            ExprKind::Property(base, key) if is_variable(base) => {
                self.of_base(base).properties.insert(key.clone());
            }
            ExprKind::HasLabels(base, _) if is_variable(base) => self.of_base(base).labels = true,
            ExprKind::IsNull(base, _) if is_variable(base) => {
                self.of_base(base);
            }
            ExprKind::Aggregate(AggregateOp::Count, arguments, _) if matches!(arguments.as_slice(), [base] if is_variable(base)) =>
            {
                self.of_base(&arguments[0]);
            }
            ExprKind::Call(name, arguments) if matches!(arguments.as_slice(), [base] if is_variable(base)) => {
                let uses = self.of_base(&arguments[0]);
                match name.as_str() {
                    "id" | "elementid" | "length" | "size" => {}
                    "labels" | "type" => uses.labels = true,
                    _ => uses.whole = true,
                }
            }
            ExprKind::MapProjection(projection) if is_variable(&projection.base) => {
                self.of_base(&projection.base).whole |= projection.all;
                projection.entries.iter().for_each(|(_, value)| self.uses(value));
            }
            // Its past is looked up by its id.
            ExprKind::Recall(_, arguments) if is_variable(&arguments[0]) => {
                self.of_base(&arguments[0]);
                arguments[1..].iter().for_each(|argument| self.uses(argument));
            }
            ExprKind::Subquery(subquery) => {
                let (_, before) = Self::of_result(&subquery.gives).backwards(&subquery.clauses);
                self.add(before);
            }
            _ => expr.children().into_iter().for_each(|child| self.uses(child)),
        }
    }

    fn add(&mut self, other: Self) {
        for (variable, uses) in other.0 {
            self.of_variable(&variable).add(uses);
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
