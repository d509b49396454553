//! What a query uses of each slot, found from the last operator of its logical plan back to the first.

use super::conditions::Moved;
use crate::language::ast::{AggregateOp, Expr, ExprKind};
use crate::operator::scan;
use crate::plan::logical::{Gives, Item, Logical, LogicalOp, Node};
use livewell_model::SmolStr;
use std::collections::BTreeSet;

/// The uses of one slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// The value as it is, with all that it holds.
    pub(super) whole: bool,
    labels: bool,
    properties: BTreeSet<SmolStr>,
}

/// For each operator of a plan, the uses of its slots.
pub(super) type Needs = Vec<Vec<Uses>>;

/// What the operators behind each one use of its slots.
pub(super) fn of(logical: &Logical, moved: &Moved) -> Needs {
    let mut needs: Needs = logical.nodes.iter().map(|node| vec![Uses::default(); node.slots.len()]).collect();
    if let Some(last) = needs.last_mut() {
        last[..logical.columns.len()].iter_mut().for_each(|uses| uses.whole = true);
    }
    for at in (0..logical.nodes.len()).rev() {
        let node = &logical.nodes[at];
        for sort in &node.order {
            needs[at][sort.slot].whole = true;
        }
        let mut behind = std::mem::take(&mut needs[at]);
        let mut backwards = Backwards { logical, node, needs: &mut needs, items: Vec::new() };
        backwards.step(&mut behind, moved.is_moved[at]);
        needs[at] = behind;
    }
    needs
}

impl Uses {
    /// What a scan has to hand on for these uses.
    pub(super) fn needs(&self) -> scan::Needs {
        if self.whole {
            return scan::Needs::Whole;
        }
        scan::Needs::Parts { labels: self.labels, properties: self.properties.iter().cloned().collect() }
    }

    fn add(&mut self, other: &Self) {
        self.whole |= other.whole;
        self.labels |= other.labels;
        self.properties.extend(other.properties.iter().cloned());
    }
}

/// One operator: from the uses of its slots to those of its inputs'.
struct Backwards<'a> {
    logical: &'a Logical,
    node: &'a Node,
    needs: &'a mut Needs,
    /// The variables that stand for the items of a list in a slot, each with the list's.
    items: Vec<(SmolStr, SmolStr)>,
}

impl Backwards<'_> {
    fn step(&mut self, behind: &mut [Uses], is_moved: bool) {
        match &self.node.op {
            LogicalOp::Unit => {}
            LogicalOp::Match(pattern) => {
                let first_path = behind.len() - pattern.paths.len();
                for (at, parts) in pattern.paths.iter().enumerate() {
                    if behind[first_path + at].whole {
                        parts.iter().for_each(|slot| behind[*slot].whole = true);
                    }
                }
                self.pass(behind);
            }
            LogicalOp::Around | LogicalOp::Outer(_) | LogicalOp::Window { .. } | LogicalOp::Union { .. } => {
                self.pass(behind);
            }
            LogicalOp::Filter { condition, .. } => {
                self.pass(behind);
                if !is_moved {
                    self.uses(0, condition);
                }
            }
            LogicalOp::Unwind(list) => {
                self.pass(behind);
                self.uses(0, list);
            }
            LogicalOp::Sort(computed) => {
                self.pass(behind);
                computed.iter().for_each(|expr| self.uses(0, expr));
            }
            LogicalOp::Project(items) => self.projected(items, behind),
            LogicalOp::Aggregate { groups, calls, .. } => {
                self.projected(groups, behind);
                for call in calls {
                    // How many there are says nothing of what they hold.
                    let counts = call.aggregate == AggregateOp::Count;
                    let counted = call.arguments.iter().filter(|argument| !(counts && is_variable(argument)));
                    counted.for_each(|argument| self.uses(0, argument));
                }
            }
            LogicalOp::Apply { gives, .. } => {
                self.pass_to(0, behind);
                if let Gives::Collect(result) = gives {
                    self.uses(1, result);
                }
            }
            LogicalOp::Timed { arguments, .. } => {
                self.pass(behind);
                arguments.iter().for_each(|argument| self.uses(0, argument));
            }
            LogicalOp::Recalled { arguments, .. } => {
                self.pass(behind);
                // An element's past is looked up by its id.
                let used =
                    arguments.iter().enumerate().filter(|(at, argument)| *at > 0 || !is_variable(argument));
                used.for_each(|(_, argument)| self.uses(0, argument));
            }
        }
    }

    /// The inputs' slots are the first of the operator's.
    fn pass(&mut self, behind: &[Uses]) {
        (0..self.node.inputs.len()).for_each(|input| self.pass_to(input, behind));
    }

    fn pass_to(&mut self, input: usize, behind: &[Uses]) {
        let slots = &mut self.needs[self.node.inputs[input]];
        slots.iter_mut().zip(behind).for_each(|(slot, uses)| slot.add(uses));
    }

    fn projected(&mut self, items: &[Item], behind: &[Uses]) {
        for (item, uses) in items.iter().zip(behind) {
            match item {
                Item::Keep(slot) => self.needs[self.node.inputs[0]][*slot].add(uses),
                Item::Compute(expr) => self.uses(0, expr),
                Item::Constant(_) => {}
            }
        }
    }

    /// Adds what an expression over the rows of an input uses of them.
    fn uses(&mut self, input: usize, expr: &Expr) {
        match &expr.kind {
            ExprKind::Variable(variable) => self.of_variable(input, variable, |uses| uses.whole = true),
            ExprKind::Property(base, key) if is_variable(base) => self.of_base(input, base, |uses| {
                uses.properties.insert(key.clone());
            }),
            ExprKind::HasLabels(base, _) if is_variable(base) => {
                self.of_base(input, base, |uses| uses.labels = true);
            }
            ExprKind::IsNull(base, _) if is_variable(base) => {}
            ExprKind::Call(name, arguments) if matches!(arguments.as_slice(), [base] if is_variable(base)) => {
                self.of_base(input, &arguments[0], |uses| match name.as_str() {
                    "id" | "elementid" | "length" | "size" => {}
                    "labels" | "type" => uses.labels = true,
                    _ => uses.whole = true,
                });
            }
            ExprKind::MapProjection(projection) if is_variable(&projection.base) => {
                self.of_base(input, &projection.base, |uses| uses.whole |= projection.all);
                projection.entries.iter().for_each(|(_, value)| self.uses(input, value));
            }
            // The list of a trail's relationships, of which no more is used than of an item.
            ExprKind::Quantifier(_, inner) if is_variable(&inner.list) => {
                if let ExprKind::Variable(list) = &inner.list.kind {
                    self.items.push((inner.variable.text.clone(), list.clone()));
                }
                inner.condition.iter().for_each(|condition| self.uses(input, condition));
            }
            _ => expr.children().into_iter().for_each(|child| self.uses(input, child)),
        }
    }

    fn of_base(&mut self, input: usize, base: &Expr, add: impl FnOnce(&mut Uses)) {
        if let ExprKind::Variable(variable) = &base.kind {
            self.of_variable(input, variable, add);
        }
    }

    fn of_variable(&mut self, input: usize, variable: &str, add: impl FnOnce(&mut Uses)) {
        let place = self.node.inputs[input];
        let list = self.items.iter().find(|(item, _)| item == variable).map(|(_, list)| list.clone());
        let variable = list.as_deref().unwrap_or(variable);
        // What an expression binds for itself is not a slot.
        if let Some(slot) = self.logical.nodes[place].position(variable) {
            add(&mut self.needs[place][slot]);
        }
    }
}

fn is_variable(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Variable(_))
}
