//! From CALL to the operators of its queries. They run over the rows around them and carry the slots of those along, so
//! what they give are these rows already, each with the columns behind it.

use super::builder::{Builder, Stage};
use super::clauses;
use super::nodes::{Item, LogicalOp};
use super::schema::{Around, Schema};
use super::subquery::inside;
use crate::language::Diagnostic;
use crate::language::ast::Call;
use crate::types::TypeSet;
use livewell_model::{SmolStr, Value};

/// Plans a CALL over the rows of `stage`: they get a slot more for each column.
pub(super) fn plan(stage: &Stage, call: &Call, builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    let rows = builder.rows(stage);
    let columns = call.columns.len();
    let mut inputs = Vec::with_capacity(call.branches.len());
    let mut types = vec![TypeSet::NONE; columns];
    let mut keys = None;
    for (number, branch) in (0_i64..).zip(&call.branches) {
        let inner = clauses::plan(inside(&stage.schema, rows, builder), branch, builder)?;
        for (all, own) in types.iter_mut().zip(&inner.schema.types) {
            *all = all.or(*own);
        }
        let mut items: Vec<Item> = around(&inner.schema).slots.iter().map(|slot| Item::Keep(*slot)).collect();
        items.extend((0..columns).map(Item::Keep));
        let mut own = Vec::new();
        if !call.distinct {
            own = own_key(&inner.schema);
            if keys.replace(own.len()).is_some_and(|before| before != own.len()) {
                let what = "UNION ALL of queries whose rows are identified by different numbers of elements, under CALL,";
                return Err(Diagnostic::not_yet(call.span, what)
                    .with_help("write UNION, or match as many elements in each"));
            }
            items.extend((call.branches.len() > 1).then_some(Item::Constant(Value::Int(number))));
            items.extend(own.iter().map(|slot| Item::Keep(*slot)));
        }
        let schema = extended(&stage.schema, call, &inner.schema.types, own.len());
        let input = builder.rows(&inner);
        inputs.push(builder.add(LogicalOp::Project(items), vec![input], &schema));
    }
    let schema = extended(&stage.schema, call, &types, keys.unwrap_or(0));
    let node = match <[usize; 1]>::try_from(inputs) {
        Ok([only]) => only,
        Err(inputs) => builder.add(LogicalOp::Union { distinct: call.distinct }, inputs, &schema),
    };
    if !call.distinct {
        return Ok(Stage::new(node, schema));
    }
    Ok(builder.over(node, LogicalOp::distinct((0..schema.width()).map(Item::Keep).collect()), schema))
}

/// The rows around with the columns behind them, then what else identifies a row.
fn extended(around: &Schema, call: &Call, types: &[TypeSet], keys: usize) -> Schema {
    let mut schema = Schema { order: Vec::new(), ..around.clone() };
    let width = schema.width();
    for (name, types) in call.columns.iter().zip(types) {
        schema.push(name.clone(), *types);
    }
    if call.distinct {
        schema.key.extend(width..schema.width());
    } else {
        let numbers = usize::from(call.branches.len() > 1);
        for _ in 0..numbers + keys {
            let slot = schema.push(SmolStr::default(), TypeSet::ANY);
            schema.key.push(slot);
        }
    }
    schema
}

/// The row around, as a row of the query carries it.
fn around(inner: &Schema) -> &Around {
    inner.outer.as_ref().expect("a subquery's rows carry those around it")
}

/// What identifies a row of the query beside the row around it.
fn own_key(inner: &Schema) -> Vec<usize> {
    let mut key = inner.key.clone();
    key.drain(around(inner).in_key.clone());
    key
}
