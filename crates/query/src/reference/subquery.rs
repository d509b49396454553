//! Subqueries: a query of its own for each row, in which the row's variables are known to every clause.

use super::binding::{Binding, Rows};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::order;
use super::pipeline::Pipeline;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::{Gives, Subquery};
use crate::meter::size;
use livewell_model::{Map, Value};

/// A compiled subquery.
#[derive(Debug)]
pub(super) struct Subquerying {
    clauses: Pipeline,
    gives: Giving,
    /// The variables behind its clauses.
    pub(super) names: Names,
}

/// What it gives for a row.
#[derive(Debug)]
enum Giving {
    Exists,
    Count,
    /// The values of this expression on its rows.
    Collect(RowExpr),
}

impl Subquerying {
    /// Compiles a subquery that stands in a row with these names.
    pub(super) fn new(subquery: &Subquery, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let mut names = names.enter();
        let clauses = Pipeline::new(&subquery.clauses, &mut names, params)?;
        let gives = match &subquery.gives {
            Gives::Exists => Giving::Exists,
            Gives::Count => Giving::Count,
            Gives::Collect(result) => Giving::Collect(RowExpr::new(result, &names, params)?),
        };
        Ok(Self { clauses, gives, names })
    }

    /// The first of its rows for a row, if it has any.
    pub(super) fn first(&self, row: &[Value], graph: &Graph) -> Result<Option<Binding>, EvalError> {
        let start = Binding { key: Vec::new(), order: Vec::new(), values: row.to_vec() };
        self.clauses.run(start, graph)?.next().transpose()
    }

    /// Its value for a row.
    pub(super) fn value(&self, row: &[Value], graph: &Graph) -> Result<Value, EvalError> {
        let start = Binding { key: Vec::new(), order: Vec::new(), values: row.to_vec() };
        let before = graph.meter.held();
        let rows = self.clauses.run(start, graph)?;
        // All of them, also of those that are only counted: any of them may fail.
        let count =
            |rows: Rows<'_>| rows.map(|row| row.map(drop)).try_fold(0, |count, row| row.map(|()| count + 1));
        let value = match &self.gives {
            Giving::Exists => Value::Bool(count(rows)? > 0),
            Giving::Count => Value::Int(count(rows)?),
            Giving::Collect(result) => collect(result, rows, graph)?,
        };
        graph.meter.reset(before);
        graph.meter.hold(size::owned(&value))?;
        Ok(value)
    }
}

/// All values, also null: in the order of an ORDER BY, where there was one, then by value.
fn collect(result: &RowExpr, rows: Rows<'_>, graph: &Graph) -> Result<Value, EvalError> {
    let mut values = Vec::new();
    for row in rows {
        let row = row?;
        let value = result.eval(&row.values, graph)?;
        graph.meter.hold(2 * size_of::<Value>() + size::owned(&value))?;
        values.push((row.order, value));
    }
    order::sort_values(&mut values);
    Ok(Value::list(values.into_iter().map(|(_, value)| value).collect::<Vec<_>>()))
}
