//! What must hold of a query beyond its grammar: every name is defined once and used as what it is, columns
//! have names, aggregates stand where they can, and no operand has a type that can never fit.

mod aggregation;
mod expression;
mod names;
mod pattern;
mod projection;
mod with_where;

use super::ast::{Clause, Expr, Query, SingleQuery, Span};
use super::diagnostic::Diagnostic;
use super::parser::Draft;
use names::Names;

type Checked<T> = Result<T, Diagnostic>;

/// Checks a query and completes it: `*` becomes the variables it stands for.
pub(super) fn check(draft: Draft) -> Checked<Query> {
    let Draft { query, stars } = draft;
    let branches = query.branches.into_iter().map(|branch| single(branch, &stars)).collect::<Checked<_>>()?;
    Ok(Query { branches, distinct: query.distinct })
}

fn single(query: SingleQuery, stars: &[(usize, Span)]) -> Checked<SingleQuery> {
    let star_of = |clause: usize| stars.iter().find(|(at, _)| *at == clause).map(|(_, span)| *span);
    let returning = query.clauses.len();
    let mut names = Names::default();
    let mut clauses = vec![];
    for (number, clause) in query.clauses.into_iter().enumerate() {
        match clause {
            Clause::Match(matched) => {
                pattern::check(&matched, &mut names)?;
                clauses.push(Clause::Match(matched));
            }
            Clause::Unwind(unwind) => clauses.push(Clause::Unwind(unwind)),
            Clause::With(mut with) => {
                let projected = projection::check(&mut with, star_of(number), &names, true)?;
                clauses.extend(with_where::check(with, &names, &projected)?.into_iter().map(Clause::With));
                names = projected;
            }
        }
    }
    let mut returns = query.returns;
    projection::check(&mut returns, star_of(returning), &names, false)?;
    Ok(SingleQuery { clauses, returns })
}

/// Checks the condition of a WHERE.
fn condition(condition: &Expr, names: &Names) -> Checked<()> {
    expression::boolean(condition, names)
}
