//! CALL: each row with each row that the queries in braces have for it.

use super::binding::{Binding, Rows, flat_map, rows};
use super::graph::Graph;
use super::names::Names;
use super::pipeline::Pipeline;
use super::projection;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::Call;
use livewell_model::{Map, Value, key};

/// A compiled CALL.
#[derive(Debug)]
pub(super) struct Calling {
    branches: Vec<Pipeline>,
    distinct: bool,
}

impl Calling {
    /// Compiles the clause; `names` gains its columns.
    pub(super) fn new(clause: &Call, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        let branch = |clauses| Pipeline::new(clauses, &mut names.enter(), params);
        let branches = clause.branches.iter().map(branch).collect::<Result<_, _>>()?;
        for column in &clause.columns {
            names.push(Some(column.clone()));
        }
        Ok(Self { branches, distinct: clause.distinct })
    }

    /// The row's rows, in no order.
    pub(super) fn run<'a>(&'a self, row: &Binding, graph: &'a Graph) -> Result<Rows<'a>, EvalError> {
        let start = Binding { key: Vec::new(), order: Vec::new(), values: row.values.clone() };
        let numbered = rows((0..).zip(&self.branches));
        let all = flat_map(numbered, move |(number, branch)| {
            let of_many = self.branches.len() > 1;
            let found = branch.run(start.clone(), graph)?;
            Ok(Box::new(found.map(move |found| {
                let mut found = found?;
                if of_many {
                    found.key = [key::of(&[Value::Int(number)]), found.key].concat();
                }
                Ok(Binding { order: Vec::new(), ..found })
            })))
        });
        let all = if self.distinct { rows(projection::distinct(all, row.values.len(), graph)?) } else { all };
        let of_row = row.key.clone();
        Ok(Box::new(all.map(move |found| {
            let found = found?;
            Ok(Binding { key: [of_row.as_slice(), &found.key].concat(), ..found })
        })))
    }
}
