//! The steps of a walk over a pattern, each from what is bound so far to all ways to bind one thing more.

use super::binding::{Rows, flat_map, rows};
use super::expression::RowExpr;
use super::graph::Graph;
use super::names::Names;
use super::trail;
use crate::expression::{self, Compiled, EvalError};
use crate::language::Diagnostic;
use crate::language::ast::{BinaryOp, Expr, ExprKind, Labels, Length, Span, Way};
use livewell_model::{ElementId, Map, Node, Relationship, SmolStr, Value};
use std::sync::Arc;

/// One step of the walk.
#[derive(Debug)]
pub(super) enum Step {
    /// The first node of a pattern.
    Start(End),
    /// From the node in the slot `left` over one relationship, or over several of them, to a node.
    Hop { left: usize, via: Via, right: End },
    /// The path of what these slots hold: nodes, and between them a relationship or a list of them.
    Path(Vec<usize>),
}

/// The relationship, or the list of them, that leads to a node, and this node.
pub(super) type Reached = (Value, Arc<Node>);

/// Where an element of a pattern stands in the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub at: usize,
    /// Whether an earlier step or clause gave the slot its value.
    pub bound: bool,
}

/// What an element of a pattern must be, where its slot was bound before.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Node,
    Relationship,
    List,
}

/// A node to bind.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub slot: Slot,
    pub labels: Vec<SmolStr>,
    /// What else holds for its labels.
    pub test: Option<Labels>,
}

/// A relationship to bind, or several of them in a row.
#[derive(Debug)]
pub(super) struct Via {
    pub slot: Slot,
    /// One of these; none means any.
    pub types: Vec<SmolStr>,
    /// What else holds for its type.
    pub test: Option<Labels>,
    pub way: Way,
    /// How many; `None`: one, and the slot holds no list.
    pub length: Option<Length>,
    /// The slots of the clause's relationships before, from which these must differ.
    pub others: Vec<usize>,
    pub properties: Properties,
}

/// Inline properties: what the element in a slot, or each relationship of the list in it, has to have.
#[derive(Debug, Clone)]
pub(super) struct Properties {
    slot: usize,
    wanted: Arc<[(SmolStr, RowExpr)]>,
    /// `left = right` as expressions have it.
    equal: Compiled,
}

impl Step {
    /// All ways to take this step from what `values` has bound.
    pub(super) fn extensions<'a>(
        &'a self,
        values: Vec<Value>,
        graph: &'a Graph,
    ) -> Result<Rows<'a, Vec<Value>>, EvalError> {
        match self {
            Self::Start(end) => {
                let candidates = end.candidates(&values, graph);
                Ok(Box::new(candidates.filter_map(move |node| match graph.meter.tick() {
                    Ok(()) => end.bind(&values, &node).map(Ok),
                    Err(halt) => Some(Err(halt.into())),
                })))
            }
            Self::Hop { left, via, right } => {
                // What is null matches nothing.
                let Value::Node(from) = &values[*left] else { return Ok(rows([])) };
                let ways = via.ways(from, &values, graph)?;
                Ok(Box::new(ways.filter_map(move |way| match way {
                    Ok((relationships, node)) => {
                        let extended = via.bind(&values, relationships)?;
                        right.bind(&extended, &node).map(Ok)
                    }
                    Err(error) => Some(Err(error)),
                })))
            }
            Self::Path(slots) => {
                let path = trail::path(slots.iter().map(|slot| &values[*slot]), graph);
                Ok(rows([extended(&values, path)]))
            }
        }
    }
}

/// The values with one more.
fn extended(values: &[Value], more: Value) -> Vec<Value> {
    let mut extended = Vec::with_capacity(values.len() + 1);
    extended.extend_from_slice(values);
    extended.push(more);
    extended
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

impl Wanted {
    /// Checks a value from before the clause.
    pub(super) fn check(self, value: &Value) -> Result<(), EvalError> {
        let wanted = match (self, value) {
            (_, Value::Null)
            | (Self::Node, Value::Node(_))
            | (Self::Relationship, Value::Relationship(_))
            | (Self::List, Value::List(_)) => return Ok(()),
            (Self::Node, _) => "a node",
            (Self::Relationship, _) => "a relationship",
            (Self::List, _) => "a list of relationships",
        };
        let found = value.type_name();
        Err(EvalError::types(format!("a pattern needs {wanted} in this place and got a {found}")))
    }
}

impl End {
    /// The nodes that may fit: the one that is bound, or those of the labels.
    pub(super) fn candidates<'a>(
        &self,
        values: &[Value],
        graph: &'a Graph,
    ) -> Box<dyn Iterator<Item = Arc<Node>> + 'a> {
        if !self.slot.bound {
            return graph.candidates(&self.labels);
        }
        match &values[self.slot.at] {
            Value::Node(bound) => Box::new(graph.node(&bound.id).into_iter()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// `values` with `node` in the slot, if the node fits there.
    pub(super) fn bind(&self, values: &[Value], node: &Arc<Node>) -> Option<Vec<Value>> {
        let is_wanted = self.test.as_ref().is_none_or(|test| test.holds(&node.labels));
        if !is_wanted || !self.labels.iter().all(|label| node.has_label(label)) {
            return None;
        }
        if self.slot.bound {
            let same = matches!(&values[self.slot.at], Value::Node(bound) if bound.id == node.id);
            return same.then(|| values.to_vec());
        }
        Some(extended(values, Value::Node(node.clone())))
    }
}

impl Via {
    /// All ways from a node: the relationship, or the list of them, and the node at the far end.
    pub(super) fn ways<'a>(
        &'a self,
        from: &Arc<Node>,
        values: &[Value],
        graph: &'a Graph,
    ) -> Result<Rows<'a, Reached>, EvalError> {
        let Some(length) = self.length else { return Ok(self.hops(from, values, graph)) };
        if self.slot.bound {
            let end = trail::end(self, length, from, values, graph)?;
            return Ok(rows(end.map(|end| (values[self.slot.at].clone(), end))));
        }
        // They are held while they are made; then each becomes a row.
        let before = graph.meter.held();
        let trails = trail::trails(self, length, from, values, graph)?;
        graph.meter.reset(before);
        Ok(rows(trails))
    }

    /// All ways over one relationship that the clause has not matched yet.
    pub(super) fn hops<'a>(&'a self, from: &Node, values: &[Value], graph: &'a Graph) -> Rows<'a, Reached> {
        let near = from.id.clone();
        let others: Vec<Value> = self.others.iter().map(|other| values[*other].clone()).collect();
        let hops = move |candidate: Arc<Relationship>| -> Result<Vec<Reached>, EvalError> {
            graph.meter.tick()?;
            let of_type = self.types.is_empty() || self.types.contains(&candidate.kind);
            let is_wanted =
                self.test.as_ref().is_none_or(|test| test.holds(std::slice::from_ref(&candidate.kind)));
            if !is_wanted || !of_type || others.iter().any(|other| holds(other, &candidate)) {
                return Ok(Vec::new());
            }
            let ends = far_ends(&candidate, &near, self.way).into_iter().filter_map(|far| graph.node(far));
            Ok(ends.map(|node| (Value::Relationship(candidate.clone()), node)).collect())
        };
        let candidates = rows(graph.around(&from.id, &self.types, self.way));
        flat_map(candidates, move |candidate| hops(candidate).map(rows))
    }

    /// `values` with the relationship, or the list of them, in the slot, if it fits there.
    pub(super) fn bind(&self, values: &[Value], found: Value) -> Option<Vec<Value>> {
        if self.slot.bound {
            return same(&values[self.slot.at], &found).then(|| values.to_vec());
        }
        Some(extended(values, found))
    }
}

/// Whether this is the relationship or a list that holds it.
pub(super) fn holds(value: &Value, relationship: &Relationship) -> bool {
    match value {
        Value::Relationship(bound) => bound.id == relationship.id,
        Value::List(items) => items.iter().any(|item| holds(item, relationship)),
        _ => false,
    }
}

/// Whether what was bound is the relationship, or the list of relationships, that was found.
fn same(bound: &Value, found: &Value) -> bool {
    match (bound, found) {
        (Value::Relationship(bound), Value::Relationship(found)) => bound.id == found.id,
        (Value::List(bound), Value::List(found)) => {
            bound.len() == found.len() && bound.iter().zip(found.iter()).all(|(a, b)| same(a, b))
        }
        _ => false,
    }
}

impl Properties {
    pub(super) fn new(slot: usize, wanted: Vec<(SmolStr, RowExpr)>) -> Result<Self, Diagnostic> {
        Ok(Self { slot, wanted: wanted.into(), equal: equality()? })
    }

    /// Whether what is in the slot has the properties.
    pub(super) fn hold(&self, values: &[Value], graph: &Graph) -> Result<bool, EvalError> {
        for element in self.elements(values) {
            if !self.are_of(element, values, graph)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what is in the slot has one of the properties: true, false or null.
    pub(super) fn truth(&self, at: usize, values: &[Value], graph: &Graph) -> Result<Value, EvalError> {
        let (name, wanted) = &self.wanted[at];
        for element in self.elements(values) {
            let truth = self.equal.eval(&[property(element, name), wanted.eval(values, graph)?])?;
            if truth != Value::Bool(true) {
                return Ok(truth);
            }
        }
        Ok(Value::Bool(true))
    }

    /// The name of one of the properties, and what the element has under it.
    pub(super) fn one(&self, at: usize, values: &[Value]) -> (&SmolStr, Value) {
        let name = &self.wanted[at].0;
        (name, self.elements(values).first().map(|element| property(element, name)).unwrap_or_default())
    }

    /// What is in the slot: one element, or the relationships of a list.
    fn elements<'v>(&self, values: &'v [Value]) -> &'v [Value] {
        match &values[self.slot] {
            Value::List(relationships) => relationships,
            element => std::slice::from_ref(element),
        }
    }

    /// Whether the element has the properties.
    pub(super) fn are_of(&self, element: &Value, values: &[Value], graph: &Graph) -> Result<bool, EvalError> {
        for (name, wanted) in &*self.wanted {
            if !self.equal.is_true(&[property(element, name), wanted.eval(values, graph)?])? {
                return Ok(false);
            }
        }
        Ok(true)
    }
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
    let scope = Names { slots: sides.iter().cloned().map(Some).collect(), ..Names::default() };
    let spanned = |kind| Expr { kind, span: Span::default() };
    let [left, right] = sides.map(|side| Box::new(spanned(ExprKind::Variable(side))));
    let equal = spanned(ExprKind::Binary(BinaryOp::Equal, left, right));
    expression::compile(&equal, &scope, &Map::new())
}
