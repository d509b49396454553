//! From a chain of clauses to a chain of operators.

use super::needs::AllNeeds;
use super::planner::{Planner, Stage};
use super::{call, pattern, projection, subquery};
use crate::expression::{TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Expr, Match, Unwind};
use crate::operator::filter::Filter;
use crate::operator::unwind::Unwind as UnwindOperator;
use livewell_model::SmolStr;

/// Plans `clauses` over the rows of `stage`; `needs` has for each clause what is used after it.
pub(super) fn plan(
    mut stage: Stage,
    clauses: &[Clause],
    needs: &[AllNeeds],
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let mut at = 0;
    while at < clauses.len() {
        let mut next = at + 1;
        stage = match &clauses[at] {
            Clause::Match(matched) if matched.optional => {
                pattern::plan_optional(stage, matched, &needs[at], planner)?
            }
            Clause::Match(first) => {
                let run = joint(first, &clauses[next..]);
                next += run.len() - 1;
                pattern::plan(&stage, &run, &needs[next - 1], planner)?
            }
            Clause::Unwind(unwind) => plan_unwind(stage, unwind, planner)?,
            Clause::With(with) => projection::plan(stage, with, planner)?,
            Clause::Call(call) => call::plan(stage, call, planner)?,
        };
        at = next;
    }
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

fn plan_unwind(stage: Stage, unwind: &Unwind, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    let mut list = unwind.list.clone();
    let mut stage = subquery::lift(stage, &mut [&mut list], planner)?;
    let operator = UnwindOperator {
        list: compile(&list, &stage.schema, planner.params)?,
        text: planner.text_of(unwind.span).to_owned(),
    };
    let input = planner.rows(&stage);
    stage.schema.push(unwind.variable.text.clone(), TypeSet::ANY);
    let position = stage.schema.push(SmolStr::default(), TypeSet::INTEGER);
    stage.schema.key.push(position);
    Ok(Stage::new(planner.add(operator, vec![input]), stage.schema))
}

/// Keeps the rows of `stage` on which the condition is true.
pub(super) fn filter(stage: Stage, condition: &Expr, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    let text = planner.text_of(condition.span).to_owned();
    let mut condition = condition.clone();
    let stage = subquery::lift(stage, &mut [&mut condition], planner)?;
    let operator = Filter { condition: compile(&condition, &stage.schema, planner.params)?, text };
    let input = planner.rows(&stage);
    Ok(Stage::new(planner.add(operator, vec![input]), stage.schema))
}
