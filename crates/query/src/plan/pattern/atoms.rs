//! Atoms: the elements of the patterns, put together in the order of the text.

use super::conditions;
use crate::language::Diagnostic;
use crate::language::ast::{
    BinaryOp, Expr, ExprKind, Labels, ListComprehension, Match as MatchClause, Name, NodePattern, Pattern,
    Quantifier, RelationshipPattern, Span, Way,
};
use crate::language::{ast::Length, code};
use crate::operator::matching::{Atom, AtomKind, Bind, Ends, Trail};
use crate::operator::scan::{Kind, Needs, Scan};
use crate::plan::planner::Planner;
use crate::plan::schema::Schema;
use livewell_model::SmolStr;

/// A pattern holds at most this many elements.
const ATOMS_MAX: usize = 100;

/// The elements of a pattern, and what else its text says of them.
pub(super) struct Atoms<'s> {
    input: &'s Schema,
    /// How many slots come before those of the atoms.
    pub(super) width: usize,
    pub(super) atoms: Vec<Atom>,
    /// Elements of the pattern that the input's slots hold.
    pub(super) binds: Vec<Bind>,
    /// Inline properties and WHERE, in the order in which they are evaluated.
    pub(super) conditions: Vec<Expr>,
    /// Conditions that stand in scans already.
    pub(super) moved: Vec<Expr>,
    pub(super) paths: Vec<Path>,
}

/// A named path.
pub(super) struct Path {
    pub(super) name: SmolStr,
    /// The slots of its nodes and of what lies between them, in turn.
    pub(super) parts: Vec<usize>,
    /// The names of its parts.
    pub(super) names: Vec<SmolStr>,
}

impl<'s> Atoms<'s> {
    /// No atoms yet, behind the slots of `input`.
    pub(super) fn over(input: &'s Schema) -> Self {
        Self {
            input,
            width: input.width(),
            atoms: Vec::new(),
            binds: Vec::new(),
            conditions: Vec::new(),
            moved: Vec::new(),
            paths: Vec::new(),
        }
    }

    /// Adds a clause's elements and conditions; gives the slots of its relationships.
    pub(super) fn add(
        &mut self,
        clause: &MatchClause,
        planner: &mut Planner<'_>,
    ) -> Result<Vec<usize>, Diagnostic> {
        let mut relationships = Vec::new();
        for pattern in &clause.patterns {
            self.pattern(pattern, &mut relationships, planner)?;
        }
        if self.atoms.len() > ATOMS_MAX {
            let message = format!("a pattern of more than {ATOMS_MAX} elements");
            return Err(Diagnostic::not_supported(code::LIMIT, clause.span, message));
        }
        self.conditions.extend(clause.condition.clone());
        Ok(relationships)
    }

    fn pattern(
        &mut self,
        pattern: &Pattern,
        relationships: &mut Vec<usize>,
        planner: &mut Planner<'_>,
    ) -> Result<(), Diagnostic> {
        let mut left = self.node(&pattern.nodes[0], planner);
        let mut parts = vec![left];
        for (at, (relationship, node)) in pattern.relationships.iter().zip(&pattern.nodes[1..]).enumerate() {
            // The relationship's slot comes before its right node's, as in the text.
            let between = self.relationship(relationship, planner)?;
            let right = self.node(node, planner);
            self.refuse_unknown_nodes(pattern, at, (left, right), between)?;
            self.tie(between, relationship.way, left, right);
            let slot = between.slot();
            relationships.push(slot);
            parts.extend([slot, right]);
            left = right;
        }
        if let Some(path) = &pattern.path {
            let names = parts.iter().map(|slot| self.name_of(*slot)).collect();
            self.paths.push(Path { name: path.text.clone(), parts, names });
        }
        Ok(())
    }

    fn name_of(&self, slot: usize) -> SmolStr {
        match slot.checked_sub(self.width) {
            Some(atom) => SmolStr::new(&self.atoms[atom].name),
            None => self.input.names[slot].clone(),
        }
    }

    fn node(&mut self, pattern: &NodePattern, planner: &mut Planner<'_>) -> usize {
        let name = pattern.variable.as_ref().map_or_else(|| planner.name(), |name| name.text.clone());
        self.inline(&name, &pattern.properties);
        if let Some(slot) = self.input.position(&name) {
            self.bind_node(slot);
            let names = pattern.labels.iter().map(|label| Labels::Is(label.text.clone()));
            let labels = names.chain(pattern.test.clone()).collect::<Vec<_>>();
            self.labelled(&name, labels, pattern.span);
            return slot;
        }
        let known = self.atoms.iter().position(|atom| atom.name == *name);
        let atom = known.unwrap_or_else(|| {
            let kind = AtomKind::Node { arranged: false };
            self.push(&name, Kind::Nodes(Vec::new(), Vec::new()), kind)
        });
        if let Kind::Nodes(labels, tests) = &mut self.atoms[atom].scan.kind {
            labels.extend(pattern.labels.iter().map(|label| label.text.clone()));
            tests.extend(pattern.test.clone());
        }
        self.width + atom
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
        planner: &mut Planner<'_>,
    ) -> Result<Between, Diagnostic> {
        let name = pattern.variable.as_ref().map_or_else(|| planner.name(), |name| name.text.clone());
        if let Some(slot) = self.input.position(&name) {
            return Ok(self.again(slot, &name, pattern));
        }
        let types = pattern.types.iter().map(|kind| kind.text.clone()).collect();
        let ends = Ends { from: 0, to: 0, undirected: false, by_from: false, by_to: false };
        let kind = match pattern.length {
            None => AtomKind::Relationship(ends),
            Some(Length { min, max, limit }) => {
                AtomKind::Trail(Trail { ends, min, max, limit, backwards: pattern.way == Way::Left })
            }
        };
        let atom = self.push(&name, Kind::Relationships(types, pattern.test.clone()), kind);
        if pattern.length.is_some() {
            self.inline_each(atom, &name, &pattern.properties, planner)?;
        } else {
            self.inline(&name, &pattern.properties);
        }
        Ok(Between::Atom { slot: self.width + atom, atom })
    }

    /// A relationship from before, or a list of them.
    fn again(&mut self, slot: usize, name: &SmolStr, pattern: &RelationshipPattern) -> Between {
        let types = |of: &SmolStr| one_of(of, pattern);
        let Some(length) = pattern.length else {
            self.inline(name, &pattern.properties);
            self.conditions.extend(types(name));
            return Between::Input { slot, length: None };
        };
        for (key, value) in &pattern.properties {
            let span = Span { start: key.span.start, end: value.span.end };
            self.conditions.push(each(name, span, |item| has_property(item, key, value)));
        }
        if types(name).is_some() {
            let of_type = |item: &SmolStr| types(item).expect("it asks for a type");
            self.conditions.push(each(name, pattern.span, of_type));
        }
        Between::Input { slot, length: Some(length) }
    }

    /// What cannot be said of a list of relationships from before: its nodes are not known.
    fn refuse_unknown_nodes(
        &self,
        pattern: &Pattern,
        at: usize,
        (left, right): (usize, usize),
        between: Between,
    ) -> Result<(), Diagnostic> {
        let Between::Input { length: Some(length), .. } = between else { return Ok(()) };
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

    fn tie(&mut self, between: Between, way: Way, left: usize, right: usize) {
        let (from, to) = if way == Way::Left { (right, left) } else { (left, right) };
        match between {
            Between::Atom { atom, .. } => {
                if let Some(ends) = self.atoms[atom].kind.ends_mut() {
                    (ends.from, ends.to) = (from, to);
                    ends.undirected = way == Way::Either;
                }
            }
            Between::Input { slot, length } => {
                let undirected = way == Way::Either;
                let ends = Ends { from, to, undirected, by_from: false, by_to: false };
                self.binds.push(match length {
                    None => Bind::Relationship(slot, ends),
                    Some(Length { min, max, limit }) => {
                        Bind::Trail(slot, Trail { ends, min, max, limit, backwards: way == Way::Left })
                    }
                });
            }
        }
    }

    fn push(&mut self, name: &str, kind: Kind, atom: AtomKind) -> usize {
        let scan = Scan { kind, needs: Needs::nothing(), conditions: Vec::new() };
        self.atoms.push(Atom { name: name.to_owned(), scan, kind: atom });
        self.atoms.len() - 1
    }

    fn inline(&mut self, name: &SmolStr, properties: &[(Name, Expr)]) {
        self.conditions.extend(properties.iter().map(|(key, value)| has_property(name, key, value)));
    }

    /// Inline properties of a trail hold for each of its relationships: what is the same for all rows is asked
    /// of each edge, the rest of the list on complete rows.
    fn inline_each(
        &mut self,
        atom: usize,
        name: &SmolStr,
        properties: &[(Name, Expr)],
        planner: &Planner<'_>,
    ) -> Result<(), Diagnostic> {
        for (key, value) in properties {
            let condition = has_property(name, key, value);
            if is_constant(value) && conditions::push_onto(&mut self.atoms[atom], &condition, planner)? {
                self.moved.push(condition);
                continue;
            }
            let span = Span { start: key.span.start, end: value.span.end };
            self.conditions.push(each(name, span, |item| has_property(item, key, value)));
        }
        Ok(())
    }
}

fn is_constant(expr: &Expr) -> bool {
    let varies = matches!(expr.kind, ExprKind::Variable(_) | ExprKind::Subquery(_));
    !varies && expr.children().into_iter().all(is_constant)
}

/// What lies between two nodes.
#[derive(Clone, Copy)]
enum Between {
    Atom {
        slot: usize,
        atom: usize,
    },
    /// From before; with bounds a list of relationships.
    Input {
        slot: usize,
        length: Option<Length>,
    },
}

impl Between {
    fn slot(self) -> usize {
        match self {
            Self::Atom { slot, .. } | Self::Input { slot, .. } => slot,
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

/// Whether a relationship has a type that the pattern wants; `None` where any will do.
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
