//! Names of slots in the text of a plan, and expressions over them.

use super::nodes::Node;
use crate::expression::Compiled;
use crate::language::{Listed, bare};
use crate::operator::project::Slot;
use crate::operator::window::Sort;
use livewell_model::SmolStr;

/// What the slots of an operator's rows are called.
pub(super) struct Names<'a> {
    names: &'a [SmolStr],
    /// Whether slots are shown by their numbers.
    numbers: bool,
}

impl<'a> Names<'a> {
    pub(super) fn of(node: &'a Node, numbers: bool) -> Self {
        Self { names: &node.names, numbers }
    }

    pub(super) fn of_input(nodes: &'a [Node], node: &Node, input: usize, numbers: bool) -> Self {
        Self { names: node.inputs.get(input).map_or(&[], |input| &nodes[*input].names), numbers }
    }

    /// Numbers alone.
    pub(super) fn numbers() -> Self {
        Self { names: &[], numbers: true }
    }

    /// A slot's name, or its number if no name reaches it.
    pub(super) fn slot(&self, slot: usize) -> SmolStr {
        let named = self.names.get(slot).filter(|name| !self.numbers && !name.is_empty());
        named.map_or_else(|| format!("@{slot}").into(), |name| bare(name).into())
    }

    pub(super) fn list(&self, slots: &[usize]) -> String {
        slots.iter().map(|slot| self.slot(*slot)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn expr(&self, expression: &Compiled) -> String {
        expression.tree(&|slot| self.slot(slot)).to_string()
    }

    pub(super) fn exprs(&self, expressions: &[Compiled]) -> String {
        let trees: Vec<_> = expressions.iter().map(|part| part.tree(&|slot| self.slot(slot))).collect();
        Listed(&trees).to_string()
    }

    pub(super) fn items(&self, slots: &[Slot]) -> String {
        let items = slots.iter().map(|slot| match slot {
            Slot::Keep(at) => self.slot(*at).to_string(),
            Slot::Compute(expression) => self.expr(expression),
            Slot::Constant(value) => format!("{value:?}"),
            Slot::Relationships(at) => format!("the relationships of {}", self.slot(*at)),
            Slot::Path(parts) => format!("the path of {}", self.list(parts)),
        });
        items.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn order(&self, order: &[Sort]) -> String {
        let keys = order.iter().map(|sort| {
            let way = if sort.descending { " DESC" } else { "" };
            format!("{}{way}", self.slot(sort.slot))
        });
        keys.collect::<Vec<_>>().join(", ")
    }
}
