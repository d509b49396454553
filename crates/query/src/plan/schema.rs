//! Schemas: what the slots of the rows between two operators hold.

use crate::expression::{Scope, TypeSet};
use crate::operator::window::Sort;
use livewell_model::SmolStr;

/// The slots of the rows between two operators.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// The variable in each slot; empty for one that no name reaches.
    pub(super) names: Vec<SmolStr>,
    /// What each slot can hold.
    pub(super) types: Vec<TypeSet>,
    /// The slots that identify a row, in the order of the query's text.
    pub(super) key: Vec<usize>,
    /// The order the rows were brought into, as slots; a projection carries it on, for collect and RETURN.
    pub(super) order: Vec<Sort>,
    /// Inside a subquery: where the slots of the row around it stand. They are carried through all its clauses.
    pub(super) outer: Option<Vec<usize>>,
}

impl Schema {
    pub(super) fn position(&self, variable: &str) -> Option<usize> {
        self.names.iter().position(|name| name == variable)
    }

    /// Appends a slot and says which it is.
    pub(super) fn push(&mut self, name: SmolStr, types: TypeSet) -> usize {
        self.names.push(name);
        self.types.push(types);
        self.names.len() - 1
    }

    pub(super) fn width(&self) -> usize {
        self.names.len()
    }
}

impl Scope for Schema {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.position(variable)
    }

    fn types(&self, variable: &str) -> TypeSet {
        self.position(variable).map_or(TypeSet::ANY, |at| self.types[at])
    }
}
