//! The reference: what a query gives, computed from scratch in the slowest obvious way.
//!
//! It is what the incremental engine is held to after every transaction, so it shares nothing with it but
//! the parser, the values and the scalar expressions: nested loops over all nodes and relationships, no
//! index, no order of evaluation other than the text's.
//!
//! A clause is a function from rows to rows. A `Binding` is a row between two clauses: its identity so
//! far, its place in the order so far, and a value in every slot. MATCH and UNWIND append slots, WITH and
//! RETURN replace them all, but for those of the row around a subquery.

mod aggregate;
mod call;
mod exact_sum;
mod expression;
mod graph;
mod items;
mod joins;
mod matching;
mod order;
mod pattern;
mod pipeline;
mod projection;
mod rewrite;
mod statistics;
mod subquery;
mod time;
mod trail;
mod unwind;

use crate::expression::{EvalError, Scope};
use crate::joins::Join;
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Query, SingleQuery};
use crate::meter::size;
use crate::settings::Settings;
use livewell_model::{Map, Row, SmolStr, Value, key};
use order::SortKey;
use pipeline::Pipeline;

pub use graph::Graph;

/// A query, ready to be evaluated over any graph.
#[derive(Debug)]
pub struct Reference {
    joins: Vec<Join>,
    branches: Vec<Pipeline>,
    /// Whether equal rows of several branches become one.
    distinct: bool,
    columns: Vec<SmolStr>,
}

/// A row between two clauses.
#[derive(Debug, Clone)]
struct Binding {
    /// The row's identity so far, in the encoding of [`livewell_model::key`].
    key: Vec<u8>,
    /// The keys of the last ORDER BY; the row's key breaks ties. Empty: no order.
    order: Vec<SortKey>,
    /// The value of each slot.
    values: Vec<Value>,
}

impl Binding {
    /// The bytes it takes, with what its values alone point to.
    fn bytes(&self) -> usize {
        /// About what a key of an order takes.
        const ORDER: usize = 48;
        size::entry(self.key.len()) + self.order.len() * ORDER + size::read(&self.values)
    }
}

/// The rows, held in place of all that was held since `before`.
fn keep(rows: Vec<Binding>, before: usize, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
    graph.meter.reset(before);
    graph.meter.hold(rows.iter().map(Binding::bytes).sum())?;
    Ok(rows)
}

/// The variable in each slot; an anonymous part of a pattern has a slot without a name.
#[derive(Debug, Clone, Default)]
struct Names {
    slots: Vec<Option<SmolStr>>,
    /// In a subquery: how many of the slots, the first ones, are of the row around it.
    around: Option<usize>,
    /// How many versions of an element are known.
    versions_max: usize,
}

impl Scope for Names {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.slots.iter().position(|name| name.as_deref() == Some(variable))
    }
}

impl Names {
    /// Appends a slot and says which it is.
    fn push(&mut self, name: Option<SmolStr>) -> usize {
        self.slots.push(name);
        self.slots.len() - 1
    }

    /// How many slots are of the row around this query; none where there is no such row.
    fn around(&self) -> usize {
        self.around.unwrap_or(0)
    }

    /// The slots of the row around this query, then one for each of `names`.
    fn replaced(&self, names: impl IntoIterator<Item = SmolStr>) -> Self {
        let around = self.slots[..self.around()].iter().cloned();
        let slots = around.chain(names.into_iter().map(Some)).collect();
        Self { slots, ..self.clone() }
    }

    /// The names a subquery begins with: all of them, as those of the row around it.
    fn enter(&self) -> Self {
        Self { around: Some(self.slots.len()), ..self.clone() }
    }
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
    /// As [`Reference::new`].
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
    /// As [`Self::rows`].
    pub fn ordered_rows(&self, graph: &Graph) -> Result<Vec<Row>, EvalError> {
        let mut bindings = self.bindings(graph)?;
        order::sort(&mut bindings);
        Ok(bindings.into_iter().map(row).collect())
    }

    fn bindings(&self, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
        graph.time.begin();
        let joined = (!self.joins.is_empty()).then(|| joins::joined(graph, &self.joins)).transpose()?;
        let graph = joined.as_ref().unwrap_or(graph);
        let nothing = Binding { key: Vec::new(), order: Vec::new(), values: Vec::new() };
        if let [only] = self.branches.as_slice() {
            return only.run(nothing, graph);
        }
        let mut all = Vec::new();
        for (number, branch) in (0..).zip(&self.branches) {
            for binding in branch.run(nothing.clone(), graph)? {
                let key = [key::of(&[Value::Int(number)]), binding.key].concat();
                all.push(Binding { key, order: Vec::new(), ..binding });
            }
        }
        Ok(if self.distinct { projection::distinct(all, 0) } else { all })
    }
}

fn row(binding: Binding) -> Row {
    Row { key: binding.key, columns: binding.values.into(), order: Vec::new() }
}

/// The exact encodings of several values, one after another: tells `1` from `1.0`.
fn exact(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(key::exact).collect()
}
