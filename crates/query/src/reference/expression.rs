//! Scalar expressions in which subqueries may stand.
//!
//! Scalar expressions know no graph and no time. So each subquery and each function of time is evaluated first, into a
//! slot of its own behind those of the row, and stands in the expression as the variable of that slot.

use super::binding::Binding;
use super::graph::Graph;
use super::items::Iterating;
use super::names::Names;
use super::subquery::Subquerying;
use super::time::{Recalling, Timing};
use crate::expression::{self, Compiled, EvalError};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind};
use livewell_model::{Map, SmolStr, Value};

/// A compiled expression over the rows of one clause.
#[derive(Debug)]
pub(super) struct RowExpr {
    /// How many slots of the row the expression knows; a row may have more.
    width: usize,
    lifted: Vec<Lifted>,
    scalar: Compiled,
}

/// What is evaluated before the expression around it.
#[derive(Debug)]
enum Lifted {
    Subquery(Subquerying),
    Items(Iterating),
    Time(Timing),
    Recall(Recalling),
}

impl RowExpr {
    /// Compiles `expr` for rows with these names.
    pub(super) fn new(expr: &Expr, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let mut parting = Parting { names, params, lifted: Vec::new() };
        let expr = parting.part(expr)?;
        let lifted = parting.lifted;
        let mut scope = names.clone();
        for at in 0..lifted.len() {
            scope.push(Some(slot_name(at)));
        }
        Ok(Self { width: names.slots.len(), lifted, scalar: expression::compile(&expr, &scope, params)? })
    }

    /// The expression's value on a row without an identity: no function of time stands in it.
    pub(super) fn eval(&self, row: &[Value], graph: &Graph) -> Result<Value, EvalError> {
        self.eval_with(row, None, graph)
    }

    /// The expression's value on a row.
    pub(super) fn eval_on(&self, row: &Binding, graph: &Graph) -> Result<Value, EvalError> {
        self.eval_with(&row.values, Some(row), graph)
    }

    /// The expression's value on these slots; `identified`: the row that they are of, where it has an identity.
    pub(super) fn eval_with(
        &self,
        row: &[Value],
        identified: Option<&Binding>,
        graph: &Graph,
    ) -> Result<Value, EvalError> {
        let before = graph.meter.held();
        let value = self.scalar.eval_in(&self.completed(row, identified, graph)?, &graph.meter);
        // Whoever keeps the value holds it.
        graph.meter.reset(before);
        value
    }

    /// The subqueries in it, each with the first of its rows for a row, if it has any.
    pub(super) fn found<'a>(
        &'a self,
        row: &'a [Value],
        graph: &'a Graph,
    ) -> impl Iterator<Item = (&'a Subquerying, Result<Option<Binding>, EvalError>)> {
        let subqueries = self.lifted.iter().filter_map(|lifted| match lifted {
            Lifted::Subquery(subquery) => Some(subquery),
            _ => None,
        });
        subqueries.map(move |subquery| (subquery, subquery.first(&row[..self.width], graph)))
    }

    /// Whether the expression is true on a row.
    pub(super) fn is_true_on(&self, row: &Binding, graph: &Graph) -> Result<bool, EvalError> {
        let before = graph.meter.held();
        let is_true = self.scalar.is_true_in(&self.completed(&row.values, Some(row), graph)?, &graph.meter);
        graph.meter.reset(before);
        is_true
    }

    /// The row with the values of what is lifted.
    fn completed(
        &self,
        row: &[Value],
        identified: Option<&Binding>,
        graph: &Graph,
    ) -> Result<Vec<Value>, EvalError> {
        let row = &row[..self.width];
        let mut completed = row.to_vec();
        for lifted in &self.lifted {
            completed.push(match lifted {
                Lifted::Subquery(subquery) => subquery.value(row, graph)?,
                Lifted::Items(iterating) => iterating.value(row, identified, graph)?,
                Lifted::Recall(recalling) => recalling.value(row, graph)?,
                Lifted::Time(timing) => {
                    let row = identified.expect("a function of time stands where rows have an identity");
                    timing.value(row, graph)?
                }
            });
        }
        Ok(completed)
    }
}

/// Takes the subqueries and the functions of time out of an expression.
struct Parting<'a> {
    names: &'a Names,
    params: &'a Map,
    lifted: Vec<Lifted>,
}

impl Parting<'_> {
    fn part(&mut self, expr: &Expr) -> Result<Expr, Diagnostic> {
        if let ExprKind::Subquery(subquery) = &expr.kind {
            let subquery = Subquerying::new(subquery, self.names, self.params)?;
            return Ok(self.lift(Lifted::Subquery(subquery), expr));
        }
        if let ExprKind::OverTime(function, arguments) = &expr.kind {
            let timing = Timing::new(*function, arguments, expr.span, self.names, self.params)?;
            return Ok(self.lift(Lifted::Time(timing), expr));
        }
        if let ExprKind::Recall(function, arguments) = &expr.kind {
            let recalling = Recalling::new(*function, arguments, self.names, self.params)?;
            return Ok(self.lift(Lifted::Recall(recalling), expr));
        }
        let is_over_items = matches!(
            expr.kind,
            ExprKind::ListComprehension(_) | ExprKind::Quantifier(..) | ExprKind::Reduce(_)
        );
        if is_over_items && expr.has_subquery() {
            let iterating = Iterating::new(expr, self.names, self.params)?;
            return Ok(self.lift(Lifted::Items(iterating), expr));
        }
        let mut parted = expr.clone();
        for child in parted.children_mut() {
            *child = self.part(child)?;
        }
        Ok(parted)
    }

    /// The variable in whose place `expr` is evaluated.
    fn lift(&mut self, lifted: Lifted, expr: &Expr) -> Expr {
        self.lifted.push(lifted);
        Expr { kind: ExprKind::Variable(slot_name(self.lifted.len() - 1)), span: expr.span }
    }
}

// No identifier of a query's text begins with a control character.
fn slot_name(at: usize) -> SmolStr {
    SmolStr::from(format!("\u{1}lifted {at}"))
}
