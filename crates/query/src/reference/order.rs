//! ORDER BY, SKIP and LIMIT.
//!
//! A row carries the keys of the last ORDER BY before it until something gives rows of a new identity, so a later
//! LIMIT, collect() or reader finds them. What stands at one place is ordered by the rows' keys.

use super::binding::{Binding, Rows, SortKey, all, rows};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use crate::expression::{self, EvalError};
use crate::language::ast::{Expr, Projection, Sort};
use crate::language::{Diagnostic, code};
use livewell_model::{Map, Value, key};
use std::cmp::Reverse;

/// The compiled ORDER BY, SKIP and LIMIT of a projection.
#[derive(Debug)]
pub(super) struct Ordering {
    /// Each expression over the projected names, and whether its largest value comes first.
    sorts: Vec<(RowExpr, bool)>,
    pub(super) skip: Option<usize>,
    pub(super) limit: Option<usize>,
}

/// Brings rows into their order.
pub(super) fn sort(bindings: &mut [Binding]) {
    bindings.sort_by_cached_key(|binding| (binding.order.clone(), binding.key.clone()));
}

/// Brings values with the order of their rows into this order, those of one place by value.
pub(super) fn sort_values(values: &mut [(Vec<SortKey>, Value)]) {
    values.sort_by_cached_key(|(order, value)| (order.clone(), key::exact(value)));
}

impl Ordering {
    /// Compiles what the clause says of order; `names` are the projected ones.
    pub(super) fn new(clause: &Projection, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let sort = |Sort { expr, descending }: &Sort| Ok((RowExpr::new(expr, names, params)?, *descending));
        let rows = |expr: &Option<Expr>| expr.as_ref().map(|expr| count(expr, params)).transpose();
        Ok(Self {
            sorts: clause.order.iter().map(sort).collect::<Result<_, Diagnostic>>()?,
            skip: rows(&clause.skip)?,
            limit: rows(&clause.limit)?,
        })
    }

    /// The rows within the window, with the keys of the new order if there is one.
    pub(super) fn run<'a>(&'a self, bindings: Rows<'a>, graph: &'a Graph) -> Result<Rows<'a>, EvalError> {
        let bindings: Rows<'a> = Box::new(bindings.map(|binding| self.placed(binding?, graph)));
        if self.skip.is_none() && self.limit.is_none() {
            return Ok(bindings);
        }
        let before = graph.meter.held();
        let mut bindings = all(bindings, graph)?;
        sort(&mut bindings);
        let behind = bindings.into_iter().skip(self.skip.unwrap_or(0));
        let window: Vec<Binding> = behind.take(self.limit.unwrap_or(usize::MAX)).collect();
        graph.meter.reset(before);
        graph.meter.hold(window.iter().map(Binding::bytes).sum())?;
        Ok(rows(window))
    }

    /// The row with the keys of the new order, if there is one.
    pub(super) fn placed(&self, binding: Binding, graph: &Graph) -> Result<Binding, EvalError> {
        let order = if self.sorts.is_empty() { binding.order } else { self.keys(&binding.values, graph)? };
        Ok(Binding { order, ..binding })
    }

    fn keys(&self, values: &[Value], graph: &Graph) -> Result<Vec<SortKey>, EvalError> {
        let key = |(expr, descending): &(RowExpr, bool)| {
            let key = key::of(&[expr.eval(values, graph)?]);
            Ok(if *descending { SortKey::Descending(Reverse(key)) } else { SortKey::Ascending(key) })
        };
        self.sorts.iter().map(key).collect()
    }
}

/// How many rows SKIP or LIMIT says.
fn count(expr: &Expr, params: &Map) -> Result<usize, Diagnostic> {
    let refused = |found: String| {
        let message = format!("this takes a whole number, 0 or more, but it is {found}");
        Diagnostic::semantic(code::TYPE, expr.span, message)
    };
    match expression::compile(expr, &Names::default(), params)?.eval(&[]) {
        Ok(Value::Int(rows @ 0..)) => Ok(usize::try_from(rows).unwrap_or(usize::MAX)),
        Ok(other) => Err(refused(format!("{other:?}"))),
        Err(error) => Err(refused(format!("no value: {error}"))),
    }
}
