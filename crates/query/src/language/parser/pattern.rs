//! Patterns: nodes and the relationships between them.

use super::super::ast::{BinaryOp, Expr, Length, Name, NodePattern, Pattern, RelationshipPattern, Way};
use super::super::code;
use super::super::token::TokenKind;
use super::expression::binary;
use super::{Diagnostic, Parsed, Parser};
use crate::language::HOPS_MAX;

impl Parser<'_> {
    /// Patterns with commas between them.
    pub(super) fn patterns(&mut self) -> Parsed<Vec<Pattern>> {
        let mut patterns = vec![self.pattern()?];
        while self.eat_symbol(",") {
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    /// One chain, which may be named as a path.
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let mut path = None;
        if self.symbol_ahead(1, "=") && self.variable_name().is_some() {
            path = Some(self.take_variable("the name of a path")?);
            self.advance();
        }
        // ALL is what a pattern without a selector means.
        if self.is_keyword("ALL") && !self.keyword_ahead(1, "SHORTEST") {
            self.advance();
            let _ = self.eat_keyword("PATH") || self.eat_keyword("PATHS");
        }
        self.refuse_selector()?;
        self.refuse_shortest_path()?;
        let mut nodes = vec![self.node_or_none()?];
        let mut relationships = vec![];
        loop {
            if self.is_relationship() {
                relationships.push(self.relationship_in_a_row()?);
                nodes.push(self.node()?);
            } else if self.is_path_in_parentheses() {
                relationships.push(self.quantified_path()?);
                nodes.push(self.node_or_none()?);
            } else {
                return Ok(Pattern { path, nodes, relationships });
            }
        }
    }

    pub(super) fn is_relationship(&self) -> bool {
        self.is_symbol("-") || self.symbols_ahead(0, &["<", "-"])
    }

    pub(super) fn node(&mut self) -> Parsed<NodePattern> {
        let start = self.span().start;
        if !self.eat_symbol("(") {
            return Err(self.unexpected("a node pattern like `(name:Label)`"));
        }
        let variable = self.optional_variable()?;
        let (labels, test) = self.node_labels()?;
        let properties = self.pattern_properties()?;
        self.inline_condition()?;
        self.expect_symbol(")")?;
        Ok(NodePattern { variable, labels, test, properties, span: self.span_from(start) })
    }

    fn optional_variable(&mut self) -> Parsed<Option<Name>> {
        if self.is_keyword("WHERE") || self.is_keyword("IS") {
            return Ok(None);
        }
        match self.peek() {
            TokenKind::Word(_) | TokenKind::Quoted(_) => self.take_variable("a variable").map(Some),
            _ => Ok(None),
        }
    }

    fn pattern_properties(&mut self) -> Parsed<Vec<(Name, Expr)>> {
        if let TokenKind::Parameter(name) = self.peek() {
            let message = format!("the parameter `${name}` cannot stand for the properties of a pattern");
            return Err(Diagnostic::semantic(code::PARAMETER, self.span(), message)
                .with_help("name each property: `{key: $value}`"));
        }
        let mut entries: Vec<(Name, Expr)> = vec![];
        if !self.eat_symbol("{") {
            return Ok(entries);
        }
        if self.eat_symbol("}") {
            return Ok(entries);
        }
        loop {
            let key = self.take_any_name("the name of a property")?;
            self.expect_symbol(":")?;
            if entries.iter().any(|(have, _)| have.text == key.text) {
                let message = format!("the property `{}` stands here twice", key.text);
                return Err(Diagnostic::semantic(code::COLUMN, key.span, message));
            }
            entries.push((key, self.expression()?));
            if !self.eat_symbol(",") {
                break;
            }
        }
        self.expect_symbol("}")?;
        Ok(entries)
    }

    pub(super) fn relationship(&mut self) -> Parsed<RelationshipPattern> {
        let start = self.span().start;
        let from_right = self.eat_symbol("<");
        self.expect_symbol("-")?;
        let (mut variable, mut types, mut test) = (None, vec![], None);
        let (mut length, mut properties) = (None, vec![]);
        if self.eat_symbol("[") {
            variable = self.optional_variable()?;
            (types, test) = self.relationship_types()?;
            length = self.length()?;
            properties = self.pattern_properties()?;
            if length.is_some() && self.is_keyword("WHERE") {
                return Err(self
                    .unsupported("WHERE inside a path of variable length")
                    .with_help("name the relationships and write `WHERE all(x IN r WHERE ..)`"));
            }
            self.inline_condition()?;
            self.expect_symbol("]")?;
        }
        self.expect_symbol("-")?;
        let way = match (from_right, self.eat_symbol(">")) {
            (false, true) => Way::Right,
            (true, false) => Way::Left,
            _ => Way::Either,
        };
        let span = self.span_from(start);
        Ok(RelationshipPattern { variable, types, test, properties, way, length, span })
    }

    /// WHERE inside a node or relationship, which is one more condition of the clause.
    fn inline_condition(&mut self) -> Parsed<()> {
        if let Some(condition) = self.condition()? {
            self.inline.push((condition, self.height));
        }
        Ok(())
    }

    /// Patterns as `read` takes them, with the conditions inside them.
    pub(super) fn with_inline<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<(T, Vec<(Expr, usize)>)> {
        let around = std::mem::take(&mut self.inline);
        let patterns = read(self)?;
        Ok((patterns, std::mem::replace(&mut self.inline, around)))
    }

    /// One condition of the conditions inside patterns and the one behind them, which was read last.
    pub(super) fn all_of(&mut self, inline: Vec<(Expr, usize)>, last: Option<Expr>) -> Parsed<Option<Expr>> {
        let last = last.map(|condition| (condition, self.height));
        let mut all: Option<Expr> = None;
        let mut height = 0;
        for (condition, own) in inline.into_iter().chain(last) {
            self.height = own;
            all = Some(match all {
                None => condition,
                Some(before) => {
                    self.grow(height)?;
                    binary(BinaryOp::And, before, condition)
                }
            });
            height = self.height;
        }
        Ok(all)
    }

    /// `*`, `*2`, `*1..3`, `*..3`, `*0..`: how many relationships in a row.
    fn length(&mut self) -> Parsed<Option<Length>> {
        if self.is_symbol("..") {
            return Err(self.unexpected("`*` before the bounds of a path"));
        }
        if !self.eat_symbol("*") {
            return Ok(None);
        }
        let min = self.bound()?;
        if self.eat_symbol("..") {
            return Ok(Some(Length { min: min.unwrap_or(1), max: self.bound()?, limit: HOPS_MAX }));
        }
        match (min, self.peek()) {
            (Some(exactly), _) => Ok(Some(Length { min: exactly, max: Some(exactly), limit: HOPS_MAX })),
            (None, TokenKind::Symbol("]" | "{") | TokenKind::Parameter(_) | TokenKind::Word(_)) => {
                Ok(Some(Length { min: 1, max: None, limit: HOPS_MAX }))
            }
            (None, _) => Err(self.unexpected("the bounds of a path, as in `*1..3`")),
        }
    }

    pub(super) fn bound(&mut self) -> Parsed<Option<u32>> {
        let TokenKind::Integer(bound) = *self.peek() else { return Ok(None) };
        let Ok(bound) = u32::try_from(bound) else {
            let message = "this bound of a path is too large";
            return Err(Diagnostic::not_supported(code::LIMIT, self.span(), message));
        };
        self.advance();
        Ok(Some(bound))
    }
}
