//! CALL: each row with each row that the queries in braces have for it.

use super::binding::Binding;
use super::graph::Graph;
use super::names::Names;
use super::pipeline::Pipeline;
use super::projection;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::Call;
use crate::meter::size;
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
    pub(super) fn run(&self, row: &Binding, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
        let start = Binding { key: Vec::new(), order: Vec::new(), values: row.values.clone() };
        let mut all = Vec::new();
        for (number, branch) in (0..).zip(&self.branches) {
            for mut found in branch.run(start.clone(), graph)? {
                if self.branches.len() > 1 {
                    found.key = [key::of(&[Value::Int(number)]), found.key].concat();
                }
                all.push(Binding { order: Vec::new(), ..found });
            }
        }
        if self.distinct {
            all = projection::distinct(all, row.values.len());
        }
        let with_row = |found: Binding| {
            let found = Binding { key: [row.key.clone(), found.key].concat(), ..found };
            graph.meter.hold(size::entry(found.key.len()))?;
            Ok(found)
        };
        all.into_iter().map(with_row).collect()
    }
}
