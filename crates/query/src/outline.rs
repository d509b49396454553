//! The outline of a query's text: what it matches, as a graph, and the labels, types and properties that it names.
//!
//! It is made of the tree as it was read, so a text has one as soon as its grammar is right.

use crate::language::ast::{
    Clause, Expr, ExprKind, Gives, Labels, Length, Match, NodePattern, Pattern, Projection,
    RelationshipPattern, SingleQuery, Span, Way,
};
use crate::language::{Diagnostic, Draft, Notes, Token, TokenKind, read, tokens};
use livewell_model::SmolStr;
use std::collections::HashMap;

/// What a text matches and names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The nodes of the patterns of its MATCH clauses. Those of subqueries in expressions are not among them.
    pub nodes: Vec<Node>,
    /// The relationships between these.
    pub relationships: Vec<Relationship>,
    /// The labels, types and properties that the text names anywhere, in no particular order.
    pub mentions: Vec<Mention>,
}

/// A node of a pattern: all places of one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The variable, if it has one.
    pub variable: Option<SmolStr>,
    /// Its labels, and what else must hold for them, as the text has it.
    pub labels: Vec<String>,
    /// Where it stands first.
    pub span: Span,
}

/// A relationship of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// The variable, if it has one.
    pub variable: Option<SmolStr>,
    /// Its types, one of which it has, and what else must hold, as the text has it; none: any.
    pub types: Vec<String>,
    /// The node it comes from, as a place among the nodes.
    pub from: usize,
    /// The node it leads to.
    pub to: usize,
    /// Whether it may lie either way round.
    pub undirected: bool,
    /// How many in a row, as in `1..3`; `None`: one.
    pub length: Option<String>,
    /// Whether rows without it stay.
    pub optional: bool,
    /// Where it stands.
    pub span: Span,
}

/// A name in the text that stands for something stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it is the name of.
    pub of: Named,
    /// The name, without backticks.
    pub name: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// What names stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A label of nodes.
    Label,
    /// A type of relationships.
    Type,
    /// A property of either.
    Property,
}

impl Outline {
    /// Reads the outline of a text.
    ///
    /// # Errors
    /// Returns a [`Diagnostic`] if the text is not Cypher, or Cypher that is not supported.
    pub fn of(text: &str) -> Result<Self, Diagnostic> {
        let Draft { query, notes } = read(text)?;
        let mut drawing = Drawing { outline: Self::default(), tokens: tokens(text)?, notes: &notes };
        for SingleQuery { clauses, returns } in &query.branches {
            let mut scope = Scope::new();
            drawing.clauses(clauses, &mut scope, true);
            drawing.projection(returns, &mut scope);
        }
        Ok(drawing.outline)
    }
}

/// The variables in scope that hold elements, each with its place among the nodes if it is a node that is drawn.
type Scope = HashMap<SmolStr, Option<usize>>;

struct Drawing<'a> {
    outline: Outline,
    tokens: Vec<Token>,
    notes: &'a Notes,
}

impl Drawing<'_> {
    /// Draws clauses, or only finds what they name.
    fn clauses(&mut self, clauses: &[Clause], scope: &mut Scope, is_drawn: bool) {
        for clause in clauses {
            match clause {
                Clause::Match(matched) => self.matched(matched, scope, is_drawn),
                Clause::Unwind(unwind) => {
                    self.expr(&unwind.list, scope);
                    scope.remove(&unwind.variable.text);
                }
                Clause::With(with) => self.projection(with, scope),
                Clause::Call(call) => {
                    let mut columns = Scope::new();
                    for branch in &call.branches {
                        let mut inner = scope.clone();
                        if let Some(imports) = &call.imports {
                            inner.retain(|name, _| imports.iter().any(|import| import.text == *name));
                        }
                        self.clauses(branch, &mut inner, is_drawn);
                        columns.extend(inner);
                    }
                    scope.extend(columns);
                }
            }
        }
    }

    fn matched(&mut self, matched: &Match, scope: &mut Scope, is_drawn: bool) {
        for pattern in &matched.patterns {
            self.pattern(pattern, scope, is_drawn.then_some(matched.optional));
        }
        matched.condition.iter().for_each(|condition| self.expr(condition, scope));
    }

    /// Takes a pattern; draws it if it is said whether it is optional.
    fn pattern(&mut self, pattern: &Pattern, scope: &mut Scope, drawn: Option<bool>) {
        let mut ends = Vec::with_capacity(pattern.nodes.len());
        for node in &pattern.nodes {
            self.mention_all(
                Named::Label,
                node.labels.iter().map(|label| &label.text),
                node.test.as_ref(),
                node.span,
            );
            let place = drawn.map(|_| self.node(node, scope));
            if let Some(variable) = &node.variable {
                let before = scope.get(&variable.text).copied().flatten();
                scope.insert(variable.text.clone(), place.or(before));
            }
            ends.push(place);
        }
        for (relationship, ends) in pattern.relationships.iter().zip(ends.windows(2)) {
            let types = relationship.types.iter().map(|name| &name.text);
            self.mention_all(Named::Type, types, relationship.test.as_ref(), relationship.span);
            if let Some(variable) = relationship.variable.iter().find(|_| relationship.length.is_none()) {
                scope.insert(variable.text.clone(), None);
            }
            if let ([Some(left), Some(right)], Some(optional)) = (ends, drawn) {
                self.relationship(relationship, (*left, *right), optional);
            }
        }
        let nodes = pattern.nodes.iter().flat_map(|node| &node.properties);
        let relationships = pattern.relationships.iter().flat_map(|relationship| &relationship.properties);
        for (key, value) in nodes.chain(relationships) {
            self.mention(Named::Property, &key.text, key.span);
            self.expr(value, scope);
        }
    }

    /// Draws a node, or adds to the one that its variable holds already.
    fn node(&mut self, node: &NodePattern, scope: &Scope) -> usize {
        let nodes = &mut self.outline.nodes;
        let held = node.variable.as_ref().and_then(|name| *scope.get(&name.text)?);
        let place = held.unwrap_or_else(|| {
            let variable = node.variable.as_ref().map(|name| name.text.clone());
            nodes.push(Node { variable, labels: Vec::new(), span: node.span });
            nodes.len() - 1
        });
        let labels = node.labels.iter().map(|label| label.text.to_string());
        for label in labels.chain(node.test.iter().map(Labels::to_string)) {
            if !nodes[place].labels.contains(&label) {
                nodes[place].labels.push(label);
            }
        }
        place
    }

    fn relationship(&mut self, of: &RelationshipPattern, (left, right): (usize, usize), optional: bool) {
        let (from, to) = if of.way == Way::Left { (right, left) } else { (left, right) };
        let types = of.types.iter().map(|name| name.text.to_string());
        self.outline.relationships.push(Relationship {
            variable: of.variable.as_ref().map(|name| name.text.clone()),
            types: types.chain(of.test.iter().map(Labels::to_string)).collect(),
            from,
            to,
            undirected: of.way == Way::Either,
            length: of.length.as_ref().map(shown),
            optional,
            span: of.span,
        });
    }

    /// Takes a projection: behind it, only what it projects is in scope.
    fn projection(&mut self, projection: &Projection, scope: &mut Scope) {
        let order = projection.order.iter().map(|sort| &sort.expr);
        let window = projection.skip.iter().chain(&projection.limit);
        for expr in projection.items.iter().map(|item| &item.expr).chain(order).chain(window) {
            self.expr(expr, scope);
        }
        let begin = projection.span.start;
        let keeps_all = self.notes.stars.contains_key(&begin) || self.notes.implied.contains(&begin);
        let mut next = if keeps_all { scope.clone() } else { Scope::new() };
        for item in &projection.items {
            let held = match &item.expr.kind {
                ExprKind::Variable(name) => scope.get(name),
                _ => None,
            };
            match held {
                Some(held) => next.insert(item.name.clone(), *held),
                None => next.remove(&item.name),
            };
        }
        *scope = next;
        projection.condition.iter().for_each(|condition| self.expr(condition, scope));
    }

    /// Finds what an expression names.
    fn expr(&mut self, expr: &Expr, scope: &Scope) {
        match &expr.kind {
            ExprKind::Property(base, key) => {
                if matches!(&base.kind, ExprKind::Variable(name) if scope.contains_key(name)) {
                    self.mention(Named::Property, key, expr.span);
                }
            }
            ExprKind::HasLabels(_, labels) => self.mention_all(Named::Label, [], Some(labels), expr.span),
            ExprKind::Subquery(subquery) => {
                let mut inner = scope.clone();
                self.clauses(&subquery.clauses, &mut inner, false);
                if let Gives::Collect(result) = &subquery.gives {
                    self.expr(result, &inner);
                }
                return;
            }
            _ => {}
        }
        expr.children().into_iter().for_each(|child| self.expr(child, scope));
    }

    fn mention_all<'n>(
        &mut self,
        of: Named,
        names: impl IntoIterator<Item = &'n SmolStr>,
        test: Option<&'n Labels>,
        within: Span,
    ) {
        for name in names.into_iter().chain(test.iter().flat_map(|test| test.names())) {
            self.mention(of, name, within);
        }
    }

    /// Adds a name, at the place where it stands within a span: behind a sign of label expressions, or last of all.
    fn mention(&mut self, of: Named, name: &SmolStr, within: Span) {
        let is_within = |token: &Token| token.span.start >= within.start && token.span.end <= within.end;
        let first = self.tokens.partition_point(|token| token.span.start < within.start);
        let named = |token: &Token| match &token.kind {
            TokenKind::Word(word) | TokenKind::Quoted(word) => word == name,
            _ => false,
        };
        let is_behind = |at: usize| match self.tokens.get(at.wrapping_sub(1)).map(|before| &before.kind) {
            Some(TokenKind::Symbol(sign)) => [":", "|", "&", "!"].contains(sign),
            Some(TokenKind::Word(word)) => word.eq_ignore_ascii_case("IS"),
            _ => false,
        };
        let inside = || self.tokens[first..].iter().take_while(|token| is_within(token));
        let found = match of {
            Named::Property => inside().filter(|token| named(token)).last(),
            Named::Label | Named::Type => (first..)
                .zip(inside())
                .find(|(at, token)| named(token) && is_behind(*at))
                .map(|(_, token)| token),
        };
        if let Some(span) = found.map(|token| token.span) {
            self.outline.mentions.push(Mention { of, name: name.clone(), span });
        }
    }
}

/// Bounds of a length, as a pattern has them.
fn shown(length: &Length) -> String {
    match length.max {
        Some(max) if max == length.min => max.to_string(),
        Some(max) => format!("{}..{max}", length.min),
        None => format!("{}..", length.min),
    }
}
