//! Schemas: what the slots of the rows between two operators hold.

use super::nodes::Slot;
use crate::expression::Scope;
use crate::operator::window::Sort;
use crate::types::TypeSet;
use livewell_model::SmolStr;
use std::ops::Range;

/// The slots of the rows between two operators.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    /// The variable in each slot; empty for one that no name reaches.
    pub(super) names: Vec<SmolStr>,
    /// What each slot can hold.
    pub(super) types: Vec<TypeSet>,
    /// The slots that identify a row, in the order of the query's text.
    pub(super) key: Vec<usize>,
    /// The order the rows were brought into, as slots; a projection carries it on, for collect and RETURN.
    pub(super) order: Vec<Sort>,
    /// Inside a subquery: the row around it, whose slots are carried through all its clauses. In a query that is run for
    /// each value of parameters: their values on this row, as a row around what comes behind.
    pub(super) outer: Option<Around>,
}

/// The rows around a subquery, or around what a query does for each value of parameters.
#[derive(Debug, Clone)]
pub(super) struct Around {
    /// The operator they come from, as the subquery's clauses see it. `None`: they are all values that parameters can
    /// have.
    pub(super) rows: Option<usize>,
    /// Their slots that identify them.
    pub(super) key: Vec<usize>,
    /// Where each of their slots stands in a row of the subquery.
    pub(super) slots: Vec<usize>,
    /// Which entries of the key of a row of the subquery identify the row around it.
    pub(super) in_key: Range<usize>,
}

impl Around {
    /// Returns the rows with their slots at other places.
    pub(super) fn at(&self, slots: Vec<usize>) -> Self {
        Self { slots, ..self.clone() }
    }

    /// Returns the rows with their slots at other places, which are all in the key from a place on.
    pub(super) fn all_in_key(&self, slots: Vec<usize>, from: usize) -> Self {
        let in_key = from..from + slots.len();
        Self { slots, in_key, ..self.clone() }
    }
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

    /// The name under which a projection keeps the slot for identity: that of a parameter's value, which is carried along
    /// anyhow, and else none.
    pub(super) fn name_carried(&self, slot: usize) -> SmolStr {
        let of_values = self.outer.iter().filter(|around| around.rows.is_none());
        let is_value = of_values.flat_map(|around| &around.slots).any(|value| *value == slot);
        if is_value { self.names[slot].clone() } else { SmolStr::default() }
    }

    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// The slots with their names and types.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let slots = self.names.iter().zip(&self.types);
        slots.map(|(name, types)| Slot { name: name.clone(), types: *types }).collect()
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
