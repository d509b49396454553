//! The clauses of a query or of a subquery, one after another.

use super::binding::{Binding, Rows, filter, flat_map, rows};
use super::call::Calling;
use super::graph::Graph;
use super::matching::Matching;
use super::names::Names;
use super::projection::Projecting;
use super::unwind::Unwinding;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Match};
use livewell_model::{Map, SmolStr, Value};
use std::rc::Rc;

/// Compiled clauses.
#[derive(Debug)]
pub(super) struct Pipeline(Vec<Stage>);

/// One clause, or several MATCH clauses in a row, none of which matches a relationship of another again.
#[derive(Debug)]
enum Stage {
    Match(Vec<Matching>),
    Optional(Matching),
    Unwind(Unwinding),
    Project(Projecting),
    Call(Calling),
}

impl Pipeline {
    /// Compiles the clauses; `names`, what is known before them, becomes what is known after them.
    pub(super) fn new<'a>(
        clauses: impl IntoIterator<Item = &'a Clause>,
        names: &mut Names,
        params: &Map,
    ) -> Result<Self, Diagnostic> {
        let mut stages = Vec::new();
        // The relationships of the MATCH clauses in a row: one that is matched again ends the row.
        let mut matched: Vec<&SmolStr> = Vec::new();
        for clause in clauses {
            match clause {
                Clause::Match(clause) => {
                    let matching = Matching::new(clause, names, params)?;
                    let names: Vec<&SmolStr> = relationships(clause).collect();
                    let is_again = names.iter().any(|name| matched.contains(name));
                    match stages.last_mut() {
                        _ if clause.optional => stages.push(Stage::Optional(matching)),
                        Some(Stage::Match(consecutive)) if !is_again => consecutive.push(matching),
                        _ => {
                            matched.clear();
                            stages.push(Stage::Match(vec![matching]));
                        }
                    }
                    matched.extend(names);
                }
                Clause::Unwind(clause) => stages.push(Stage::Unwind(Unwinding::new(clause, names, params)?)),
                Clause::Call(clause) => stages.push(Stage::Call(Calling::new(clause, names, params)?)),
                Clause::With(clause) => stages.push(Stage::Project(Projecting::new(clause, names, params)?)),
            }
        }
        Ok(Self(stages))
    }

    /// The rows that the last clause makes of the row `start`, in no particular order. In a subquery that is the row
    /// around it.
    pub(super) fn run<'a>(&'a self, start: Binding, graph: &'a Graph) -> Result<Rows<'a>, EvalError> {
        let around: Rc<[Value]> = start.values.as_slice().into();
        self.0.iter().try_fold(rows([start]), |rows, stage| stage.run(&around, rows, graph))
    }
}

impl Stage {
    fn run<'a>(
        &'a self,
        around: &Rc<[Value]>,
        bindings: Rows<'a>,
        graph: &'a Graph,
    ) -> Result<Rows<'a>, EvalError> {
        Ok(match self {
            Self::Project(projecting) => projecting.run(around, bindings, graph)?,
            Self::Call(calling) => flat_map(bindings, |binding| calling.run(&binding, graph)),
            Self::Unwind(unwinding) => flat_map(bindings, |binding| unwinding.run(binding, graph)),
            Self::Match(clauses) => flat_map(bindings, |binding| matched(clauses, binding, graph)),
            Self::Optional(clause) => flat_map(bindings, |binding| {
                let unmatched = clause.unmatched(&binding);
                let mut matches = matched(std::slice::from_ref(clause), binding, graph)?.peekable();
                Ok(if matches.peek().is_none() { rows([unmatched]) } else { Box::new(matches) })
            }),
        })
    }
}

/// The names of a clause's relationships.
fn relationships(clause: &Match) -> impl Iterator<Item = &SmolStr> {
    let all = clause.patterns.iter().flat_map(|pattern| &pattern.relationships);
    all.filter_map(|relationship| relationship.variable.as_ref()).map(|name| &name.text)
}

/// Every extension by the patterns of all the clauses for which then the conditions of all of them are true.
fn matched<'a>(clauses: &'a [Matching], binding: Binding, graph: &'a Graph) -> Result<Rows<'a>, EvalError> {
    for clause in clauses {
        clause.check(&binding.values)?;
    }
    let extended = clauses.iter().fold(rows([binding]), |bindings, clause| {
        flat_map(bindings, |binding| Ok(clause.extensions(binding, graph)))
    });
    let holds = move |row: &Binding| -> Result<bool, EvalError> {
        for clause in clauses {
            if !clause.holds(row, graph)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(filter(extended, holds))
}
