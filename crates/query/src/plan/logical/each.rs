//! Queries that are run for each value of parameters.
//!
//! A condition `expression = $parameter` becomes a slot that holds the value for which it is true. From there on the
//! values are carried along like a row around a subquery: groups, distinct rows and windows are those of one value, and
//! the values are part of what identifies a row. Rows on which there is no such value belong to nobody and are dropped,
//! where the condition stands.

use super::builder::{Builder, Stage};
use super::nodes::{Item, LogicalOp};
use super::schema::{Around, Schema};
use crate::expression::{compile, equal_of};
use crate::for_each::{Parameter, ParameterType};
use crate::language::ast::{BinaryOp, Expr, ExprKind};
use crate::language::{Diagnostic, code};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// The end of the names of slots that hold parameters' values. It begins with [`crate::language::ast::LOCAL`].
const OF_VALUE: &str = "\u{1}value";

/// A parameter whose value follows from a row.
#[derive(Clone)]
pub(super) struct Found {
    /// Its place among those declared.
    parameter: usize,
    /// What it is equal to.
    expr: Expr,
}

/// Takes the parameters out of a condition on the rows of `schema`: where one is found for the first time, it has to
/// have a value, and is appended to `found`, with which the rest is compared.
pub(super) fn take(condition: &Expr, schema: &Schema, found: &mut Vec<Found>, builder: &Builder<'_>) -> Expr {
    let kind = match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            let left = take(left, schema, found, builder);
            let right = take(right, schema, found, builder);
            ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right))
        }
        ExprKind::Binary(BinaryOp::Equal, left, right) => {
            let declared = |expr: &Expr| match &expr.kind {
                ExprKind::Parameter(name) => builder.for_each.iter().position(|have| have.name == *name),
                _ => None,
            };
            match (declared(left), declared(right)) {
                (_, Some(parameter)) => equal(left, parameter, schema, found, builder),
                (Some(parameter), _) => equal(right, parameter, schema, found, builder),
                (None, None) => return condition.clone(),
            }
        }
        _ => return condition.clone(),
    };
    Expr { kind, span: condition.span }
}

/// What `expr = $parameter` becomes.
fn equal(
    expr: &Expr,
    parameter: usize,
    schema: &Schema,
    found: &mut Vec<Found>,
    builder: &Builder<'_>,
) -> ExprKind {
    let declared = &builder.for_each[parameter];
    let name = slot_name(declared);
    let value = if schema.position(&name).is_some() {
        Expr { kind: ExprKind::Variable(name), span: expr.span }
    } else if let Some(first) = found.iter().find(|found| found.parameter == parameter) {
        value(&first.expr, declared.of)
    } else {
        found.push(Found { parameter, expr: expr.clone() });
        return ExprKind::IsNull(Box::new(value(expr, declared.of)), true);
    };
    ExprKind::Binary(BinaryOp::Equal, Box::new(expr.clone()), Box::new(value))
}

/// Appends the values of the parameters `found` to the rows of `stage`, which are theirs from here on.
pub(super) fn give(
    mut stage: Stage,
    found: Vec<Found>,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    if found.is_empty() {
        return Ok(stage);
    }
    let input = builder.rows(&stage);
    let mut items: Vec<Item> = (0..stage.schema.width()).map(Item::Keep).collect();
    for Found { parameter, expr } in found {
        let declared = &builder.for_each[parameter];
        let types = compile(&expr, &stage.schema, builder.params)?.types();
        let (fitting, given) = types_of(declared.of);
        if !types.meets(fitting) {
            let (always, of) = (types.describe(), declared.of.name());
            let message = format!("this is always {always}, which is never equal to a value of type {of}");
            return Err(Diagnostic::semantic(code::TYPE, expr.span, message)
                .with_help("compare a property with it, or declare the parameter with another type"));
        }
        items.push(Item::Compute(value(&expr, declared.of)));
        let slot = stage.schema.push(slot_name(declared), given);
        carry(&mut stage.schema, slot, parameter, builder);
    }
    Ok(builder.over(input, LogicalOp::Project(items), stage.schema))
}

/// Has a slot carried along as the value of a parameter. The values come in the order declared.
fn carry(schema: &mut Schema, slot: usize, parameter: usize, builder: &Builder<'_>) {
    let nothing = || Around { rows: None, key: Vec::new(), slots: Vec::new(), in_key: 0..0 };
    let around = schema.outer.get_or_insert_with(nothing);
    let before = builder.for_each[..parameter].iter().map(slot_name);
    let before = before.filter(|name| around.slots.iter().any(|slot| schema.names[*slot] == *name));
    let place = before.count();
    around.slots.insert(place, slot);
    around.key = (0..around.slots.len()).collect();
    schema.key.insert(around.in_key.start + place, slot);
    around.in_key.end += 1;
}

/// Puts the values before the columns, for readers.
pub(super) fn first(stage: Stage, builder: &mut Builder<'_>) -> Stage {
    let Some(around) = stage.schema.outer.clone() else { return stage };
    let (items, inputs) = builder.take_projection(&stage);
    let schema = stage.schema;
    let others = (0..schema.width()).filter(|slot| !around.slots.contains(slot));
    let slots: Vec<usize> = around.slots.iter().copied().chain(others).collect();
    let place = |slot: usize| slots.iter().position(|have| *have == slot).expect("every slot is kept");
    let mut moved = Schema {
        names: slots.iter().map(|slot| schema.names[*slot].clone()).collect(),
        types: slots.iter().map(|slot| schema.types[*slot]).collect(),
        key: schema.key.iter().map(|slot| place(*slot)).collect(),
        order: schema.order.clone(),
        outer: None,
    };
    moved.order.iter_mut().for_each(|sort| sort.slot = place(sort.slot));
    let mut items: Vec<Option<Item>> = items.into_iter().map(Some).collect();
    let items = slots.iter().map(|slot| items[*slot].take().expect("every slot is kept once")).collect();
    Stage::new(builder.add(LogicalOp::Project(items), inputs, &moved), moved)
}

/// The name of the slot that holds a parameter's value, which no variable has.
fn slot_name(parameter: &Parameter) -> SmolStr {
    format!("${}{OF_VALUE}", parameter.name).into()
}

/// Whether it is the name of a slot that holds a parameter's value.
pub(super) fn is_value(name: &str) -> bool {
    name.ends_with(OF_VALUE)
}

/// The value of this type that equals `expr`, or null.
fn value(expr: &Expr, of: ParameterType) -> Expr {
    Expr { kind: ExprKind::Call(equal_of(of).into(), vec![expr.clone()]), span: expr.span }
}

/// What can equal a value of the type, and what its values are.
fn types_of(of: ParameterType) -> (TypeSet, TypeSet) {
    match of {
        ParameterType::Text => (TypeSet::STRING, TypeSet::STRING),
        ParameterType::Integer => (TypeSet::NUMBER, TypeSet::INTEGER),
        ParameterType::Float => (TypeSet::NUMBER, TypeSet::FLOAT),
        ParameterType::Boolean => (TypeSet::BOOLEAN, TypeSet::BOOLEAN),
    }
}
