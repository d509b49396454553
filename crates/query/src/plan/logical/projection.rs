//! From WITH and RETURN to projections, aggregates and DISTINCT, with the slots that identify a row kept along.

use super::builder::{Builder, Stage};
use super::clauses::filter;

use super::nodes::{Call, Item, LogicalOp};
use super::schema::{Around, Schema};
use super::{each, order, subquery};
use crate::expression::compile;
use crate::language::ast::{self, Expr, ExprKind, LOCAL, Projection, Span};
use crate::language::{Diagnostic, Operand};

use crate::operator::window::Sort;
use crate::types::TypeSet;
use livewell_model::{SmolStr, Value};

/// A clause computes at most this many different aggregates.
const CALLS_MAX: usize = 200;

/// Plans a projection over the rows of `stage`; the items come first among the slots.
pub(super) fn plan(
    stage: Stage,
    projection: &Projection,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let mut items = projection.items.clone();
    items.iter().try_for_each(|item| refuse_beside_aggregate(&item.expr))?;
    let mut exprs: Vec<&mut Expr> = items.iter_mut().map(|item| &mut item.expr).collect();
    let stage = subquery::lift(stage, &mut exprs, builder)?;
    let aggregates = items.iter().any(|item| item.expr.has_aggregate());
    let mut stage = if aggregates {
        aggregate(&stage, &items, projection, builder)?
    } else {
        project(&stage, &items, builder)?
    };
    if projection.distinct {
        stage = distinct(&stage, &items, builder);
    }
    stage = order::plan(stage, projection, builder)?;
    match &projection.condition {
        Some(condition) => {
            let mut found = Vec::new();
            let condition = each::take(condition, &stage.schema, &mut found, builder);
            let stage = filter(stage, &condition, false, builder)?;
            each::give(stage, found, builder)
        }
        None => Ok(stage),
    }
}

/// A subquery or a function of time has a value for each row, an aggregate one for each group: an item that needs both
/// is refused.
fn refuse_beside_aggregate(expr: &Expr) -> Result<(), Diagnostic> {
    if !expr.has_aggregate() {
        return Ok(());
    }
    match lifted_outside_aggregates(expr) {
        None => Ok(()),
        Some(lifted) => {
            let kind = if lifted.has_time() { "function of time" } else { "subquery" };
            let what = format!("a {kind} beside an aggregate in one item");
            Err(Diagnostic::not_yet(lifted.span, &what).with_help("give it a name in a `WITH` before"))
        }
    }
}

fn lifted_outside_aggregates(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Aggregate(..) => None,
        ExprKind::Subquery(_) | ExprKind::OverTime(..) | ExprKind::Recall(..) => Some(expr),
        _ => expr.children().into_iter().find_map(lifted_outside_aggregates),
    }
}

fn project(stage: &Stage, items: &[ast::Item], builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    let schema = &stage.schema;
    let slots = items.iter().map(|item| slot(&item.expr, schema)).collect::<Vec<_>>();
    let types = types_of(&slots, schema, builder)?;
    let mut projected = Projected { input: schema, slots, names: item_names(items), types };
    // Kept for the row's identity and order alone: no name reaches these but the values of parameters.
    let key = schema.key.iter().map(|slot| projected.keep(*slot, schema.name_carried(*slot))).collect();
    let order =
        schema.order.iter().map(|sort| Sort { slot: projected.keep(sort.slot, SmolStr::default()), ..*sort });
    let order = order.collect();
    let outer = projected.keep_outer();
    let Projected { slots, names, types, .. } = projected;
    let input = builder.rows(stage);
    Ok(builder.over(input, LogicalOp::Project(slots), Schema { names, types, key, order, outer }))
}

/// The slots of a projection as they are put together.
struct Projected<'s> {
    input: &'s Schema,
    slots: Vec<Item>,
    names: Vec<SmolStr>,
    types: Vec<TypeSet>,
}

impl Projected<'_> {
    /// Where a slot of the input stands; appends it, if it is not there yet.
    fn keep(&mut self, kept: usize, name: SmolStr) -> usize {
        let there = self.slots.iter().position(|slot| matches!(slot, Item::Keep(at) if *at == kept));
        there.unwrap_or_else(|| self.add(kept, name))
    }

    fn add(&mut self, kept: usize, name: SmolStr) -> usize {
        self.slots.push(Item::Keep(kept));
        self.names.push(name);
        self.types.push(self.input.types[kept]);
        self.slots.len() - 1
    }

    /// Keeps the slots of the row around a subquery, under their names.
    fn keep_outer(&mut self) -> Option<Around> {
        let outer = self.input.outer.as_ref()?;
        let kept = outer.slots.iter().map(|slot| {
            let name = self.input.names[*slot].clone();
            // An item may have the same value under another name; this name has to be seen, too.
            let there = (0..self.slots.len()).find(|at| {
                matches!(self.slots[*at], Item::Keep(have) if have == *slot) && self.names[*at] == name
            });
            there.unwrap_or_else(|| self.add(*slot, name))
        });
        Some(outer.at(kept.collect()))
    }
}

/// What each slot can hold.
fn types_of(slots: &[Item], schema: &Schema, builder: &Builder<'_>) -> Result<Vec<TypeSet>, Diagnostic> {
    let types = slots.iter().map(|slot| match slot {
        Item::Keep(at) => Ok(schema.types[*at]),
        Item::Compute(expr) => Ok(compile(expr, schema, builder.params)?.types()),
        Item::Constant(value) => Ok(TypeSet::of(value)),
    });
    types.collect()
}

fn slot(expr: &Expr, schema: &Schema) -> Item {
    let kept = match &expr.kind {
        ExprKind::Variable(name) => schema.position(name),
        _ => None,
    };
    kept.map_or_else(|| Item::Compute(expr.clone()), Item::Keep)
}

fn distinct(stage: &Stage, items: &[ast::Item], builder: &mut Builder<'_>) -> Stage {
    let mut names = item_names(items);
    let mut groups: Vec<usize> = (0..names.len()).collect();
    let mut types = stage.schema.types[..names.len()].to_vec();
    // In a subquery, rows are distinct for each row around it.
    let outer = stage.schema.outer.as_ref().map(|outer| {
        let kept = outer.slots.iter().map(|slot| {
            groups.push(*slot);
            names.push(stage.schema.names[*slot].clone());
            types.push(stage.schema.types[*slot]);
            groups.len() - 1
        });
        outer.all_in_key(kept.collect(), items.len())
    });
    let op = LogicalOp::distinct(groups.into_iter().map(Item::Keep).collect());
    let key = (0..names.len()).collect();
    let input = builder.rows(stage);
    builder.over(input, op, Schema { names, types, key, order: Vec::new(), outer })
}

/// The aggregates of a clause, each once, and the grouping items.
struct Parts<'a> {
    groups: Vec<&'a ast::Item>,
    calls: Vec<Expr>,
}

fn aggregate(
    stage: &Stage,
    items: &[ast::Item],
    projection: &Projection,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let mut parts = Parts { groups: Vec::new(), calls: Vec::new() };
    parts.groups.extend(items.iter().filter(|item| !item.expr.has_aggregate()));
    // Each item over the aggregate's output: grouping expressions and aggregates become names of its slots.
    let over: Vec<Expr> = items.iter().map(|item| parts.over_output(&item.expr)).collect();
    if parts.calls.len() > CALLS_MAX {
        let message = format!("more than {CALLS_MAX} aggregates in one clause");
        return Err(Diagnostic::not_supported(crate::language::code::LIMIT, projection.span, message));
    }
    let schema = &stage.schema;
    let mut groups: Vec<Item> = parts.groups.iter().map(|item| slot(&item.expr, schema)).collect();
    let mut output = parts.output_schema();
    output.types.splice(..groups.len(), types_of(&groups, schema, builder)?);
    let calls: Vec<Call> = parts.calls.iter().map(call).collect();
    let around = schema.outer.as_ref().map(|outer| outer.slots.clone()).unwrap_or_default();
    // In a subquery, groups are formed for each row around it; what comes of it stands behind the groups.
    let first_outer = groups.len();
    groups.extend(around.iter().map(|slot| Item::Keep(*slot)));
    let names = around.iter().map(|slot| schema.names[*slot].clone());
    output.names.splice(first_outer..first_outer, names.collect::<Vec<_>>());
    output.types.splice(first_outer..first_outer, around.iter().map(|slot| schema.types[*slot]));
    output.key = (0..groups.len()).collect();
    let keyed = schema.outer.is_some() || !groups.is_empty();
    let of_nothing: Vec<Value> = calls.iter().map(|call| call.aggregate.of_nothing()).collect();
    let input = builder.rows(stage);
    let mut aggregated = builder.over(input, LogicalOp::Aggregate { groups, calls, keyed }, output);
    if let (0, Some(outer)) = (first_outer, &schema.outer) {
        match outer.rows {
            Some(rows) => aggregated = over_each(rows, aggregated, of_nothing, builder),
            None => builder.over_nothing = Some(builder.rows(&aggregated)),
        }
    }

    let output = &aggregated.schema;
    let slots = over.iter().map(|item| slot(item, output)).collect::<Vec<_>>();
    let types = items.iter().map(|_| TypeSet::ANY).collect();
    let mut projected = Projected { input: output, slots, names: item_names(items), types };
    // The grouping values identify the row, in the order of the items.
    let mut key: Vec<usize> = (0..items.len()).filter(|at| !items[*at].expr.has_aggregate()).collect();
    let outer: Vec<usize> = (first_outer..first_outer + around.len())
        .map(|slot| projected.keep(slot, output.names[slot].clone()))
        .collect();
    let first_in_key = key.len();
    key.extend(&outer);
    let outer = stage.schema.outer.as_ref().map(|around| around.all_in_key(outer, first_in_key));
    let Projected { slots, names, types, .. } = projected;
    let schema = Schema { names, types, key, order: Vec::new(), outer };
    let input = builder.rows(&aggregated);
    Ok(builder.over(input, LogicalOp::Project(slots), schema))
}

/// In a subquery, all rows of one row around are aggregated, also where it has none. The slots of `aggregated` begin
/// with those of the row around.
fn over_each(rows: usize, aggregated: Stage, of_nothing: Vec<Value>, builder: &mut Builder<'_>) -> Stage {
    let inputs = vec![rows, builder.rows(&aggregated)];
    let schema = aggregated.schema;
    Stage::new(builder.add(LogicalOp::Outer(of_nothing), inputs, &schema), schema)
}

impl Parts<'_> {
    fn over_output(&mut self, expr: &Expr) -> Expr {
        let bare = expr.without_spans();
        if let Some(at) = self.groups.iter().position(|item| item.expr.without_spans() == bare) {
            return variable(group_name(at, &self.groups[at].expr), expr.span);
        }
        if matches!(expr.kind, ExprKind::Aggregate(..)) {
            let known = self.calls.iter().position(|call| call.without_spans() == bare);
            let at = known.unwrap_or_else(|| {
                self.calls.push(expr.clone());
                self.calls.len() - 1
            });
            return variable(call_name(at, expr), expr.span);
        }
        expr.map_children(&mut |child| self.over_output(child))
    }

    /// The slots of the aggregate's output: grouping values, then aggregates, under made-up names.
    fn output_schema(&self) -> Schema {
        let groups = self.groups.iter().enumerate().map(|(at, item)| group_name(at, &item.expr));
        let calls = self.calls.iter().enumerate().map(|(at, call)| call_name(at, call));
        let names: Vec<SmolStr> = groups.chain(calls).collect();
        let types = vec![TypeSet::ANY; names.len()];
        Schema { names, types, ..Schema::default() }
    }
}

fn call(expr: &Expr) -> Call {
    let ExprKind::Aggregate(aggregate, arguments, distinct) = &expr.kind else {
        unreachable!("only aggregates are collected as calls")
    };
    Call { aggregate: *aggregate, distinct: *distinct, arguments: arguments.clone() }
}

fn variable(name: SmolStr, span: Span) -> Expr {
    Expr { kind: ExprKind::Variable(name), span }
}

/// Returns a made-up name that shows the expression it replaces. No identifier holds [`LOCAL`], so no variable can
/// collide with it.
fn group_name(at: usize, expr: &Expr) -> SmolStr {
    format!("{}{LOCAL}group{at}", Operand(expr)).into()
}

fn call_name(at: usize, expr: &Expr) -> SmolStr {
    format!("{}{LOCAL}aggregate{at}", Operand(expr)).into()
}

fn item_names(items: &[ast::Item]) -> Vec<SmolStr> {
    items.iter().map(|item| item.name.clone()).collect()
}
