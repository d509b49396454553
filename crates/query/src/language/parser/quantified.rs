//! Quantified relationships and paths: `-[:T]->{1,3}`, `-->+`, `(()-[:T]->()){2,}`. A path of one relationship whose
//! nodes ask for nothing is a relationship of variable length, and so are all that are taken.

use super::super::ast::{Length, NodePattern, RelationshipPattern, Span};
use super::super::token::TokenKind;
use super::{Diagnostic, Parsed, Parser};
use crate::language::HOPS_MAX;

const NAMED: &str = "name the relationships, `-[r:T]->{1,3}`, and write `WHERE all(x IN r WHERE ..)`";

impl Parser<'_> {
    /// A relationship, and how many of it there are in a row.
    pub(super) fn relationship_in_a_row(&mut self) -> Parsed<RelationshipPattern> {
        let conditions = self.inline.len();
        let mut relationship = self.relationship()?;
        let quantifier = self.span();
        let Some(length) = self.quantifier()? else { return Ok(relationship) };
        if relationship.length.replace(length).is_some() {
            let message = "this relationship has a length and a quantifier";
            return Err(Diagnostic::not_cypher(super::code::UNEXPECTED, quantifier, message)
                .with_help("write one of the two: `-[:T*1..3]->` or `-[:T]->{1,3}`"));
        }
        if self.inline.len() > conditions {
            let what = "WHERE inside a relationship with a quantifier";
            return Err(Diagnostic::not_yet(quantifier, what).with_help(NAMED));
        }
        relationship.span = self.span_from(relationship.span.start);
        Ok(relationship)
    }

    /// A node, or where a path in parentheses or nothing comes next: any node.
    pub(super) fn node_or_none(&mut self) -> Parsed<NodePattern> {
        let before = self.tokens[self.at.saturating_sub(1)].kind == TokenKind::Symbol("}");
        let after_quantifier = before || ["+", "*"].iter().any(|symbol| self.was_symbol(symbol));
        if self.is_path_in_parentheses() || (after_quantifier && !self.is_symbol("(")) {
            return Ok(any_node(self.span()));
        }
        self.node()
    }

    fn was_symbol(&self, symbol: &str) -> bool {
        matches!(self.tokens[self.at.saturating_sub(1)].kind, TokenKind::Symbol(have) if have == symbol)
    }

    /// Whether `((` comes next, or `(p = (`.
    pub(super) fn is_path_in_parentheses(&self) -> bool {
        let named = matches!(self.ahead(1), TokenKind::Word(_) | TokenKind::Quoted(_));
        self.symbols_ahead(0, &["(", "("])
            || (self.is_symbol("(") && named && self.symbols_ahead(2, &["=", "("]))
    }

    /// A path in parentheses with its quantifier.
    pub(super) fn quantified_path(&mut self) -> Parsed<RelationshipPattern> {
        let start = self.span();
        self.advance();
        let conditions = self.inline.len();
        let is_named = self.symbol_ahead(1, "=");
        let simple = if is_named { None } else { self.one_relationship()? };
        let beyond = simple.is_none() || !self.is_symbol(")") || self.inline.len() > conditions;
        let refused = |parser: &Self, what: &str| {
            Diagnostic::not_yet(Span { end: parser.span().start, ..start }, what).with_help(
                "written out are supported a single relationship between nodes that ask for nothing, \
                 `(()-[:T]->()){1,3}`, and `-[:T]->{1,3}`",
            )
        };
        let Some(mut relationship) = simple.filter(|_| !beyond) else {
            let what = "a path in parentheses with more than a relationship, or with names or conditions,";
            return Err(refused(self, what));
        };
        self.advance();
        let Some(length) = self.quantifier()? else {
            return Err(refused(self, "a path in parentheses without a quantifier"));
        };
        relationship.length = Some(length);
        relationship.span = self.span_from(start.start);
        Ok(relationship)
    }

    /// One relationship between two nodes that ask for nothing; `None` if there is more to it.
    fn one_relationship(&mut self) -> Parsed<Option<RelationshipPattern>> {
        let left = self.node()?;
        if !self.is_relationship() {
            return Ok(None);
        }
        let relationship = self.relationship()?;
        let right = self.node()?;
        let asks = |node: &NodePattern| {
            node.variable.is_some()
                || !node.labels.is_empty()
                || node.test.is_some()
                || !node.properties.is_empty()
        };
        let is_plain = relationship.length.is_none() && !asks(&left) && !asks(&right);
        Ok(is_plain.then_some(relationship))
    }

    /// `+`, `*`, `{2}`, `{1,3}`, `{1,}`, `{,3}`, if one comes next.
    fn quantifier(&mut self) -> Parsed<Option<Length>> {
        let of = |min, max| Ok(Some(Length { min, max, limit: HOPS_MAX }));
        if self.eat_symbol("+") {
            return of(1, None);
        }
        if self.eat_symbol("*") {
            return of(0, None);
        }
        if !self.eat_symbol("{") {
            return Ok(None);
        }
        let min = self.bound()?;
        let max = if self.eat_symbol(",") {
            self.bound()?
        } else if min.is_some() {
            min
        } else {
            return Err(self.unexpected("how often, as in `{2}` or `{1,3}`"));
        };
        if max == Some(0) {
            return Err(self.unexpected("an upper bound of 1 or more"));
        }
        self.expect_symbol("}")?;
        of(min.unwrap_or(0), max)
    }
}

fn any_node(span: Span) -> NodePattern {
    NodePattern { variable: None, labels: vec![], test: None, properties: vec![], span }
}
