//! From CALL to the operators of its queries. They run over the rows around them and carry the slots of those along, so
//! what they give are these rows already, each with the columns behind it.

use super::clauses;
use super::needs::AllNeeds;
use super::planner::{Planner, Stage};
use super::schema::{Around, Schema};
use super::subquery::inside;
use crate::expression::TypeSet;
use crate::language::Diagnostic;
use crate::language::ast::Call;
use crate::operator::aggregate::Aggregate;
use crate::operator::project::{Project, Slot};
use crate::operator::union::Union;
use livewell_model::{SmolStr, Value};

/// Plans a CALL over the rows of `stage`: they get a slot more for each column.
pub(super) fn plan(stage: Stage, call: &Call, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    let rows = planner.rows(&stage);
    let columns = call.columns.len();
    let mut inputs = Vec::with_capacity(call.branches.len());
    let mut types = vec![TypeSet::NONE; columns];
    let mut keys = None;
    for (number, branch) in (0_i64..).zip(&call.branches) {
        let (needs, _) = AllNeeds::of_branch(branch);
        let inner = clauses::plan(inside(&stage.schema, rows), branch, &needs, planner)?;
        for (all, own) in types.iter_mut().zip(&inner.schema.types) {
            *all = all.or(*own);
        }
        let mut slots: Vec<Slot> = around(&inner.schema).slots.iter().map(|slot| Slot::Keep(*slot)).collect();
        slots.extend((0..columns).map(Slot::Keep));
        if call.branches.len() > 1 && !call.distinct {
            slots.push(Slot::Constant(Value::Int(number)));
        }
        if !call.distinct {
            let own = own_key(&inner.schema);
            if keys.replace(own.len()).is_some_and(|before| before != own.len()) {
                let what = "UNION ALL of queries whose rows are identified by different numbers of elements, under CALL,";
                return Err(Diagnostic::not_yet(call.span, what)
                    .with_help("write UNION, or match as many elements in each"));
            }
            slots.extend(own.into_iter().map(Slot::Keep));
        }
        let input = planner.rows(&inner);
        inputs.push(planner.add(Project { slots, text: "the columns of a CALL".into() }, vec![input]));
    }
    let width = stage.schema.width();
    let mut schema = stage.schema;
    schema.order = Vec::new();
    for (name, types) in call.columns.iter().zip(types) {
        schema.push(name.clone(), types);
    }
    if call.distinct {
        schema.key.extend(width..width + columns);
    } else {
        let numbers = usize::from(call.branches.len() > 1);
        for _ in 0..numbers + keys.unwrap_or(0) {
            let slot = schema.push(SmolStr::default(), TypeSet::ANY);
            schema.key.push(slot);
        }
    }
    let node = match <[usize; 1]>::try_from(inputs) {
        Ok([only]) => only,
        Err(inputs) => planner.add(Union { distinct: call.distinct }, inputs),
    };
    if !call.distinct {
        return Ok(Stage::new(node, schema));
    }
    let operator = Aggregate {
        number: planner.number(),
        groups: (0..schema.width()).map(Slot::Keep).collect(),
        calls: Vec::new(),
        keyed: true,
        text: "all columns".into(),
    };
    Ok(Stage::new(planner.add(operator, vec![node]), schema))
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
