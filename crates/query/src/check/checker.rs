//! What all checks share on their walk through a query.

use super::names::Names;
use crate::expression::judge::Facts;
use crate::language::{Diagnostic, Notes};
use crate::types::TypeSet;

/// The result of a check.
pub(super) type Checked<T> = Result<T, Diagnostic>;

/// Walks through a query in the order of the text.
pub(super) struct Checker {
    /// The names in scope where the walk stands.
    pub(super) names: Names,
    pub(super) notes: Notes,
    /// How many subqueries the walk is in.
    pub(super) subqueries: usize,
    /// What is wrong with expressions, if the walk goes on behind it; `None` if it ends there.
    pub(super) found: Option<Vec<Diagnostic>>,
}

/// Where a walk goes on behind an expression with an error.
pub(super) struct Mark {
    names: Names,
    subqueries: usize,
}

impl Checker {
    /// Returns where to go on behind an expression that may bind names; `None` if the walk ends at an error anyway.
    pub(super) fn mark(&self) -> Option<Box<Mark>> {
        let mark = || Box::new(Mark { names: self.names.clone(), subqueries: self.subqueries });
        self.found.is_some().then(mark)
    }

    /// Notes what is wrong with an expression, of which nothing is known then; whatever is made of it is not wrong for
    /// that. If the walk ends at an error, it is returned.
    #[cold]
    pub(super) fn beside(&mut self, error: Diagnostic, mark: Option<Box<Mark>>) -> Checked<Facts> {
        let Some(found) = &mut self.found else { return Err(error) };
        found.push(error);
        if let Some(mark) = mark {
            (self.names, self.subqueries) = (mark.names, mark.subqueries);
        }
        Ok(Facts { types: TypeSet::ANY, infallible: false, constant: false })
    }
}
