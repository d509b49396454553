//! Queries that are run for each value of parameters: where these may stand.

use super::checker::Checked;
use crate::for_each::Parameter;
use crate::language::ast::{BinaryOp, Clause, Expr, ExprKind, Projection, Query, Span};
use crate::language::{Diagnostic, code};

/// Checks that each of these parameters has one value for each row of `query`, or none, and that what it gives for a
/// value that nothing has is known.
///
/// # Errors
/// A [`Diagnostic`] at the place that says otherwise.
pub(crate) fn for_each(query: &Query, parameters: &[Parameter]) -> Checked<()> {
    if parameters.is_empty() {
        return Ok(());
    }
    let [only] = query.branches.as_slice() else {
        let span = query.branches[1].returns.span;
        return Err(Diagnostic::not_yet(span, "UNION in a query that is run for each value of a parameter")
            .with_help("let each of the queries be one of its own"));
    };
    let mut used = vec![false; parameters.len()];
    let mut walk = Walk { parameters, used: &mut used };
    for clause in &only.clauses {
        walk.clause(clause)?;
    }
    walk.projection(&only.returns)?;
    match used.iter().position(|used| !used) {
        None => Ok(()),
        Some(unused) => {
            let name = &parameters[unused].name;
            let message = format!("the query is to be run for each `{name}`, but `${name}` is not in it");
            Err(Diagnostic::semantic(code::PARAMETER, Span::default(), message)
                .with_help(format!("compare something with it: `WHERE n.{name} = ${name}`")))
        }
    }
}

struct Walk<'a> {
    parameters: &'a [Parameter],
    /// For each parameter whether it has been found.
    used: &'a mut Vec<bool>,
}

impl Walk<'_> {
    fn clause(&mut self, clause: &Clause) -> Checked<()> {
        match clause {
            Clause::Match(matched) if !matched.optional => {
                for pattern in &matched.patterns {
                    let nodes = pattern.nodes.iter().flat_map(|node| &node.properties);
                    for (_, value) in nodes {
                        self.operand(value)?;
                    }
                    for between in &pattern.relationships {
                        for (_, value) in &between.properties {
                            if between.length.is_none() {
                                self.operand(value)?;
                            } else {
                                self.elsewhere(value)?;
                            }
                        }
                    }
                }
                matched.condition.as_ref().map_or(Ok(()), |condition| self.condition(condition))
            }
            Clause::With(with) => self.projection(with),
            clause => clause.exprs().into_iter().try_for_each(|expr| self.elsewhere(expr)),
        }
    }

    fn projection(&mut self, projection: &Projection) -> Checked<()> {
        let Projection { items, order, skip, limit, condition, .. } = projection;
        let exprs = items.iter().map(|item| &item.expr).chain(order.iter().map(|sort| &sort.expr));
        exprs.chain(skip).chain(limit).try_for_each(|expr| self.elsewhere(expr))?;
        condition.as_ref().map_or(Ok(()), |condition| self.condition(condition))
    }

    fn condition(&mut self, condition: &Expr) -> Checked<()> {
        match &condition.kind {
            ExprKind::Binary(BinaryOp::And, left, right) => {
                self.condition(left)?;
                self.condition(right)
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) if self.declared(left).is_some() => {
                self.operand(left)?;
                self.elsewhere(right)
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) => {
                self.elsewhere(left)?;
                self.operand(right)
            }
            _ => self.elsewhere(condition),
        }
    }

    /// What something is equal to.
    fn operand(&mut self, expr: &Expr) -> Checked<()> {
        match self.declared(expr) {
            Some(parameter) => {
                self.used[parameter] = true;
                Ok(())
            }
            None => self.elsewhere(expr),
        }
    }

    fn elsewhere(&self, expr: &Expr) -> Checked<()> {
        match self.declared(expr) {
            Some(parameter) => {
                let name = &self.parameters[parameter].name;
                let message =
                    format!("`${name}`, which the query is run for each value of, cannot stand here");
                Err(Diagnostic::not_supported(code::CONSTRUCT, expr.span, message)
                    .with_help(format!("write `expression = ${name}` in the WHERE of a MATCH or WITH")))
            }
            None => expr.children().into_iter().try_for_each(|child| self.elsewhere(child)),
        }
    }

    fn declared(&self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Parameter(name) => self.parameters.iter().position(|have| have.name == *name),
            _ => None,
        }
    }
}
