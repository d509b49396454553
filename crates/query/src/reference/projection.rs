//! WITH and RETURN: every row becomes the values of its items, by itself or as one of a group. Then come DISTINCT,
//! ORDER BY, SKIP and LIMIT, and the condition of a WITH.
//!
//! Without aggregates and DISTINCT a row keeps its identity, whatever is projected. A group is identified by
//! its grouping values, a distinct row by all of its values.

use super::aggregate::{Aggregate, Taken};
use super::binding::{Binding, Rows, exact, filter, rows};
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
use std::collections::btree_map::Entry;
use std::rc::Rc;

/// A compiled WITH or RETURN.
#[derive(Debug)]
pub(super) struct Projecting {
    items: Items,
    distinct: bool,
    pub(super) ordering: Ordering,
    condition: Option<RowExpr>,
}

/// The rows of a group.
#[derive(Debug)]
struct Group {
    /// Its grouping values: of equivalent ones (`1` and `1.0`) those whose encoding is the smallest.
    values: Vec<Value>,
    /// For each aggregate what it takes of each row.
    taken: Vec<Vec<Taken>>,
}

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
    pub(super) fn run<'a>(
        &'a self,
        around: &Rc<[Value]>,
        bindings: Rows<'a>,
        graph: &'a Graph,
    ) -> Result<Rows<'a>, EvalError> {
        let mut projected = self.project(around, bindings, graph)?;
        if self.distinct {
            projected = rows(distinct(projected, around.len(), graph)?);
        }
        projected = self.ordering.run(projected, graph)?;
        let Some(condition) = &self.condition else { return Ok(projected) };
        Ok(filter(projected, |binding| condition.is_true_on(binding, graph)))
    }

    /// The rows of the items' values, before DISTINCT and all that follows.
    pub(super) fn project<'a>(
        &'a self,
        around: &Rc<[Value]>,
        bindings: Rows<'a>,
        graph: &'a Graph,
    ) -> Result<Rows<'a>, EvalError> {
        Ok(match &self.items {
            Items::OneByOne(items) => one_by_one(items, around.len(), bindings, graph),
            Items::Grouped(groups) => rows(groups.run(around, bindings, graph)?),
        })
    }

    /// The key of the group that a row is in; its own if there are no groups.
    pub(super) fn group_of(&self, row: &Binding, graph: &Graph) -> Result<Vec<u8>, EvalError> {
        match &self.items {
            Items::OneByOne(_) => Ok(row.key.clone()),
            Items::Grouped(groups) => Ok(key::of(&evaluate_on(&groups.grouping, row, graph)?)),
        }
    }

    /// Whether all rows are one group, also if there are none.
    pub(super) fn is_one_group(&self) -> bool {
        matches!(&self.items, Items::Grouped(groups) if groups.grouping.is_empty())
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

fn one_by_one<'a>(items: &'a [RowExpr], around: usize, bindings: Rows<'a>, graph: &'a Graph) -> Rows<'a> {
    let project = move |row: Result<Binding, EvalError>| {
        let row = row?;
        let projected = evaluate_on(items, &row, graph)?;
        Ok(Binding { values: [&row.values[..around], &projected].concat(), ..row })
    };
    Box::new(bindings.map(project))
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
    fn run(&self, around: &[Value], bindings: Rows<'_>, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
        let before = graph.meter.held();
        let mut groups: BTreeMap<Vec<u8>, Group> = BTreeMap::new();
        let no_values = || Group { values: Vec::new(), taken: vec![Vec::new(); self.aggregates.len()] };
        if self.grouping.is_empty() {
            groups.insert(Vec::new(), no_values());
        }
        for binding in bindings {
            let binding = binding?;
            let values = evaluate_on(&self.grouping, &binding, graph)?;
            let key = key::of(&values);
            if !groups.contains_key(&key) {
                graph.meter.hold(size::entry(key.len()) + size::read(&values))?;
            }
            let group = groups.entry(key).or_insert_with(no_values);
            if group.values.is_empty() || exact(&values) < exact(&group.values) {
                group.values = values;
            }
            for (aggregate, taken) in self.aggregates.iter().zip(&mut group.taken) {
                taken.push(aggregate.take(&binding, graph)?);
            }
        }
        let mut rows = Vec::with_capacity(groups.len());
        for (key, Group { values, taken }) in groups {
            let mut group = [around, &values].concat();
            for (aggregate, taken) in self.aggregates.iter().zip(taken) {
                group.push(aggregate.over(taken)?);
            }
            let values = [around, &evaluate(&self.items, &group, graph)?].concat();
            rows.push(Binding { key, order: Vec::new(), values });
        }
        graph.meter.reset(before);
        graph.meter.hold(rows.iter().map(Binding::bytes).sum())?;
        Ok(rows)
    }
}

/// One row for all rows of equivalent values, without regard to the first `around` of them: of these (`1` and `1.0`)
/// the one whose encoding is the smallest.
pub(super) fn distinct(rows: Rows<'_>, around: usize, graph: &Graph) -> Result<Vec<Binding>, EvalError> {
    let mut groups: BTreeMap<Vec<u8>, Binding> = BTreeMap::new();
    for row in rows {
        let values = row?.values;
        let key = key::of(&values[around..]);
        let row = Binding { key: key.clone(), order: Vec::new(), values };
        match groups.entry(key) {
            Entry::Vacant(entry) => {
                graph.meter.hold(row.bytes())?;
                entry.insert(row);
            }
            Entry::Occupied(mut entry) if exact(&row.values) < exact(&entry.get().values) => {
                entry.insert(row);
            }
            Entry::Occupied(_) => graph.meter.tick()?,
        }
    }
    Ok(groups.into_values().collect())
}
