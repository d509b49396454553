//! MATCH: all homomorphisms of the clause's patterns into the graph whose relationships are pairwise
//! distinct.
//!
//! The patterns are walked in the order of the text, one element at a time. What a walk has bound so far is
//! the values of a row; each step turns every such row into all its extensions.
//!
//! Consecutive MATCH clauses are one pattern: their conditions (inline properties, then WHERE, clause by clause)
//! are evaluated on complete rows only, on which all of the clauses are matched, in the order of the text. So
//! an error comes from a row that a reader of the query can point at, and `MATCH (a) WHERE 1 / a.x > 0 MATCH
//! (b)` fails only where there is a `b` too.

use super::binding::{Binding, Rows, flat_map, rows};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::pattern::{End, Properties, Slot, Step, Via, Wanted};
use crate::expression::{EvalError, Scope};
use crate::language::Diagnostic;
use crate::language::ast::{Expr, Match, Name, NodePattern, Pattern, RelationshipPattern};
use livewell_model::{Map, SmolStr, Value, key};

/// A compiled MATCH clause.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) steps: Vec<Step>,
    /// The slots that were there before the clause and must hold what the pattern wants.
    given: Vec<(usize, Wanted)>,
    /// How many slots the clause adds.
    added: usize,
    /// Those of them, counted from the first, that are of elements. The others are of paths.
    elements: Vec<usize>,
    /// The inline properties of each element in the order of the text.
    pub(super) properties: Vec<Properties>,
    condition: Option<RowExpr>,
}

/// What the patterns of a clause have become so far.
#[derive(Debug)]
struct Walk<'a> {
    names: &'a mut Names,
    params: &'a Map,
    /// How many slots there were before the clause.
    before: usize,
    steps: Vec<Step>,
    given: Vec<(usize, Wanted)>,
    elements: Vec<usize>,
    properties: Vec<Properties>,
    /// The slots of the clause's relationships.
    relationships: Vec<usize>,
}

impl Matching {
    /// Compiles the clause; `names` gains a slot for every element that is not bound yet, in the order of the
    /// text. That order is also the order of the elements in the row's key.
    pub(super) fn new(clause: &Match, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        let before = names.slots.len();
        let mut walk = Walk {
            names,
            params,
            before,
            steps: Vec::new(),
            given: Vec::new(),
            elements: Vec::new(),
            properties: Vec::new(),
            relationships: Vec::new(),
        };
        for pattern in &clause.patterns {
            walk.pattern(pattern)?;
        }
        let Walk { steps, given, elements, properties, .. } = walk;
        let condition = clause.condition.as_ref().map(|condition| RowExpr::new(condition, names, params));
        let (added, condition) = (names.slots.len() - before, condition.transpose()?);
        Ok(Self { steps, given, added, elements, properties, condition })
    }

    /// Checks that what was bound before the clause can stand in its patterns: the element, or null.
    pub(super) fn check(&self, values: &[Value]) -> Result<(), EvalError> {
        // What an earlier one of consecutive clauses binds is not there yet, and cannot be anything else.
        let given = self.given.iter().filter(|(slot, _)| *slot < values.len());
        given.clone().try_for_each(|(slot, wanted)| wanted.check(&values[*slot]))
    }

    /// Every extension of the row by a match of the clause's patterns, whatever its conditions say.
    pub(super) fn extensions<'a>(&'a self, binding: Binding, graph: &'a Graph) -> Rows<'a> {
        let partial = rows([binding.values.clone()]);
        let walked = self
            .steps
            .iter()
            .fold(partial, |partial, step| flat_map(partial, move |values| step.extensions(values, graph)));
        Box::new(walked.map(move |values| Ok(self.extended(&binding, values?))))
    }

    /// The row of an OPTIONAL MATCH that nothing matched.
    pub(super) fn unmatched(&self, binding: &Binding) -> Binding {
        let mut values = binding.values.clone();
        values.resize(values.len() + self.added, Value::Null);
        self.extended(binding, values)
    }

    pub(super) fn extended(&self, binding: &Binding, values: Vec<Value>) -> Binding {
        let added = &values[binding.values.len()..];
        let key = [binding.key.clone(), key::of(self.elements.iter().map(|at| &added[*at]))].concat();
        Binding { key, order: binding.order.clone(), values }
    }

    /// The key of a row that the clause has extended in part: to these values.
    pub(super) fn partial_key(&self, binding: &Binding, values: &[Value]) -> Vec<u8> {
        let added = &values[binding.values.len()..];
        let bound = self.elements.iter().filter_map(|at| added.get(*at));
        [binding.key.clone(), key::of(bound)].concat()
    }

    /// For each element of the patterns its slot, and how many slots are bound once it is; `before`: how many are before
    /// the clause.
    pub(super) fn slots(&self, before: usize) -> Vec<(usize, usize)> {
        let (mut width, mut slots) = (before, Vec::new());
        for step in &self.steps {
            let bound = match step {
                Step::Start(end) => vec![end.slot.at],
                Step::Hop { via, right, .. } => vec![via.slot.at, right.slot.at],
                Step::Path(_) => {
                    width += 1;
                    Vec::new()
                }
            };
            for slot in bound {
                width = width.max(slot + 1);
                slots.push((slot, width));
            }
        }
        slots
    }

    /// Whether the clause's inline properties and WHERE are true, in the order of the text. Variables of later
    /// clauses stand in slots after those of this one.
    pub(super) fn holds(&self, row: &Binding, graph: &Graph) -> Result<bool, EvalError> {
        for properties in &self.properties {
            if !properties.hold(&row.values, graph)? {
                return Ok(false);
            }
        }
        self.condition.as_ref().map_or(Ok(true), |condition| condition.is_true_on(row, graph))
    }
}

impl Walk<'_> {
    fn pattern(&mut self, pattern: &Pattern) -> Result<(), Diagnostic> {
        let mut left = self.node(&pattern.nodes[0])?;
        self.steps.push(Step::Start(left.clone()));
        let mut slots = vec![left.slot.at];
        for (relationship, node) in pattern.relationships.iter().zip(&pattern.nodes[1..]) {
            let via = self.relationship(relationship)?;
            let right = self.node(node)?;
            slots.extend([via.slot.at, right.slot.at]);
            self.steps.push(Step::Hop { left: left.slot.at, via, right: right.clone() });
            left = right;
        }
        if let Some(path) = &pattern.path {
            self.names.push(Some(path.text.clone()));
            self.steps.push(Step::Path(slots));
        }
        Ok(())
    }

    fn node(&mut self, pattern: &NodePattern) -> Result<End, Diagnostic> {
        let wanted = self.values(&pattern.properties)?;
        let slot = self.slot(pattern.variable.as_ref(), Wanted::Node);
        self.properties.push(Properties::new(slot.at, wanted)?);
        Ok(End { slot, labels: texts(&pattern.labels), test: pattern.test.clone() })
    }

    fn relationship(&mut self, pattern: &RelationshipPattern) -> Result<Via, Diagnostic> {
        let wanted = self.values(&pattern.properties)?;
        let kind = if pattern.length.is_some() { Wanted::List } else { Wanted::Relationship };
        let slot = self.slot(pattern.variable.as_ref(), kind);
        let properties = Properties::new(slot.at, wanted)?;
        self.properties.push(properties.clone());
        let others = self.relationships.clone();
        self.relationships.push(slot.at);
        let types = texts(&pattern.types);
        let test = pattern.test.clone();
        Ok(Via { slot, types, test, way: pattern.way, length: pattern.length, others, properties })
    }

    fn values(&self, properties: &[(Name, Expr)]) -> Result<Vec<(SmolStr, RowExpr)>, Diagnostic> {
        let value = |(name, value): &(Name, Expr)| {
            Ok((name.text.clone(), RowExpr::new(value, self.names, self.params)?))
        };
        properties.iter().map(value).collect()
    }

    /// The slot of a pattern's element: the one it has, or a new one.
    fn slot(&mut self, variable: Option<&Name>, wanted: Wanted) -> Slot {
        if let Some(at) = variable.and_then(|name| self.names.slot(&name.text)) {
            if at < self.before {
                self.given.push((at, wanted));
            }
            return Slot { at, bound: true };
        }
        let at = self.names.push(variable.map(|name| name.text.clone()));
        self.elements.push(at - self.before);
        Slot { at, bound: false }
    }
}

fn texts(names: &[Name]) -> Vec<SmolStr> {
    names.iter().map(|name| name.text.clone()).collect()
}
