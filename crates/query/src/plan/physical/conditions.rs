//! Moves conditions on one element of a pattern alone into its scan.
//!
//! Only what cannot fail moves, and only before the first condition that can: a row that a later condition
//! would drop must still reach that one and fail there, as the order of the text has it.

use crate::expression::{Compiled, Scope, compile};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind};
use crate::plan::logical::{Element, Logical, LogicalOp, Match};
use crate::types::TypeSet;
use livewell_model::{Map, SmolStr};

/// The conditions of a plan that are evaluated in scans.
pub(super) struct Moved {
    /// For each operator of the logical plan: whether it is a filter whose condition is evaluated in a scan.
    pub(super) is_moved: Vec<bool>,
    /// The conditions, each with its pattern's place in the logical plan and the element's in the pattern.
    conditions: Vec<(usize, usize, Compiled)>,
}

impl Moved {
    /// Decides which conditions of a plan move.
    pub(super) fn of(logical: &Logical, params: &Map) -> Result<Self, Diagnostic> {
        let mut moved = Self { is_moved: vec![false; logical.nodes.len()], conditions: Vec::new() };
        for (at, node) in logical.nodes.iter().enumerate() {
            if let LogicalOp::Match(pattern) = &node.op {
                let first = node.slots.len() - pattern.elements.len() - pattern.paths.len();
                for (element, kind) in pattern.elements.iter().enumerate() {
                    moved.inline(at, element, kind, &node.slots[first + element].name, params)?;
                }
                moved.above(logical, at, pattern, params)?;
            }
        }
        Ok(moved)
    }

    /// The conditions of one element's scan.
    pub(super) fn take(&mut self, pattern: usize, element: usize) -> Vec<Compiled> {
        let is_its = |(of, at, _): &mut (usize, usize, Compiled)| (*of, *at) == (pattern, element);
        self.conditions.extract_if(.., is_its).map(|(.., condition)| condition).collect()
    }

    /// Moves what is asked of each edge of a trail.
    fn inline(
        &mut self,
        pattern: usize,
        element: usize,
        kind: &Element,
        name: &str,
        params: &Map,
    ) -> Result<(), Diagnostic> {
        let Element::Trail { each, .. } = kind else { return Ok(()) };
        let one = One { variable: name, types: TypeSet::RELATIONSHIP };
        for condition in each {
            self.conditions.push((pattern, element, compile(condition, &one, params)?));
        }
        Ok(())
    }

    /// Moves the conditions of the filters above a pattern. Between them are subqueries, which change no row that a
    /// filter looks at.
    fn above(
        &mut self,
        logical: &Logical,
        pattern: usize,
        of: &Match,
        params: &Map,
    ) -> Result<(), Diagnostic> {
        let mut below = pattern;
        for (at, node) in logical.nodes.iter().enumerate().skip(pattern + 1) {
            if node.inputs.first() != Some(&below) {
                continue;
            }
            match &node.op {
                LogicalOp::Around => continue,
                LogicalOp::Filter { condition, movable: true } => {
                    self.is_moved[at] = self.one(logical, pattern, of, condition, params)?;
                }
                LogicalOp::Apply { .. } => {}
                _ => break,
            }
            below = at;
        }
        Ok(())
    }

    /// Whether the condition could be moved, and was.
    fn one(
        &mut self,
        logical: &Logical,
        pattern: usize,
        of: &Match,
        condition: &Expr,
        params: &Map,
    ) -> Result<bool, Diagnostic> {
        let mut variables = Vec::new();
        collect_variables(condition, &mut variables);
        let [variable] = variables.as_slice() else { return Ok(false) };
        let node = &logical.nodes[pattern];
        let first = node.slots.len() - of.elements.len() - of.paths.len();
        let element = node.position(variable).and_then(|slot| slot.checked_sub(first));
        let Some(element) = element.filter(|at| *at < of.elements.len()) else { return Ok(false) };
        let types = match &of.elements[element] {
            Element::Node { .. } => TypeSet::NODE,
            Element::Relationship(_) => TypeSet::RELATIONSHIP,
            Element::Trail { .. } => return Ok(false),
        };
        let compiled = compile(condition, &One { variable, types }, params)?;
        let infallible = compiled.is_infallible();
        if infallible {
            self.conditions.push((pattern, element, compiled));
        }
        Ok(infallible)
    }
}

/// A row that holds one variable.
struct One<'a> {
    variable: &'a str,
    types: TypeSet,
}

impl Scope for One<'_> {
    fn slot(&self, variable: &str) -> Option<usize> {
        (variable == self.variable).then_some(0)
    }

    fn types(&self, _variable: &str) -> TypeSet {
        self.types
    }
}

fn collect_variables(expr: &Expr, into: &mut Vec<SmolStr>) {
    if let ExprKind::Variable(name) = &expr.kind
        && !into.contains(name)
    {
        into.push(name.clone());
    }
    expr.children().into_iter().for_each(|child| collect_variables(child, into));
}
