//! What all checks share on their walk through a query.

use super::names::Names;
use crate::language::{Diagnostic, Notes};

/// The result of a check.
pub(super) type Checked<T> = Result<T, Diagnostic>;

/// Walks through a query in the order of the text.
pub(super) struct Checker {
    /// The names in scope where the walk stands.
    pub(super) names: Names,
    pub(super) notes: Notes,
    /// How many subqueries the walk is in.
    pub(super) subqueries: usize,
}
