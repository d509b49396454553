//! From a chain of clauses to a chain of operators.

use super::builder::{Builder, Stage};
use super::nodes::LogicalOp;
use super::{call, pattern, projection, subquery};
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Expr, Match, Span, Unwind};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// Plans `clauses` over the rows of `stage`.
pub(super) fn plan(
    mut stage: Stage,
    clauses: &[Clause],
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let (mut at, around) = (0, builder.span);
    while at < clauses.len() {
        let mut next = at + 1;
        builder.span = clauses[at].span();
        stage = match &clauses[at] {
            Clause::Match(matched) if matched.optional => pattern::plan_optional(stage, matched, builder)?,
            Clause::Match(first) => {
                let run = joint(first, &clauses[next..]);
                next += run.len() - 1;
                builder.span = Span { end: run[run.len() - 1].span.end, ..first.span };
                pattern::plan(&stage, &run, builder)?
            }
            Clause::Unwind(unwind) => plan_unwind(stage, unwind, builder)?,
            Clause::With(with) => projection::plan(stage, with, builder)?,
            Clause::Call(call) => call::plan(&stage, call, builder)?,
        };
        at = next;
    }
    builder.span = around;
    Ok(stage)
}

/// The MATCH clauses that are one pattern: `first` and those right behind it, up to one that matches a
/// relationship of theirs again, since within one pattern relationships have one place.
fn joint<'q>(first: &'q Match, rest: &'q [Clause]) -> Vec<&'q Match> {
    let mut run = vec![first];
    for clause in rest {
        match clause {
            Clause::Match(matched) if !matched.optional => {
                let again = relationships(matched)
                    .any(|name| run.iter().any(|clause| relationships(clause).any(|have| have == name)));
                if again {
                    break;
                }
                run.push(matched);
            }
            _ => break,
        }
    }
    run
}

fn relationships(clause: &Match) -> impl Iterator<Item = &SmolStr> {
    let relationships = clause.patterns.iter().flat_map(|pattern| &pattern.relationships);
    relationships.filter_map(|relationship| Some(&relationship.variable.as_ref()?.text))
}

fn plan_unwind(stage: Stage, unwind: &Unwind, builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    let mut list = unwind.list.clone();
    let mut stage = subquery::lift(stage, &mut [&mut list], builder)?;
    let input = builder.rows(&stage);
    stage.schema.push(unwind.variable.text.clone(), TypeSet::ANY);
    let position = stage.schema.push(SmolStr::default(), TypeSet::INTEGER);
    stage.schema.key.push(position);
    Ok(builder.over(input, LogicalOp::Unwind(list), stage.schema))
}

/// Keeps the rows of `stage` on which the condition is true; for `movable` see [`LogicalOp::Filter`].
pub(super) fn filter(
    stage: Stage,
    condition: &Expr,
    movable: bool,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let mut condition = condition.clone();
    let stage = subquery::lift(stage, &mut [&mut condition], builder)?;
    let input = builder.rows(&stage);
    Ok(builder.over(input, LogicalOp::Filter { condition, movable }, stage.schema))
}
