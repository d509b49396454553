//! Clauses: MATCH, WITH and RETURN, and which may follow which.

use super::super::ast::{Clause, Expr, ExprKind, Item, Match, Projection, Query, SingleQuery};
use super::super::token::TokenKind;
use super::super::{MAX_CLAUSES, code};
use super::{Diagnostic, Draft, Parsed, Parser};

impl Parser<'_> {
    /// A whole query, to the end of the text.
    pub(super) fn query(&mut self) -> Parsed<Draft> {
        let mut clauses = vec![];
        let mut stars = vec![];
        loop {
            if clauses.len() == MAX_CLAUSES {
                let message = format!("the query has more than {MAX_CLAUSES} clauses");
                return Err(Diagnostic::not_supported(code::LIMIT, self.span(), message));
            }
            let start = self.span().start;
            if self.eat_keyword("RETURN") {
                let returns = self.projection(start, clauses.len(), &mut stars)?;
                self.end()?;
                let branches = vec![SingleQuery { clauses, returns }];
                return Ok(Draft { query: Query { branches, distinct: false }, stars });
            }
            let clause = if self.is_keyword("MATCH") {
                if clauses.iter().any(|clause| matches!(clause, Clause::With(_))) {
                    return Err(self.match_after_with());
                }
                Clause::Match(self.match_clause()?)
            } else if self.eat_keyword("WITH") {
                let mut projection = self.projection(start, clauses.len(), &mut stars)?;
                projection.condition = self.condition()?;
                projection.span = self.span_from(start);
                Clause::With(projection)
            } else {
                return Err(self.no_clause(clauses.is_empty()));
            };
            clauses.push(clause);
        }
    }

    fn match_clause(&mut self) -> Parsed<Match> {
        let start = self.span().start;
        self.expect_keyword("MATCH")?;
        let mut patterns = vec![self.pattern()?];
        while self.eat_symbol(",") {
            patterns.push(self.pattern()?);
        }
        let condition = self.condition()?;
        Ok(Match { optional: false, patterns, condition, span: self.span_from(start) })
    }

    fn condition(&mut self) -> Parsed<Option<Expr>> {
        if self.eat_keyword("WHERE") { self.expression().map(Some) } else { Ok(None) }
    }

    /// What stands behind WITH or RETURN; `clause` is the number under which its `*` is noted.
    fn projection(
        &mut self,
        start: usize,
        clause: usize,
        stars: &mut Vec<(usize, super::Span)>,
    ) -> Parsed<Projection> {
        let distinct = self.eat_keyword("DISTINCT");
        let mut items = vec![];
        if self.is_symbol("*") {
            stars.push((clause, self.span()));
            self.advance();
        } else {
            items.push(self.item()?);
        }
        while self.eat_symbol(",") {
            items.push(self.item()?);
        }
        self.refuse_window()?;
        Ok(Projection {
            distinct,
            items,
            order: vec![],
            skip: None,
            limit: None,
            condition: None,
            span: self.span_from(start),
        })
    }

    fn item(&mut self) -> Parsed<Item> {
        let start = self.span().start;
        let expr = self.expression()?;
        let written = self.span_from(start);
        if self.eat_keyword("AS") {
            let name = self.take_variable("a name after `AS`")?.text;
            return Ok(Item { expr, name, aliased: true });
        }
        let name = match &expr.kind {
            ExprKind::Variable(name) => name.clone(),
            _ => self.text[written.start..written.end].into(),
        };
        Ok(Item { expr, name, aliased: false })
    }

    fn end(&mut self) -> Parsed<()> {
        self.eat_symbol(";");
        match self.peek() {
            TokenKind::End => Ok(()),
            _ => Err(self.after_return()),
        }
    }
}
