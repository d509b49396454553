//! The elements of patterns, put together in the order of the text.

use super::super::builder::Builder;
use super::super::nodes::{Between, Bind, Element, Ends, Reach};
use super::super::schema::Schema;
use crate::expression::{Scope, compile};
use crate::language::ast::{
    BinaryOp, Expr, ExprKind, Labels, Length, ListComprehension, Match as MatchClause, Name, NodePattern,
    Pattern, Quantifier, RelationshipPattern, Span, Way,
};
use crate::language::{Diagnostic, code};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// A pattern holds at most this many elements.
const ELEMENTS_MAX: usize = 100;

/// The elements of a pattern, and what else its text says of them.
pub(super) struct Elements<'s> {
    input: &'s Schema,
    /// How many slots come before those of the elements.
    pub(super) width: usize,
    /// The elements that are found, each with its name.
    pub(super) found: Vec<(SmolStr, Element)>,
    /// Elements of the pattern that the input's slots hold.
    pub(super) binds: Vec<Bind>,
    /// Inline properties and WHERE, in the order in which they are evaluated.
    pub(super) conditions: Vec<Expr>,
    pub(super) paths: Vec<Path>,
}

/// A named path.
pub(super) struct Path {
    pub(super) name: SmolStr,
    /// The slots of its nodes and of what lies between them, in turn.
    pub(super) parts: Vec<usize>,
}

impl<'s> Elements<'s> {
    /// No elements yet, behind the slots of `input`.
    pub(super) fn over(input: &'s Schema) -> Self {
        Self {
            input,
            width: input.width(),
            found: Vec::new(),
            binds: Vec::new(),
            conditions: Vec::new(),
            paths: Vec::new(),
        }
    }

    /// Adds a clause's elements and conditions; returns the slots of its relationships.
    pub(super) fn add(
        &mut self,
        clause: &MatchClause,
        builder: &mut Builder<'_>,
    ) -> Result<Vec<usize>, Diagnostic> {
        let mut relationships = Vec::new();
        for pattern in &clause.patterns {
            self.pattern(pattern, &mut relationships, builder)?;
        }
        if self.found.len() > ELEMENTS_MAX {
            let message = format!("a pattern of more than {ELEMENTS_MAX} elements");
            return Err(Diagnostic::not_supported(code::LIMIT, clause.span, message));
        }
        self.conditions.extend(clause.condition.clone());
        Ok(relationships)
    }

    fn pattern(
        &mut self,
        pattern: &Pattern,
        relationships: &mut Vec<usize>,
        builder: &mut Builder<'_>,
    ) -> Result<(), Diagnostic> {
        let mut left = self.node(&pattern.nodes[0], builder);
        let mut parts = vec![left];
        for (at, (relationship, node)) in pattern.relationships.iter().zip(&pattern.nodes[1..]).enumerate() {
            // The relationship's slot comes before its right node's, as in the text.
            let between = self.relationship(relationship, builder)?;
            let right = self.node(node, builder);
            self.refuse_unknown_nodes(pattern, at, (left, right), between)?;
            self.tie(between, relationship.way, left, right);
            let slot = between.slot();
            relationships.push(slot);
            parts.extend([slot, right]);
            left = right;
        }
        if let Some(path) = &pattern.path {
            self.paths.push(Path { name: path.text.clone(), parts });
        }
        Ok(())
    }

    fn node(&mut self, pattern: &NodePattern, builder: &mut Builder<'_>) -> usize {
        let name = pattern.variable.as_ref().map_or_else(|| builder.name(), |name| name.text.clone());
        self.inline(&name, &pattern.properties);
        if let Some(slot) = self.input.position(&name) {
            self.bind_node(slot);
            let names = pattern.labels.iter().map(|label| Labels::Is(label.text.clone()));
            let labels = names.chain(pattern.test.clone()).collect::<Vec<_>>();
            self.labelled(&name, labels, pattern.span);
            return slot;
        }
        let known = self.found.iter().position(|(have, _)| *have == name);
        let at = known
            .unwrap_or_else(|| self.push(&name, Element::Node { labels: Vec::new(), tests: Vec::new() }));
        if let Element::Node { labels, tests } = &mut self.found[at].1 {
            labels.extend(pattern.labels.iter().map(|label| label.text.clone()));
            tests.extend(pattern.test.clone());
        }
        self.width + at
    }

    fn bind_node(&mut self, slot: usize) {
        let known = self.binds.iter().any(|bind| matches!(bind, Bind::Node(have) if *have == slot));
        if !known {
            self.binds.push(Bind::Node(slot));
        }
    }

    /// All this must hold now for the labels of a node from before.
    fn labelled(&mut self, name: &SmolStr, labels: Vec<Labels>, span: Span) {
        if !labels.is_empty() {
            self.conditions.push(has_labels(name, Labels::of(labels, Labels::All), span));
        }
    }

    fn relationship(
        &mut self,
        pattern: &RelationshipPattern,
        builder: &mut Builder<'_>,
    ) -> Result<Lies, Diagnostic> {
        let name = pattern.variable.as_ref().map_or_else(|| builder.name(), |name| name.text.clone());
        if let Some(slot) = self.input.position(&name) {
            return Ok(self.again(slot, &name, pattern));
        }
        let ends = Ends { from: 0, to: 0, undirected: false };
        let types = pattern.types.iter().map(|kind| kind.text.clone()).collect();
        let between = Between { types, test: pattern.test.clone(), ends };
        let at = match pattern.length {
            None => {
                self.inline(&name, &pattern.properties);
                self.push(&name, Element::Relationship(between))
            }
            Some(length) => {
                let each = self.inline_each(&name, &pattern.properties, builder)?;
                let reach = Reach { length, backwards: pattern.way == Way::Left };
                self.push(&name, Element::Trail { between, reach, each })
            }
        };
        Ok(Lies::Found { slot: self.width + at, at })
    }

    /// A relationship from before, or a list of them.
    fn again(&mut self, slot: usize, name: &SmolStr, pattern: &RelationshipPattern) -> Lies {
        let types = |of: &SmolStr| one_of(of, pattern);
        let Some(length) = pattern.length else {
            self.inline(name, &pattern.properties);
            self.conditions.extend(types(name));
            return Lies::Given { slot, length: None };
        };
        for (key, value) in &pattern.properties {
            let span = Span { start: key.span.start, end: value.span.end };
            self.conditions.push(each(name, span, |item| has_property(item, key, value)));
        }
        if types(name).is_some() {
            let of_type = |item: &SmolStr| types(item).expect("it asks for a type");
            self.conditions.push(each(name, pattern.span, of_type));
        }
        Lies::Given { slot, length: Some(length) }
    }

    /// What cannot be said of a list of relationships from before: its nodes are not known.
    fn refuse_unknown_nodes(
        &self,
        pattern: &Pattern,
        at: usize,
        (left, right): (usize, usize),
        between: Lies,
    ) -> Result<(), Diagnostic> {
        let Lies::Given { length: Some(length), .. } = between else { return Ok(()) };
        if let Some(path) = &pattern.path {
            let what = "a path over a list of relationships that is matched again";
            return Err(Diagnostic::not_yet(path.span, what));
        }
        if length.min == 0 && left >= self.width && right >= self.width {
            let what =
                "a list of relationships that is matched again and may be empty, between two new nodes,";
            let span = pattern.relationships[at].span;
            return Err(Diagnostic::not_yet(span, what).with_help("let it have at least one, as in `*1..`"));
        }
        Ok(())
    }

    fn tie(&mut self, between: Lies, way: Way, left: usize, right: usize) {
        let (from, to) = if way == Way::Left { (right, left) } else { (left, right) };
        let tied = Ends { from, to, undirected: way == Way::Either };
        match between {
            Lies::Found { at, .. } => match &mut self.found[at].1 {
                Element::Relationship(Between { ends, .. })
                | Element::Trail { between: Between { ends, .. }, .. } => *ends = tied,
                Element::Node { .. } => {}
            },
            Lies::Given { slot, length } => self.binds.push(match length {
                None => Bind::Relationship(slot, tied),
                Some(length) => Bind::Trail(slot, tied, Reach { length, backwards: way == Way::Left }),
            }),
        }
    }

    fn push(&mut self, name: &SmolStr, element: Element) -> usize {
        self.found.push((name.clone(), element));
        self.found.len() - 1
    }

    fn inline(&mut self, name: &SmolStr, properties: &[(Name, Expr)]) {
        self.conditions.extend(properties.iter().map(|(key, value)| has_property(name, key, value)));
    }

    /// Inline properties of a trail hold for each of its relationships: what is the same for all rows and cannot
    /// fail is returned, to be asked of each edge; the rest is asked of the list on complete rows.
    fn inline_each(
        &mut self,
        name: &SmolStr,
        properties: &[(Name, Expr)],
        builder: &Builder<'_>,
    ) -> Result<Vec<Expr>, Diagnostic> {
        let mut of_edges = Vec::new();
        for (key, value) in properties {
            let condition = has_property(name, key, value);
            if is_constant(value) && compile(&condition, &Edge(name), builder.params)?.is_infallible() {
                of_edges.push(condition);
                continue;
            }
            let span = Span { start: key.span.start, end: value.span.end };
            self.conditions.push(each(name, span, |item| has_property(item, key, value)));
        }
        Ok(of_edges)
    }
}

/// A row that holds one relationship, under this name.
struct Edge<'a>(&'a str);

impl Scope for Edge<'_> {
    fn slot(&self, variable: &str) -> Option<usize> {
        (variable == self.0).then_some(0)
    }

    fn types(&self, _variable: &str) -> TypeSet {
        TypeSet::RELATIONSHIP
    }
}

fn is_constant(expr: &Expr) -> bool {
    let varies = matches!(expr.kind, ExprKind::Variable(_) | ExprKind::Subquery(_));
    !varies && expr.children().into_iter().all(is_constant)
}

/// What lies between two nodes of the pattern.
#[derive(Clone, Copy)]
enum Lies {
    /// An element of the pattern.
    Found { slot: usize, at: usize },
    /// An element from before; with bounds a list of relationships.
    Given { slot: usize, length: Option<Length> },
}

impl Lies {
    fn slot(self) -> usize {
        match self {
            Self::Found { slot, .. } | Self::Given { slot, .. } => slot,
        }
    }
}

fn variable(name: &SmolStr, span: Span) -> Expr {
    Expr { kind: ExprKind::Variable(name.clone()), span }
}

/// A condition on each item of the list of relationships `name`.
fn each(name: &SmolStr, span: Span, condition: impl FnOnce(&SmolStr) -> Expr) -> Expr {
    let item = Name { text: format!("{name}{}", crate::language::ast::LOCAL).into(), span };
    let each = ListComprehension {
        list: variable(name, span),
        condition: Some(condition(&item.text)),
        variable: item,
        result: None,
    };
    Expr { kind: ExprKind::Quantifier(Quantifier::All, Box::new(each)), span }
}

/// Whether a relationship has a type that the pattern wants; `None` if any will do.
fn one_of(name: &SmolStr, pattern: &RelationshipPattern) -> Option<Expr> {
    let named = Some(&pattern.types).filter(|types| !types.is_empty());
    let named = named.map(|types| Labels::one(types.iter().map(|kind| kind.text.clone())));
    let wanted: Vec<Labels> = named.into_iter().chain(pattern.test.clone()).collect();
    (!wanted.is_empty()).then(|| has_labels(name, Labels::of(wanted, Labels::All), pattern.span))
}

fn has_property(name: &SmolStr, key: &Name, value: &Expr) -> Expr {
    let span = Span { start: key.span.start, end: value.span.end };
    let property = ExprKind::Property(Box::new(variable(name, span)), key.text.clone());
    let property = Expr { kind: property, span };
    Expr { kind: ExprKind::Binary(BinaryOp::Equal, Box::new(property), Box::new(value.clone())), span }
}

fn has_labels(name: &SmolStr, labels: Labels, span: Span) -> Expr {
    Expr { kind: ExprKind::HasLabels(Box::new(variable(name, span)), labels), span }
}
