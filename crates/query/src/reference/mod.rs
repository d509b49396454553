//! The reference: what a query gives, computed from scratch in the slowest obvious way.
//!
//! It is what the incremental engine is held to after every transaction, so it shares nothing with it but
//! the parser, the values and the scalar expressions: nested loops over all nodes and relationships, no
//! index, no order of evaluation other than the text's.
//!
//! A clause is a function from rows to rows. A `Binding` is a row between two clauses: its identity so
//! far, and a value in every slot. MATCH appends slots, WITH and RETURN replace them all.

mod aggregate;
mod exact_sum;
mod graph;
mod joins;
mod matching;
mod projection;
mod rewrite;

use crate::expression::{EvalError, Scope};
use crate::joins::{Join, undirect};
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Query};
use livewell_model::{Map, Row, SmolStr, Value, key};
use matching::Matching;
use projection::Projecting;

pub use graph::Graph;

/// A query, ready to be evaluated over any graph.
#[derive(Debug)]
pub struct Reference {
    joins: Vec<Join>,
    stages: Vec<Stage>,
    columns: Vec<SmolStr>,
}

/// One clause, or several MATCH clauses in a row. RETURN is the last.
#[derive(Debug)]
enum Stage {
    Match(Vec<Matching>),
    Project(Projecting),
}

/// A row between two clauses.
#[derive(Debug, Clone)]
struct Binding {
    /// The row's identity so far, in the encoding of [`livewell_model::key`].
    key: Vec<u8>,
    /// The value of each slot.
    values: Vec<Value>,
}

/// The variable in each slot; an anonymous part of a pattern has a slot without a name.
#[derive(Debug, Clone, Default)]
struct Names(Vec<Option<SmolStr>>);

impl Scope for Names {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.0.iter().position(|name| name.as_deref() == Some(variable))
    }
}

impl Names {
    /// Appends a slot and says which it is.
    fn push(&mut self, name: Option<SmolStr>) -> usize {
        self.0.push(name);
        self.0.len() - 1
    }
}

impl Reference {
    /// Compiles `query` with its parameters' values.
    ///
    /// # Errors
    /// [`Diagnostic`] where an expression cannot be compiled (unknown variable, missing parameter).
    pub fn new(query: &Query, params: &Map) -> Result<Self, Diagnostic> {
        Self::with_joins(query, params, &[])
    }

    /// Compiles `query`, which reads the virtual relationships of `joins`.
    ///
    /// # Errors
    /// As [`Reference::new`].
    pub fn with_joins(query: &Query, params: &Map, joins: &[Join]) -> Result<Self, Diagnostic> {
        let mut query = query.clone();
        undirect(&mut query, joins)?;
        let query = &query;
        let [query] = query.branches.as_slice() else {
            return Err(Diagnostic::not_yet(query.branches[1].returns.span, "UNION"));
        };
        let mut names = Names::default();
        let mut stages = Vec::with_capacity(query.clauses.len() + 1);
        for clause in &query.clauses {
            match clause {
                Clause::Match(clause) => {
                    let matching = Matching::new(clause, &mut names, params)?;
                    match stages.last_mut() {
                        Some(Stage::Match(consecutive)) => consecutive.push(matching),
                        _ => stages.push(Stage::Match(vec![matching])),
                    }
                }
                Clause::Unwind(unwind) => return Err(Diagnostic::not_yet(unwind.span, "UNWIND")),
                Clause::With(projection) => {
                    stages.push(Stage::Project(Projecting::new(projection, &mut names, params)?));
                }
            }
        }
        stages.push(Stage::Project(Projecting::new(&query.returns, &mut names, params)?));
        let columns = query.returns.items.iter().map(|item| item.name.clone()).collect();
        Ok(Self { joins: joins.to_vec(), stages, columns })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[SmolStr] {
        &self.columns
    }

    /// The query's rows over `graph`, ascending by key, then by the exact encoding of their columns.
    ///
    /// # Errors
    /// [`EvalError`] where an expression or an aggregate fails on any row of any clause.
    pub fn rows(&self, graph: &Graph) -> Result<Vec<Row>, EvalError> {
        let joined = (!self.joins.is_empty()).then(|| joins::joined(graph, &self.joins));
        let graph = joined.as_ref().unwrap_or(graph);
        let mut bindings = vec![Binding { key: Vec::new(), values: Vec::new() }];
        for stage in &self.stages {
            bindings = match stage {
                Stage::Match(consecutive) => matched(consecutive, bindings, graph)?,
                Stage::Project(projecting) => projecting.run(bindings)?,
            };
        }
        bindings.sort_by_cached_key(|binding| (binding.key.clone(), exact(&binding.values)));
        Ok(bindings
            .into_iter()
            .map(|b| Row { key: b.key, columns: b.values.into(), order: Vec::new() })
            .collect())
    }
}

/// Every extension by the patterns of all the clauses for which then the conditions of all of them are true.
fn matched(
    clauses: &[Matching],
    mut bindings: Vec<Binding>,
    graph: &Graph,
) -> Result<Vec<Binding>, EvalError> {
    for clause in clauses {
        bindings = clause.run(bindings, graph);
    }
    let mut kept = Vec::new();
    for binding in bindings {
        let mut holds = true;
        for clause in clauses {
            holds = holds && clause.holds(&binding.values)?;
        }
        if holds {
            kept.push(binding);
        }
    }
    Ok(kept)
}

/// The exact encodings of several values, one after another: tells `1` from `1.0`.
fn exact(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(key::exact).collect()
}
