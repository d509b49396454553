//! From WITH and RETURN to projections, aggregates and DISTINCT, with the slots that identify a row kept along.

use super::PlanNode;
use super::build::{Schema, Source, filter};
use crate::expression::{TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{AggregateOp, Expr, ExprKind, Item, Projection, Span};
use crate::operator::aggregate::{Aggregate, Call, Fold};
use crate::operator::project::{Project, Slot};
use livewell_model::SmolStr;

/// A clause computes at most this many different aggregates.
const CALLS_MAX: usize = 200;

/// Plans a projection over `input`; the items come first among the slots.
pub(super) fn plan(
    input: PlanNode,
    schema: &Schema,
    projection: &Projection,
    source: &mut Source<'_>,
) -> Result<(PlanNode, Schema), Diagnostic> {
    if !projection.order.is_empty() || projection.skip.is_some() || projection.limit.is_some() {
        return Err(Diagnostic::not_yet(projection.span, "ORDER BY, SKIP and LIMIT"));
    }
    let aggregates = projection.items.iter().any(|item| item.expr.has_aggregate());
    let (mut node, mut schema) = if aggregates {
        aggregate(input, schema, projection, source)?
    } else {
        project(input, schema, projection, source)?
    };
    if projection.distinct {
        (node, schema) = distinct(node, &schema, projection, source);
    }
    if let Some(condition) = &projection.condition {
        node = filter(node, condition, &schema, source)?;
    }
    Ok((node, schema))
}

fn project(
    input: PlanNode,
    schema: &Schema,
    projection: &Projection,
    source: &Source<'_>,
) -> Result<(PlanNode, Schema), Diagnostic> {
    let mut slots = projection
        .items
        .iter()
        .map(|item| slot(&item.expr, schema, source))
        .collect::<Result<Vec<_>, _>>()?;
    let mut names = item_names(projection);
    let mut types: Vec<TypeSet> = slots.iter().map(|slot| types_of(slot, schema)).collect();
    let mut key = Vec::with_capacity(schema.key.len());
    for identifying in &schema.key {
        let kept = slots.iter().position(|slot| matches!(slot, Slot::Keep(at) if at == identifying));
        key.push(kept.unwrap_or_else(|| {
            slots.push(Slot::Keep(*identifying));
            // Kept for the row's identity alone: no name reaches it.
            names.push(SmolStr::default());
            types.push(schema.types[*identifying]);
            slots.len() - 1
        }));
    }
    let operator = Project { slots, text: text(projection, source) };
    Ok((PlanNode { operator: Box::new(operator), inputs: vec![input] }, Schema { names, types, key }))
}

fn types_of(slot: &Slot, schema: &Schema) -> TypeSet {
    match slot {
        Slot::Keep(at) => schema.types[*at],
        Slot::Compute(expression) => expression.types(),
    }
}

fn slot(expr: &Expr, schema: &Schema, source: &Source<'_>) -> Result<Slot, Diagnostic> {
    if let ExprKind::Variable(name) = &expr.kind
        && let Some(at) = schema.position(name)
    {
        return Ok(Slot::Keep(at));
    }
    Ok(Slot::Compute(compile(expr, schema, source.params)?))
}

fn distinct(
    input: PlanNode,
    schema: &Schema,
    projection: &Projection,
    source: &mut Source<'_>,
) -> (PlanNode, Schema) {
    let names = item_names(projection);
    let operator = Aggregate {
        number: source.number(),
        groups: (0..names.len()).map(Slot::Keep).collect(),
        calls: Vec::new(),
        keyed: true,
        text: names.join(", "),
    };
    let key = (0..names.len()).collect();
    let types = schema.types[..names.len()].to_vec();
    (PlanNode { operator: Box::new(operator), inputs: vec![input] }, Schema { names, types, key })
}

/// The aggregates of a clause, each once, and the grouping items.
struct Parts<'a> {
    groups: Vec<&'a Item>,
    calls: Vec<Expr>,
}

fn aggregate(
    input: PlanNode,
    schema: &Schema,
    projection: &Projection,
    source: &mut Source<'_>,
) -> Result<(PlanNode, Schema), Diagnostic> {
    let mut parts = Parts { groups: Vec::new(), calls: Vec::new() };
    parts.groups.extend(projection.items.iter().filter(|item| !item.expr.has_aggregate()));
    // Each item over the aggregate's output: grouping expressions and aggregates become names of its slots.
    let items: Vec<Expr> = projection.items.iter().map(|item| parts.over_output(&item.expr)).collect();
    if parts.calls.len() > CALLS_MAX {
        let message = format!("more than {CALLS_MAX} aggregates in one clause");
        return Err(Diagnostic::not_supported(crate::language::code::LIMIT, projection.span, message));
    }
    let groups =
        parts.groups.iter().map(|item| slot(&item.expr, schema, source)).collect::<Result<_, _>>()?;
    let calls = parts.calls.iter().map(|call| plan_call(call, schema, source)).collect::<Result<_, _>>()?;
    let keyed = !parts.groups.is_empty();
    let operator =
        Aggregate { number: source.number(), groups, calls, keyed, text: text(projection, source) };
    let node = PlanNode { operator: Box::new(operator), inputs: vec![input] };

    let types = parts.groups.iter().map(|item| Ok(types_of(&slot(&item.expr, schema, source)?, schema)));
    let output = parts.output_schema(types.collect::<Result<_, Diagnostic>>()?);
    let slots = items.iter().map(|item| slot(item, &output, source)).collect::<Result<Vec<_>, _>>()?;
    // The grouping values identify the row, in the order of the items.
    let grouping = |at: &usize| !projection.items[*at].expr.has_aggregate();
    let key = (0..items.len()).filter(grouping).collect();
    let operator = Project { slots, text: text(projection, source) };
    let node = PlanNode { operator: Box::new(operator), inputs: vec![node] };
    let types = projection.items.iter().map(|_| TypeSet::ANY).collect();
    Ok((node, Schema { names: item_names(projection), types, key }))
}

impl Parts<'_> {
    fn over_output(&mut self, expr: &Expr) -> Expr {
        let bare = expr.without_spans();
        if let Some(at) = self.groups.iter().position(|item| item.expr.without_spans() == bare) {
            return variable(group_name(at), expr.span);
        }
        if matches!(expr.kind, ExprKind::Aggregate(..)) {
            let known = self.calls.iter().position(|call| call.without_spans() == bare);
            let at = known.unwrap_or_else(|| {
                self.calls.push(expr.clone());
                self.calls.len() - 1
            });
            return variable(call_name(at), expr.span);
        }
        expr.map_children(&mut |child| self.over_output(child))
    }

    /// The slots of the aggregate's output: grouping values, then aggregates, under made-up names.
    fn output_schema(&self, mut types: Vec<TypeSet>) -> Schema {
        types.resize(self.groups.len() + self.calls.len(), TypeSet::ANY);
        let groups = (0..self.groups.len()).map(group_name);
        let names = groups.chain((0..self.calls.len()).map(call_name)).collect();
        Schema { names, types, key: (0..self.groups.len()).collect() }
    }
}

fn plan_call(call: &Expr, schema: &Schema, source: &Source<'_>) -> Result<Call, Diagnostic> {
    let ExprKind::Aggregate(op, arguments, distinct) = &call.kind else {
        unreachable!("only aggregates are collected as calls")
    };
    let argument = arguments.first().map(|expr| compile(expr, schema, source.params)).transpose()?;
    let fold = match op {
        AggregateOp::Count => Fold::Count,
        AggregateOp::Sum => Fold::Sum,
        AggregateOp::Avg => Fold::Avg,
        AggregateOp::Min => Fold::Min,
        AggregateOp::Max => Fold::Max,
        AggregateOp::Collect => Fold::Collect,
        _ => return Err(Diagnostic::not_yet(call.span, "this aggregate")),
    };
    // Of equivalent values min and max show the first and the last anyhow.
    let distinct = *distinct && !matches!(fold, Fold::Min | Fold::Max);
    Ok(Call { fold, distinct, argument })
}

fn variable(name: SmolStr, span: Span) -> Expr {
    Expr { kind: ExprKind::Variable(name), span }
}

/// A made-up name is no identifier, so no variable can collide with it.
fn group_name(at: usize) -> SmolStr {
    format!("#group{at}").into()
}

fn call_name(at: usize) -> SmolStr {
    format!("#aggregate{at}").into()
}

fn item_names(projection: &Projection) -> Vec<SmolStr> {
    projection.items.iter().map(|item| item.name.clone()).collect()
}

fn text(projection: &Projection, source: &Source<'_>) -> String {
    let items = projection.items.iter().map(|item| {
        let text = source.text_of(item.expr.span);
        if text == item.name { text.to_owned() } else { format!("{text} AS {}", item.name) }
    });
    items.collect::<Vec<_>>().join(", ")
}
