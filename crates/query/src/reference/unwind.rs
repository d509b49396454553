//! UNWIND: a row for each item of a list. The item's position tells the rows of one list apart.

use super::binding::{Binding, Rows, rows};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::Unwind;
use livewell_model::{Map, Value, key};

/// A compiled UNWIND.
#[derive(Debug)]
pub(super) struct Unwinding(RowExpr);

impl Unwinding {
    /// Compiles the clause; `names` gains the variable that becomes the items.
    pub(super) fn new(clause: &Unwind, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        let list = RowExpr::new(&clause.list, names, params)?;
        names.push(Some(clause.variable.text.clone()));
        Ok(Self(list))
    }

    /// A row for each item; none where there is no list.
    pub(super) fn run<'a>(&'a self, binding: Binding, graph: &'a Graph) -> Result<Rows<'a>, EvalError> {
        let items = match self.0.eval(&binding.values, graph)? {
            Value::Null => return Ok(rows([])),
            Value::List(items) => items,
            other => {
                let found = other.type_name();
                return Err(EvalError::types(format!("UNWIND needs a list and got a {found}")));
            }
        };
        let count = items.len();
        let with = move |position: usize| {
            let mut extended = binding.clone();
            let number = i64::try_from(position).expect("a list in memory has fewer than 2^63 items");
            extended.key.extend(key::of(&[Value::Int(number)]));
            extended.values.push(items[position].clone());
            graph.meter.tick()?;
            Ok(extended)
        };
        Ok(Box::new((0..count).map(with)))
    }
}
