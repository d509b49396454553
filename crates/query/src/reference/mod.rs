//! The reference: what a query gives, computed from scratch in the most obvious way.
//!
//! It is what the incremental engine is held to after every transaction, so it shares nothing with it but
//! the parser, the values and the scalar expressions: nested loops over candidates, and no order of evaluation
//! other than the text's. Candidates are all nodes and all relationships; over packed elements, those that are
//! found by id, label, or end and type (`lookups`), which are judged in the same way. The tests hold one to the
//! other.
//!
//! A clause is a function from rows to rows, which are made one after another; only what has to see all of them
//! (aggregates, DISTINCT, SKIP and LIMIT) keeps them. A `Binding` is a row between two clauses: its identity so
//! far, its place in the order so far, and a value in every slot. MATCH and UNWIND append slots, WITH and
//! RETURN replace them all, but for those of the row around a subquery.

mod aggregate;
mod binding;
mod call;
mod exact;
mod exact_sum;
mod expression;
mod graph;
mod items;
mod joins;
mod lookups;
mod matching;
mod names;
mod order;
mod packed;
mod past;
mod pattern;
mod pipeline;
mod projection;
mod rewrite;
mod statistics;
mod subquery;
mod time;
mod trail;
mod unwind;
mod values;
pub mod why;

use crate::expression::EvalError;
use crate::joins::Join;
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Query, SingleQuery};
use crate::settings::Settings;
use binding::{Binding, exact, flat_map, rows};
use livewell_model::{Map, Row, SmolStr, Value, key};
use names::Names;
use pipeline::Pipeline;

pub use graph::Graph;
pub use packed::Packed;
pub use values::of_values;

/// A query, ready to be evaluated over any graph.
#[derive(Debug)]
pub struct Reference {
    joins: Vec<Join>,
    branches: Vec<Pipeline>,
    /// Whether equal rows of several branches become one.
    distinct: bool,
    columns: Vec<SmolStr>,
}

impl Reference {
    /// Compiles `query` with its parameters' values.
    ///
    /// # Errors
    /// [`Diagnostic`] where an expression cannot be compiled (unknown variable, missing parameter), and where
    /// the query needs what is not supported.
    pub fn new(query: &Query, params: &Map) -> Result<Self, Diagnostic> {
        Self::with(query, params, &Settings::default())
    }

    /// Compiles `query`, which has joins, or other limits than the usual ones.
    ///
    /// # Errors
    /// Returns the errors of [`Reference::new`].
    pub fn with(query: &Query, params: &Map, settings: &Settings) -> Result<Self, Diagnostic> {
        let mut query = query.clone();
        settings.apply(&mut query)?;
        let branch = |branch: &SingleQuery| {
            let returns = Clause::With(branch.returns.clone());
            let mut names = Names { versions_max: settings.limits.versions, ..Names::default() };
            Pipeline::new(branch.clauses.iter().chain([&returns]), &mut names, params)
        };
        let branches = query.branches.iter().map(branch).collect::<Result<_, _>>()?;
        let columns = query.branches[0].returns.items.iter().map(|item| item.name.clone()).collect();
        Ok(Self { joins: settings.joins.clone(), branches, distinct: query.distinct, columns })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[SmolStr] {
        &self.columns
    }

    /// The query's rows over `graph`, ascending by key, then by the exact encoding of their columns.
    ///
    /// # Errors
    /// [`EvalError`] where an expression or an aggregate fails on any row of any clause; as [`crate::Meter::hold`] by
    /// the graph's meter.
    pub fn rows(&self, graph: &Graph) -> Result<Vec<Row>, EvalError> {
        let mut bindings = self.bindings(graph)?;
        bindings.sort_by_cached_key(|binding| (binding.key.clone(), exact(&binding.values)));
        Ok(bindings.into_iter().map(row).collect())
    }

    /// The query's rows over `graph` as a reader gets them: in the order of the last ORDER BY, those of one place
    /// by their key. The rows of several branches have no order of their own.
    ///
    /// # Errors
    /// Returns the errors of [`Self::rows`].
    pub fn ordered_rows(&self, graph: &Graph) -> Result<Vec<Row>, EvalError> {
        let mut bindings = self.bindings(graph)?;
        order::sort(&mut bindings);
        Ok(bindings.into_iter().map(row).collect())
    }

    /// Calls `with` for each of the query's rows over `graph`, in no particular order. Nothing holds the rows.
    ///
    /// # Errors
    /// Returns the errors of [`Self::rows`], and those of `with`.
    pub fn each_row(
        &self,
        graph: &Graph,
        with: &mut dyn FnMut(Row) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        self.each(graph, &mut |binding| with(row(binding)))
    }

    fn bindings(&self, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
        let mut bindings = Vec::new();
        self.each(graph, &mut |binding| {
            graph.meter.hold(binding.bytes())?;
            bindings.push(binding);
            Ok(())
        })?;
        Ok(bindings)
    }

    fn each(
        &self,
        graph: &Graph,
        with: &mut dyn FnMut(Binding) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        graph.time.begin();
        let prepared = graph.prepared(&self.joins)?;
        let graph = prepared.as_ref().unwrap_or(graph);
        let nothing = || Binding { key: Vec::new(), order: Vec::new(), values: Vec::new() };
        if let [only] = self.branches.as_slice() {
            return only.run(nothing(), graph)?.try_for_each(|binding| with(binding?));
        }
        let branches = rows((0..).zip(&self.branches));
        let all = flat_map(branches, |(number, branch)| {
            let of_branch = key::of(&[Value::Int(number)]);
            Ok(Box::new(branch.run(nothing(), graph)?.map(move |binding| {
                let binding = binding?;
                let key = [of_branch.as_slice(), &binding.key].concat();
                Ok(Binding { key, order: Vec::new(), ..binding })
            })))
        });
        let mut all = if self.distinct { rows(projection::distinct(all, 0, graph)?) } else { all };
        all.try_for_each(|binding| with(binding?))
    }
}

fn row(binding: Binding) -> Row {
    Row { key: binding.key, columns: binding.values.into(), order: Vec::new() }
}
