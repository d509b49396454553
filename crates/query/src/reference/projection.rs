//! WITH and RETURN: every row becomes the values of its items, by itself or as one of a group. Then come DISTINCT,
//! ORDER BY, SKIP and LIMIT, and the condition of a WITH.
//!
//! Without aggregates and DISTINCT a row keeps its identity, whatever is projected. A group is identified by
//! its grouping values, a distinct row by all of its values.

use super::aggregate::Aggregate;
use super::binding::{Binding, exact};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::order::Ordering;
use super::rewrite::Grouping;
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::{Expr, Projection};
use crate::meter::size;
use livewell_model::{Map, Value, key};
use std::collections::BTreeMap;

/// A compiled WITH or RETURN.
#[derive(Debug)]
pub(super) struct Projecting {
    items: Items,
    distinct: bool,
    ordering: Ordering,
    condition: Option<RowExpr>,
}

/// A row of a group: its grouping values, and the row itself.
type Member<'a> = (Vec<Value>, &'a Binding);

/// How the items come from the rows.
#[derive(Debug)]
enum Items {
    /// Each row by itself.
    OneByOne(Vec<RowExpr>),
    /// Rows of equivalent grouping values together.
    Grouped(Groups),
}

/// The items are expressions over one row per group: what is around the query, its grouping values, then the
/// results of its aggregates.
#[derive(Debug)]
struct Groups {
    grouping: Vec<RowExpr>,
    aggregates: Vec<Aggregate>,
    items: Vec<RowExpr>,
}

impl Projecting {
    /// Compiles the clause; `names` becomes the projected names.
    pub(super) fn new(clause: &Projection, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        let items = if clause.items.iter().any(|item| item.expr.has_aggregate()) {
            Items::Grouped(Groups::new(clause, names, params)?)
        } else {
            Items::OneByOne(compile(clause.items.iter().map(|item| &item.expr), names, params)?)
        };
        *names = names.replaced(clause.items.iter().map(|item| item.name.clone()));
        let ordering = Ordering::new(clause, names, params)?;
        let condition = clause.condition.as_ref().map(|condition| RowExpr::new(condition, names, params));
        Ok(Self { items, distinct: clause.distinct, ordering, condition: condition.transpose()? })
    }

    /// The projected rows within the window for which the condition is true. The values of the row `around` the query
    /// stay as they are.
    pub(super) fn run(
        &self,
        around: &[Value],
        bindings: Vec<Binding>,
        graph: &Graph,
    ) -> Result<Vec<Binding>, EvalError> {
        let mut projected = match &self.items {
            Items::OneByOne(items) => one_by_one(items, around.len(), bindings, graph)?,
            Items::Grouped(groups) => groups.run(around, &bindings, graph)?,
        };
        if self.distinct {
            projected = distinct(projected, around.len());
        }
        projected = self.ordering.run(projected, graph)?;
        let Some(condition) = &self.condition else { return Ok(projected) };
        let mut kept = Vec::new();
        for binding in projected {
            if condition.is_true_on(&binding, graph)? {
                kept.push(binding);
            }
        }
        Ok(kept)
    }
}

fn compile<'a>(
    exprs: impl Iterator<Item = &'a Expr>,
    names: &Names,
    params: &Map,
) -> Result<Vec<RowExpr>, Diagnostic> {
    exprs.map(|expr| RowExpr::new(expr, names, params)).collect()
}

fn evaluate(exprs: &[RowExpr], row: &[Value], graph: &Graph) -> Result<Vec<Value>, EvalError> {
    exprs.iter().map(|expr| expr.eval(row, graph)).collect()
}

fn evaluate_on(exprs: &[RowExpr], row: &Binding, graph: &Graph) -> Result<Vec<Value>, EvalError> {
    exprs.iter().map(|expr| expr.eval_on(row, graph)).collect()
}

fn one_by_one(
    items: &[RowExpr],
    around: usize,
    bindings: Vec<Binding>,
    graph: &Graph,
) -> Result<Vec<Binding>, EvalError> {
    let project = |row: Binding| {
        let projected = evaluate_on(items, &row, graph)?;
        graph.meter.hold(size::row(around + projected.len()))?;
        Ok(Binding { values: [&row.values[..around], &projected].concat(), ..row })
    };
    bindings.into_iter().map(project).collect()
}

impl Groups {
    fn new(clause: &Projection, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let mut over_groups = Grouping::new(&clause.items);
        let items: Vec<_> = clause.items.iter().map(|item| over_groups.rewrite(&item.expr)).collect();
        let grouping = compile(over_groups.keys(), names, params)?;
        let aggregates = over_groups.aggregates().map(|call| Aggregate::new(call, names, params));
        let group = names.replaced(over_groups.names());
        Ok(Self {
            grouping,
            aggregates: aggregates.collect::<Result<_, _>>()?,
            items: compile(items.iter(), &group, params)?,
        })
    }

    /// One row per group. Without grouping items there is one group, also of no rows.
    fn run(&self, around: &[Value], bindings: &[Binding], graph: &Graph) -> Result<Vec<Binding>, EvalError> {
        let mut groups: BTreeMap<Vec<u8>, Vec<Member<'_>>> = BTreeMap::new();
        if self.grouping.is_empty() {
            groups.insert(Vec::new(), Vec::new());
        }
        for binding in bindings {
            let values = evaluate_on(&self.grouping, binding, graph)?;
            let key = key::of(&values);
            graph.meter.hold(size::entry(key.len()) + size::row(values.len()))?;
            groups.entry(key).or_default().push((values, binding));
        }
        let mut rows = Vec::with_capacity(groups.len());
        for (key, members) in groups {
            let mut group = around.to_vec();
            group.extend(smallest(members.iter().map(|(values, _)| values.clone())));
            let members: Vec<&Binding> = members.into_iter().map(|(_, row)| row).collect();
            for aggregate in &self.aggregates {
                group.push(aggregate.over(&members, graph)?);
            }
            let values = [around, &evaluate(&self.items, &group, graph)?].concat();
            rows.push(Binding { key, order: Vec::new(), values });
        }
        Ok(rows)
    }
}

/// One row for all rows of equivalent values, without regard to the first `around` of them.
pub(super) fn distinct(bindings: Vec<Binding>, around: usize) -> Vec<Binding> {
    let mut groups: BTreeMap<Vec<u8>, Vec<Vec<Value>>> = BTreeMap::new();
    for Binding { values, .. } in bindings {
        groups.entry(key::of(&values[around..])).or_default().push(values);
    }
    let one = |(key, members): (_, Vec<Vec<Value>>)| Binding {
        key,
        order: Vec::new(),
        values: smallest(members.into_iter()),
    };
    groups.into_iter().map(one).collect()
}

/// Of equivalent tuples (`1` and `1.0`) the one that stands for all; of no tuple the empty one.
fn smallest(tuples: impl Iterator<Item = Vec<Value>>) -> Vec<Value> {
    tuples.min_by_key(|values| exact(values)).unwrap_or_default()
}
