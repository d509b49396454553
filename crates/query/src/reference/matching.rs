//! MATCH: all homomorphisms of the clause's patterns into the graph whose relationships are pairwise
//! distinct.
//!
//! The patterns are walked in the order of the text, one element at a time. What a walk has bound so far is
//! a [`Binding`]; each step turns every binding into all its extensions.
//!
//! Consecutive MATCH clauses are one pattern: their conditions (inline properties, then WHERE, clause by clause)
//! are evaluated on complete rows only, on which all of the clauses are matched, in the order of the text. So
//! an error comes from a row that a reader of the query can point at, and `MATCH (a) WHERE 1 / a.x > 0 MATCH
//! (b)` fails only where there is a `b` too.

use super::{Binding, Graph, Names};
use crate::expression::{self, Compiled, EvalError, Scope};
use crate::language::Diagnostic;
use crate::language::ast::{
    BinaryOp, Expr, ExprKind, Match, Name, NodePattern, RelationshipPattern, Span, Way,
};
use livewell_model::{ElementId, Map, Node, Relationship, SmolStr, Value, key};
use std::sync::Arc;

/// A compiled MATCH clause.
#[derive(Debug)]
pub(super) struct Matching {
    steps: Vec<Step>,
    /// The inline properties: which slot's element, under which name, equals what.
    properties: Vec<(usize, SmolStr, Compiled)>,
    /// `left = right` as expressions have it.
    equal: Compiled,
    condition: Option<Compiled>,
}

/// One step of the walk over the patterns.
#[derive(Debug)]
enum Step {
    /// The first node of a pattern.
    Start(End),
    /// From the node in `left` over a relationship to a node.
    Hop { left: usize, relationship: Via, way: Way, right: End },
}

/// A node to bind.
#[derive(Debug)]
struct End {
    slot: usize,
    /// Whether an earlier step or clause gave the slot its value.
    bound: bool,
    labels: Vec<SmolStr>,
}

/// A relationship to bind.
#[derive(Debug)]
struct Via {
    slot: usize,
    bound: bool,
    /// One of these; none means any.
    types: Vec<SmolStr>,
    /// The slots of the clause's relationships before this one, from which it must differ.
    others: Vec<usize>,
}

impl Matching {
    /// Compiles the clause; `names` gains a slot for every element that is not bound yet, in the order of the
    /// text. That order is also the order of the elements in the row's key.
    pub(super) fn new(clause: &Match, names: &mut Names, params: &Map) -> Result<Self, Diagnostic> {
        refuse(clause)?;
        let mut steps = Vec::new();
        let mut inline: Vec<(usize, &Name, &Expr)> = Vec::new();
        let mut others = Vec::new();
        for pattern in &clause.patterns {
            let mut left = 0;
            for (at, node) in pattern.nodes.iter().enumerate() {
                let via = at.checked_sub(1).map(|hop| {
                    let relationship = &pattern.relationships[hop];
                    let via = Via::new(relationship, names, &others);
                    inline
                        .extend(relationship.properties.iter().map(|(name, value)| (via.slot, name, value)));
                    others.push(via.slot);
                    (via, relationship.way)
                });
                let end = End::new(node, names);
                inline.extend(node.properties.iter().map(|(name, value)| (end.slot, name, value)));
                let slot = end.slot;
                steps.push(match via {
                    None => Step::Start(end),
                    Some((relationship, way)) => Step::Hop { left, relationship, way, right: end },
                });
                left = slot;
            }
        }
        let compile = |expr: &Expr| expression::compile(expr, names, params);
        let properties = inline
            .into_iter()
            .map(|(slot, name, value)| Ok((slot, name.text.clone(), compile(value)?)))
            .collect::<Result<_, _>>()?;
        let condition = clause.condition.as_ref().map(compile).transpose()?;
        Ok(Self { steps, properties, equal: equality()?, condition })
    }

    /// Every extension of every binding by a match of the clause's patterns, whatever its conditions say.
    pub(super) fn run(&self, bindings: Vec<Binding>, graph: &Graph) -> Vec<Binding> {
        let mut matches = Vec::new();
        for binding in bindings {
            let given = binding.values.len();
            let mut partial = vec![binding.values];
            for step in &self.steps {
                partial = partial.into_iter().flat_map(|values| step.extensions(&values, graph)).collect();
            }
            for values in partial {
                let key = [binding.key.clone(), key::of(&values[given..])].concat();
                matches.push(Binding { key, values });
            }
        }
        matches
    }

    /// Whether the clause's inline properties and WHERE are true, in the order of the text. Variables of later
    /// clauses stand in slots after those of this one.
    pub(super) fn holds(&self, values: &[Value]) -> Result<bool, EvalError> {
        for (slot, name, wanted) in &self.properties {
            let have = property(&values[*slot], name);
            if !self.equal.is_true(&[have, wanted.eval(values)?])? {
                return Ok(false);
            }
        }
        self.condition.as_ref().map_or(Ok(true), |condition| condition.is_true(values))
    }
}

/// Refuses what is not matched yet.
fn refuse(clause: &Match) -> Result<(), Diagnostic> {
    if clause.optional {
        return Err(Diagnostic::not_yet(clause.span, "OPTIONAL MATCH"));
    }
    for pattern in &clause.patterns {
        if let Some(path) = &pattern.path {
            return Err(Diagnostic::not_yet(path.span, "a named path"));
        }
        if let Some(long) = pattern.relationships.iter().find(|relationship| relationship.length.is_some()) {
            return Err(Diagnostic::not_yet(long.span, "a path of variable length"));
        }
    }
    Ok(())
}

impl Step {
    /// All ways to take this step from what `values` has bound.
    fn extensions(&self, values: &[Value], graph: &Graph) -> Vec<Vec<Value>> {
        match self {
            Self::Start(end) => graph.nodes().filter_map(|node| end.bind(values.to_vec(), node)).collect(),
            Self::Hop { left, relationship, way, right } => {
                let Value::Node(from_node) = &values[*left] else { return Vec::new() };
                let mut extensions = Vec::new();
                for candidate in graph.relationships() {
                    for far in far_ends(candidate, &from_node.id, *way) {
                        let node = graph.node(far);
                        extensions.extend(node.and_then(|node| {
                            right.bind(relationship.bind(values.to_vec(), candidate)?, node)
                        }));
                    }
                }
                extensions
            }
        }
    }
}

/// The other ends of `relationship` seen from the node `near`: none, one, or for an undirected pattern one
/// per direction. A loop is the same relationship in both directions and counts once.
fn far_ends<'a>(relationship: &'a Relationship, near: &ElementId, way: Way) -> Vec<&'a ElementId> {
    let Relationship { from, to, .. } = relationship;
    let mut ends = Vec::new();
    if from == near && matches!(way, Way::Right | Way::Either) {
        ends.push(to);
    }
    if to == near && (way == Way::Left || way == Way::Either && from != to) {
        ends.push(from);
    }
    ends
}

impl End {
    fn new(pattern: &NodePattern, names: &mut Names) -> Self {
        let (slot, bound) = slot_of(pattern.variable.as_ref(), names);
        Self { slot, bound, labels: texts(&pattern.labels) }
    }

    /// `values` with `node` in the slot, if the node fits there.
    fn bind(&self, mut values: Vec<Value>, node: &Arc<Node>) -> Option<Vec<Value>> {
        if !self.labels.iter().all(|label| node.has_label(label)) {
            return None;
        }
        if self.bound {
            let same = matches!(&values[self.slot], Value::Node(bound) if bound.id == node.id);
            return same.then_some(values);
        }
        values.push(Value::Node(node.clone()));
        Some(values)
    }
}

impl Via {
    fn new(pattern: &RelationshipPattern, names: &mut Names, others: &[usize]) -> Self {
        let (slot, bound) = slot_of(pattern.variable.as_ref(), names);
        Self { slot, bound, types: texts(&pattern.types), others: others.to_vec() }
    }

    /// `values` with `candidate` in the slot, if the relationship fits there.
    fn bind(&self, mut values: Vec<Value>, candidate: &Arc<Relationship>) -> Option<Vec<Value>> {
        let is_candidate =
            |slot: usize| matches!(&values[slot], Value::Relationship(bound) if bound.id == candidate.id);
        let of_type = self.types.is_empty() || self.types.contains(&candidate.kind);
        if !of_type || self.others.iter().any(|other| is_candidate(*other)) {
            return None;
        }
        if self.bound {
            return is_candidate(self.slot).then_some(values);
        }
        values.push(Value::Relationship(candidate.clone()));
        Some(values)
    }
}

/// The slot of a pattern's element, and whether it was there before.
fn slot_of(variable: Option<&Name>, names: &mut Names) -> (usize, bool) {
    match variable.and_then(|name| names.slot(&name.text)) {
        Some(slot) => (slot, true),
        None => (names.push(variable.map(|name| name.text.clone())), false),
    }
}

fn texts(names: &[Name]) -> Vec<SmolStr> {
    names.iter().map(|name| name.text.clone()).collect()
}

/// The property of a node or relationship; null if it has none of that name.
fn property(element: &Value, name: &str) -> Value {
    let properties = match element {
        Value::Node(node) => &node.properties,
        Value::Relationship(relationship) => &relationship.properties,
        _ => return Value::Null,
    };
    properties.get(name).cloned().unwrap_or_default()
}

/// `left = right` over a row of the two, so that inline properties compare as WHERE does.
fn equality() -> Result<Compiled, Diagnostic> {
    let sides = ["left", "right"].map(SmolStr::new_static);
    let scope = Names(sides.iter().cloned().map(Some).collect());
    let spanned = |kind| Expr { kind, span: Span::default() };
    let [left, right] = sides.map(|side| Box::new(spanned(ExprKind::Variable(side))));
    let equal = spanned(ExprKind::Binary(BinaryOp::Equal, left, right));
    expression::compile(&equal, &scope, &Map::new())
}
