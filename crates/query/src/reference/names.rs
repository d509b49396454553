//! The variables of a row between two clauses, by slot.

use crate::expression::Scope;
use livewell_model::SmolStr;

/// The variable in each slot; an anonymous part of a pattern has a slot without a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) slots: Vec<Option<SmolStr>>,
    /// In a subquery: how many of the slots, the first ones, are of the row around it.
    pub(super) around: Option<usize>,
    /// How many versions of an element are known.
    pub(super) versions_max: usize,
}

impl Scope for Names {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.slots.iter().position(|name| name.as_deref() == Some(variable))
    }
}

impl Names {
    /// Appends a slot and says which it is.
    pub(super) fn push(&mut self, name: Option<SmolStr>) -> usize {
        self.slots.push(name);
        self.slots.len() - 1
    }

    /// Whether the variable has a slot.
    pub(super) fn knows(&self, variable: &str) -> bool {
        self.slot(variable).is_some()
    }

    /// The first `width` slots.
    pub(super) fn first(&self, width: usize) -> Self {
        Self { slots: self.slots[..width.min(self.slots.len())].to_vec(), ..self.clone() }
    }

    /// How many slots are of the row around this query; none where there is no such row.
    pub(super) fn around(&self) -> usize {
        self.around.unwrap_or(0)
    }

    /// The slots of the row around this query, then one for each of `names`.
    pub(super) fn replaced(&self, names: impl IntoIterator<Item = SmolStr>) -> Self {
        let around = self.slots[..self.around()].iter().cloned();
        let slots = around.chain(names.into_iter().map(Some)).collect();
        Self { slots, ..self.clone() }
    }

    /// The names a subquery begins with: all of them, as those of the row around it.
    pub(super) fn enter(&self) -> Self {
        Self { around: Some(self.slots.len()), ..self.clone() }
    }
}
