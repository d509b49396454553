//! From a function of time, or of an element's past, to the operator that follows the rows.

use super::planner::{Planner, Stage};
use crate::chronicle::Asks;
use crate::expression::{TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind, RecallFunction, TimeFunction};
use crate::operator::nested::Nesting;
use crate::operator::recalled::Recalled;
use crate::operator::timed::Timed;
use livewell_model::SmolStr;

/// Plans a call over the rows of `stage`: they get one slot more, its value.
pub(super) fn plan(
    mut stage: Stage,
    call: &Expr,
    name: &SmolStr,
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let compiled = call.children().into_iter().map(|part| compile(part, &stage.schema, planner.params));
    let arguments = compiled.collect::<Result<Vec<_>, _>>()?;
    let rows = Nesting { number: planner.number(), outer: stage.schema.key.clone(), inner: Vec::new() };
    let text = planner.text_of(call.span).to_owned();
    let input = planner.rows(&stage);
    let (node, types) = match &call.kind {
        ExprKind::OverTime(function, _) => {
            let types = match function {
                TimeFunction::PreviousValue => TypeSet::ANY,
                _ => TypeSet::BOOLEAN.or_null(),
            };
            let operator = Timed { rows, function: *function, arguments, text, place: call.span.start };
            (planner.add(operator, vec![input]), types)
        }
        ExprKind::Recall(function, _) => {
            let (asks, types) = match function {
                RecallFunction::ChangeTime => (Asks::Times, TypeSet::DATE_TIME),
                RecallFunction::VersionAt => (Asks::Versions, TypeSet::ELEMENT),
                RecallFunction::VersionsIn => (Asks::Versions, TypeSet::LIST),
            };
            planner.asks = planner.asks.max(asks);
            let operator = Recalled { rows, function: *function, arguments, text };
            (planner.add(operator, vec![input]), types.or_null())
        }
        _ => unreachable!("only those calls are followed"),
    };
    stage.schema.push(name.clone(), types);
    Ok(Stage::new(node, stage.schema))
}
