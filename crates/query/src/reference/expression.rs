//! Scalar expressions in which subqueries may stand.
//!
//! Scalar expressions know no graph. So each subquery is evaluated first, into a slot of its own behind those of
//! the row, and stands in the expression as the variable of that slot.

use super::subquery::{Subquerying, mentions};
use super::{Graph, Names};
use crate::expression::{self, Compiled, EvalError};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind};
use livewell_model::{Map, SmolStr, Value};

/// A compiled expression over the rows of one clause.
#[derive(Debug)]
pub(super) struct RowExpr {
    /// How many slots of the row the expression knows; a row may have more.
    width: usize,
    subqueries: Vec<Subquerying>,
    scalar: Compiled,
}

impl RowExpr {
    /// Compiles `expr` for rows with these names.
    pub(super) fn new(expr: &Expr, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let mut parting = Parting { names, params, subqueries: Vec::new(), around: Vec::new() };
        let expr = parting.part(expr)?;
        let subqueries = parting.subqueries;
        let mut scope = names.clone();
        for at in 0..subqueries.len() {
            scope.push(Some(slot_name(at)));
        }
        Ok(Self { width: names.slots.len(), subqueries, scalar: expression::compile(&expr, &scope, params)? })
    }

    /// The expression's value on a row.
    pub(super) fn eval(&self, row: &[Value], graph: &Graph) -> Result<Value, EvalError> {
        self.scalar.eval(&self.completed(row, graph)?)
    }

    /// Whether the expression is true on a row.
    pub(super) fn is_true(&self, row: &[Value], graph: &Graph) -> Result<bool, EvalError> {
        self.scalar.is_true(&self.completed(row, graph)?)
    }

    /// The row with the values of the subqueries.
    fn completed(&self, row: &[Value], graph: &Graph) -> Result<Vec<Value>, EvalError> {
        let row = &row[..self.width];
        let mut completed = row.to_vec();
        for subquery in &self.subqueries {
            completed.push(subquery.value(row, graph)?);
        }
        Ok(completed)
    }
}

/// Takes the subqueries out of an expression.
struct Parting<'a> {
    names: &'a Names,
    params: &'a Map,
    subqueries: Vec<Subquerying>,
    /// The variables that the expressions around bind for their parts.
    around: Vec<SmolStr>,
}

impl Parting<'_> {
    fn part(&mut self, expr: &Expr) -> Result<Expr, Diagnostic> {
        if let ExprKind::Subquery(subquery) = &expr.kind {
            if mentions(expr, &self.around) {
                let what = "a subquery that uses a variable of the expression around it";
                return Err(Diagnostic::not_yet(expr.span, what));
            }
            self.subqueries.push(Subquerying::new(subquery, self.names, self.params)?);
            let name = slot_name(self.subqueries.len() - 1);
            return Ok(Expr { kind: ExprKind::Variable(name), span: expr.span });
        }
        let outside = self.around.len();
        // Local names are unique, so it does no harm that parts which do not see them know them, too.
        match &expr.kind {
            ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
                self.around.push(inner.variable.text.clone());
            }
            ExprKind::Reduce(reduce) => {
                self.around.extend([reduce.accumulator.text.clone(), reduce.variable.text.clone()]);
            }
            _ => {}
        }
        let mut parted = expr.clone();
        for child in parted.children_mut() {
            *child = self.part(child)?;
        }
        self.around.truncate(outside);
        Ok(parted)
    }
}

// No identifier of a query's text begins with a control character.
fn slot_name(at: usize) -> SmolStr {
    SmolStr::from(format!("\u{1}subquery {at}"))
}
