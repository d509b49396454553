//! WITH and RETURN: every row becomes the values of its items, by itself or as one of a group.
//!
//! Without aggregates and DISTINCT a row keeps its identity, whatever is projected. A group is identified by
//! its grouping values, a distinct row by all of its values.

use super::aggregate::Aggregate;
use super::rewrite::Grouping;
use super::{Binding, Names, exact};
use crate::expression::{self, Compiled, EvalError};
use crate::language::Diagnostic;
use crate::language::ast::Projection;
use livewell_model::{Map, Value, key};
use std::collections::BTreeMap;

/// A compiled WITH or RETURN.
#[derive(Debug)]
pub(super) struct Projecting {
    items: Items,
    distinct: bool,
    condition: Option<Compiled>,
}

/// A row of a group: its grouping values, and the row itself.
type Member<'a> = (Vec<Value>, &'a [Value]);

/// How the items come from the rows.
#[derive(Debug)]
enum Items {
    /// Each row by itself.
    OneByOne(Vec<Compiled>),
    /// Rows of equivalent grouping values together. The items are expressions over one row per group: its
    /// grouping values, then the results of its aggregates.
    Grouped { grouping: Vec<Compiled>, aggregates: Vec<Aggregate>, items: Vec<Compiled> },
}

impl Projecting {
    /// Compiles the clause; `names` becomes the projected names.
    pub(super) fn new(clause: &Projection, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        if !clause.order.is_empty() || clause.skip.is_some() || clause.limit.is_some() {
            return Err(Diagnostic::not_yet(clause.span, "ORDER BY, SKIP and LIMIT"));
        }
        let items = if clause.items.iter().any(|item| item.expr.has_aggregate()) {
            Items::grouped(clause, names, params)?
        } else {
            let compiled = clause.items.iter().map(|item| expression::compile(&item.expr, names, params));
            Items::OneByOne(compiled.collect::<Result<_, _>>()?)
        };
        *names = Names(clause.items.iter().map(|item| Some(item.name.clone())).collect());
        let compile = |condition| expression::compile(condition, names, params);
        let condition = clause.condition.as_ref().map(compile).transpose()?;
        Ok(Self { items, distinct: clause.distinct, condition })
    }

    /// The projected rows for which the condition is true.
    pub(super) fn run(&self, bindings: Vec<Binding>) -> Result<Vec<Binding>, EvalError> {
        let mut projected = match &self.items {
            Items::OneByOne(items) => one_by_one(items, bindings)?,
            Items::Grouped { grouping, aggregates, items } => {
                grouped(grouping, aggregates, items, &bindings)?
            }
        };
        if self.distinct {
            projected = distinct(projected);
        }
        let Some(condition) = &self.condition else { return Ok(projected) };
        let mut kept = Vec::new();
        for binding in projected {
            if condition.is_true(&binding.values)? {
                kept.push(binding);
            }
        }
        Ok(kept)
    }
}

impl Items {
    fn grouped(clause: &Projection, names: &Names, params: &Map) -> Result<Self, Diagnostic> {
        let mut over_groups = Grouping::new(&clause.items);
        let items: Vec<_> = clause.items.iter().map(|item| over_groups.rewrite(&item.expr)).collect();
        let grouping = over_groups.keys().map(|key| expression::compile(key, names, params));
        let aggregates = over_groups.aggregates().map(|call| Aggregate::new(call, names, params));
        let group = Names(over_groups.names().map(Some).collect());
        Ok(Self::Grouped {
            grouping: grouping.collect::<Result<_, _>>()?,
            aggregates: aggregates.collect::<Result<_, _>>()?,
            items: items
                .iter()
                .map(|item| expression::compile(item, &group, params))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn evaluate(exprs: &[Compiled], row: &[Value]) -> Result<Vec<Value>, EvalError> {
    exprs.iter().map(|expr| expr.eval(row)).collect()
}

fn one_by_one(items: &[Compiled], bindings: Vec<Binding>) -> Result<Vec<Binding>, EvalError> {
    let project = |Binding { key, values }| Ok(Binding { key, values: evaluate(items, &values)? });
    bindings.into_iter().map(project).collect()
}

/// One row per group. Without grouping items there is one group, also of no rows.
fn grouped(
    grouping: &[Compiled],
    aggregates: &[Aggregate],
    items: &[Compiled],
    bindings: &[Binding],
) -> Result<Vec<Binding>, EvalError> {
    let mut groups: BTreeMap<Vec<u8>, Vec<Member<'_>>> = BTreeMap::new();
    if grouping.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    for binding in bindings {
        let values = evaluate(grouping, &binding.values)?;
        groups.entry(key::of(&values)).or_default().push((values, &binding.values));
    }
    let mut rows = Vec::with_capacity(groups.len());
    for (key, members) in groups {
        let mut group = smallest(members.iter().map(|(values, _)| values.clone()));
        for aggregate in aggregates {
            group.push(aggregate.over(members.iter().map(|(_, row)| *row))?);
        }
        rows.push(Binding { key, values: evaluate(items, &group)? });
    }
    Ok(rows)
}

/// One row for all rows of equivalent values.
fn distinct(bindings: Vec<Binding>) -> Vec<Binding> {
    let mut groups: BTreeMap<Vec<u8>, Vec<Vec<Value>>> = BTreeMap::new();
    for Binding { values, .. } in bindings {
        groups.entry(key::of(&values)).or_default().push(values);
    }
    groups.into_iter().map(|(key, members)| Binding { key, values: smallest(members.into_iter()) }).collect()
}

/// Of equivalent tuples (`1` and `1.0`) the one that stands for all; of no tuple the empty one.
fn smallest(tuples: impl Iterator<Item = Vec<Value>>) -> Vec<Value> {
    tuples.min_by_key(|values| exact(values)).unwrap_or_default()
}
