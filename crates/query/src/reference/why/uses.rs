//! What expressions use of elements.

use crate::language::ast::{Expr, ExprKind, Pattern};
use livewell_model::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The properties that a query uses, by the variables of their elements.
#[derive(Debug, Default)]
pub(super) struct Uses(BTreeMap<SmolStr, BTreeSet<SmolStr>>);

impl Uses {
    /// Adds what an expression uses, also within its subqueries.
    pub(super) fn add(&mut self, expr: &Expr) {
        if let ExprKind::Property(base, property) = &expr.kind
            && let ExprKind::Variable(variable) = &base.kind
        {
            self.0.entry(variable.clone()).or_default().insert(property.clone());
        }
        expr.children().into_iter().for_each(|child| self.add(child));
    }

    /// Adds the inline properties of a pattern.
    pub(super) fn add_pattern(&mut self, pattern: &Pattern) {
        let nodes = pattern.nodes.iter().map(|node| (&node.variable, &node.properties));
        let between = pattern.relationships.iter().map(|one| (&one.variable, &one.properties));
        for (variable, properties) in nodes.chain(between) {
            for (name, value) in properties {
                if let Some(variable) = variable {
                    self.0.entry(variable.text.clone()).or_default().insert(name.text.clone());
                }
                self.add(value);
            }
        }
    }

    /// Returns the properties that are used of a variable.
    pub(super) fn of(&self, variable: &str) -> impl Iterator<Item = &SmolStr> {
        self.0.get(variable).into_iter().flatten()
    }

    /// Collects the parts of an expression whose values explain its value: properties of variables, and variables.
    /// Those that only a part of the expression knows are left out.
    pub(super) fn parts(expr: &Expr, parts: &mut Vec<Expr>) {
        let is_whole = match &expr.kind {
            ExprKind::Property(base, _) => matches!(base.kind, ExprKind::Variable(_)),
            ExprKind::Variable(_) => true,
            _ => false,
        };
        if !is_whole {
            // What a subquery uses are elements of its own.
            if !matches!(expr.kind, ExprKind::Subquery(_)) {
                expr.children().into_iter().for_each(|child| Self::parts(child, parts));
            }
            return;
        }
        // A name that is local to an expression is not a variable of the row.
        if !expr.variables().is_empty() && !parts.iter().any(|part| part.same_as(expr)) {
            parts.push(expr.clone());
        }
    }
}
