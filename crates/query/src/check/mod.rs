//! What must hold of a query beyond its grammar: every name is defined once and used as what it is, columns
//! have names, aggregates stand where they can, and no operand has a type that can never fit. On the way the
//! query is completed: `*` becomes the variables it stands for, names that are local to an expression become
//! unique, and what ORDER BY and WHERE need beyond the projected columns is projected, too.

mod aggregation;
mod beyond;
mod bound;
mod call;
mod checker;
mod expression;
mod for_each;
mod names;
mod pattern;
mod place;
mod projection;
mod subquery;
mod window;

use crate::language::ast::{Clause, Query, SingleQuery, Unwind};
use crate::language::{Diagnostic, Draft, Notes, code, read, unreadable};
use checker::{Checked, Checker};
pub(crate) use for_each::for_each;
use names::Names;

/// Reads a query and checks it: `*` is expanded, every name is defined, types and aggregates are in order.
///
/// # Errors
/// A [`Diagnostic`] that points at the place: text that is not Cypher, Cypher that is not supported in a
/// standing query, or a query whose meaning is in conflict.
pub fn parse(text: &str) -> Result<Query, Diagnostic> {
    read(text).and_then(check).map_err(|diagnostic| diagnostic.located(text))
}

/// Returns the errors of a text: of its grammar, one per clause and 100 at most; if there are none, of its names and types.
///
/// The first is the one that [`parse`] returns. Errors that only follow from others are left out: an expression with an
/// error counts as one of any type, and behind other errors of names nothing is known, so such a one is the only one.
pub fn faults(text: &str) -> Vec<Diagnostic> {
    let draft = match read(text) {
        Ok(draft) => draft,
        Err(_) => return unreadable(text).into_iter().map(|error| error.located(text)).collect(),
    };
    let mut checker = Checker::new(draft.notes);
    checker.found = Some(Vec::new());
    let checked = checker.query(draft.query);
    let mut found = checker.found.unwrap_or_default();
    if let Err(error) = checked
        && found.is_empty()
    {
        found.push(error);
    }
    found.into_iter().map(|error| error.located(text)).collect()
}

/// Checks a query and completes it.
fn check(draft: Draft) -> Checked<Query> {
    Checker::new(draft.notes).query(draft.query)
}

impl Checker {
    fn new(notes: Notes) -> Self {
        Self { names: Names::default(), notes, subqueries: 0, found: None }
    }

    fn query(&mut self, query: Query) -> Checked<Query> {
        let mut branches: Vec<SingleQuery> = vec![];
        for branch in query.branches {
            self.names.replace(vec![]);
            let branch = self.single(branch)?;
            if let Some(first) = branches.first() {
                same_columns(first, &branch)?;
            }
            branches.push(branch);
        }
        Ok(Query { branches, distinct: query.distinct })
    }

    fn single(&mut self, query: SingleQuery) -> Checked<SingleQuery> {
        let mut clauses = vec![];
        for clause in query.clauses {
            self.clause(clause, &mut clauses)?;
        }
        let (returns, narrowed) = self.projection(query.returns, projection::Clause::Return)?;
        Ok(match narrowed {
            None => SingleQuery { clauses, returns },
            Some(narrowed) => {
                clauses.push(Clause::With(returns));
                SingleQuery { clauses, returns: narrowed }
            }
        })
    }

    /// Checks a clause and puts it, or the two it becomes, behind the others.
    fn clause(&mut self, clause: Clause, clauses: &mut Vec<Clause>) -> Checked<()> {
        match clause {
            Clause::Match(mut matched) => {
                self.matching(&mut matched)?;
                clauses.push(Clause::Match(matched));
            }
            Clause::Unwind(mut unwind) => {
                self.unwind(&mut unwind)?;
                clauses.push(Clause::Unwind(unwind));
            }
            Clause::Call(call) => {
                let call = self.call(call)?;
                clauses.push(Clause::Call(call));
            }
            Clause::With(with) => {
                let (with, narrowed) = self.projection(with, projection::Clause::With)?;
                clauses.extend([Some(with), narrowed].into_iter().flatten().map(Clause::With));
            }
        }
        Ok(())
    }

    fn unwind(&mut self, unwind: &mut Unwind) -> Checked<()> {
        let items =
            self.list(&mut unwind.list, expression::Place::Elsewhere("UNWIND"), "what UNWIND takes apart")?;
        let variable = &mut unwind.variable;
        if self.names.get(&variable.text).is_some() {
            let message = format!("`{}` is defined already and cannot become the items", variable.text);
            return Err(
                Diagnostic::semantic(code::REBOUND, variable.span, message).with_help("use another name")
            );
        }
        variable.text = self.names.define(&variable.text, items);
        Ok(())
    }
}

fn same_columns(first: &SingleQuery, other: &SingleQuery) -> Checked<()> {
    let columns =
        |query: &SingleQuery| query.returns.items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    let (wanted, have) = (columns(first), columns(other));
    if wanted == have {
        return Ok(());
    }
    let message = "the queries of a UNION must have the same columns in the same order";
    Err(Diagnostic::semantic(code::COLUMN, other.returns.span, message)
        .with_help(format!("name these columns with `AS`: {}", projection::short(&wanted.join(", ")))))
}
