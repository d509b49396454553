//! Subqueries: their clauses are checked like those of a query, in the scope of the row they stand in.

use super::checker::{Checked, Checker};
use super::projection;
use crate::language::ast::{Clause, Gives, Projection, Subquery};
use crate::types::TypeSet;

impl Checker {
    /// Checks a subquery: the types it can have.
    pub(super) fn subquery(&mut self, subquery: &mut Subquery) -> Checked<TypeSet> {
        let around = self.names.enter();
        self.subqueries += 1;
        let mut clauses = vec![];
        for clause in std::mem::take(&mut subquery.clauses) {
            match clause {
                Clause::With(returns) if self.notes.returns.contains(&returns.span.start) => {
                    self.returned(returns, &subquery.gives, &mut clauses)?;
                }
                clause => self.clause(clause, &mut clauses)?,
            }
        }
        subquery.clauses = clauses;
        let types = match &mut subquery.gives {
            Gives::Exists => TypeSet::BOOLEAN,
            Gives::Count => TypeSet::INTEGER,
            Gives::Collect(result) => {
                self.plain(result, "what is collected for each match")?;
                TypeSet::LIST
            }
        };
        self.names.leave(&around);
        self.subqueries -= 1;
        Ok(types)
    }

    /// The RETURN of a subquery. Where only the rows count, one that gives a row for each is left away.
    fn returned(&mut self, returns: Projection, gives: &Gives, clauses: &mut Vec<Clause>) -> Checked<()> {
        let collects = matches!(gives, Gives::Collect(_));
        let aggregates = returns.items.iter().any(|item| item.expr.has_aggregate());
        let windowed = returns.skip.is_some() || returns.limit.is_some();
        let (returns, narrowed) = self.projection(returns, projection::Clause::Subquery)?;
        if collects || returns.distinct || aggregates || windowed || clauses.is_empty() {
            clauses.extend([Some(returns), narrowed].into_iter().flatten().map(Clause::With));
        }
        Ok(())
    }
}
