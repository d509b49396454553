//! Clauses and what they are made of, and which may follow which.

use super::super::ast::{
    Clause, Expr, ExprKind, Item, Match, Projection, Query, SingleQuery, Sort, Span, Unwind,
};
use super::super::token::TokenKind;
use super::super::{MAX_CLAUSES, code};
use super::{Diagnostic, Parsed, Parser};

impl Parser<'_> {
    /// A whole query, to the end of the text.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        let mut branches = vec![self.single_query()?];
        let mut distinct = None;
        while self.is_keyword("UNION") {
            let union = self.span();
            self.advance();
            self.count_clause(union)?;
            let drops_equal = self.eat_keyword("DISTINCT") || !self.eat_keyword("ALL");
            if distinct.replace(drops_equal).is_some_and(|before| before != drops_equal) {
                let message = "one query cannot have both UNION and UNION ALL";
                return Err(Diagnostic::semantic(code::UNEXPECTED, union, message)
                    .with_help("the two mean different things for the rows before them"));
            }
            branches.push(self.single_query()?);
        }
        self.end()?;
        match self.loose.first() {
            Some(pattern) => Err(Self::pattern_as_value(*pattern)),
            None => Ok(Query { branches, distinct: distinct.unwrap_or(false) }),
        }
    }

    fn single_query(&mut self) -> Parsed<SingleQuery> {
        let mut clauses = vec![];
        loop {
            let start = self.span().start;
            if self.eat_keyword("RETURN") {
                let returns = self.projection(start)?;
                return Ok(SingleQuery { clauses, returns });
            }
            match self.clause()? {
                Some(clause) => clauses.push(clause),
                None => return Err(self.no_clause(clauses.is_empty())),
            }
        }
    }

    /// A clause other than RETURN, if one comes next.
    pub(super) fn clause(&mut self) -> Parsed<Option<Clause>> {
        if let Some(refused) = self.call_subquery() {
            return Err(refused);
        }
        let start = self.span().start;
        let optional = self.is_keyword("OPTIONAL");
        let clause = if self.is_call() {
            Clause::Call(self.call_clause()?)
        } else if optional || self.is_keyword("MATCH") {
            Clause::Match(self.match_clause(optional)?)
        } else if self.eat_keyword("UNWIND") {
            let list = self.expression()?;
            self.expect_keyword("AS")?;
            let variable = self.take_variable("a name after `AS`")?;
            Clause::Unwind(Unwind { list, variable, span: self.span_from(start) })
        } else if self.eat_keyword("WITH") {
            let mut projection = self.projection(start)?;
            projection.condition = self.condition()?;
            projection.span = self.span_from(start);
            Clause::With(projection)
        } else if let Some(passed_on) = self.short_clause()? {
            Clause::With(passed_on)
        } else {
            return Ok(None);
        };
        self.count_clause(self.span_from(start))?;
        Ok(Some(clause))
    }

    /// Notes that one more clause stands at `span`.
    fn count_clause(&mut self, span: Span) -> Parsed<()> {
        self.clauses += 1;
        if self.clauses <= MAX_CLAUSES {
            return Ok(());
        }
        let message = format!("the query has more than {MAX_CLAUSES} clauses");
        Err(Diagnostic::not_supported(code::LIMIT, span, message))
    }

    fn match_clause(&mut self, optional: bool) -> Parsed<Match> {
        let start = self.span().start;
        if optional {
            self.advance();
        }
        self.expect_keyword("MATCH")?;
        // What every MATCH does.
        if self.keyword_ahead(0, "DIFFERENT") && self.keyword_ahead(1, "RELATIONSHIPS") {
            self.advance();
            self.advance();
        }
        let (patterns, inline) = self.with_inline(Self::patterns)?;
        let condition = self.condition()?;
        let condition = self.all_of(inline, condition)?;
        Ok(Match { optional, patterns, condition, span: self.span_from(start) })
    }

    /// WHERE and what stands behind it, if it comes next.
    pub(super) fn condition(&mut self) -> Parsed<Option<Expr>> {
        if !self.eat_keyword("WHERE") {
            return Ok(None);
        }
        let condition = self.expression()?;
        self.claim(&condition);
        Ok(Some(condition))
    }

    /// What stands behind WITH or RETURN, which begins at `start`.
    pub(super) fn projection(&mut self, start: usize) -> Parsed<Projection> {
        let distinct = self.eat_keyword("DISTINCT");
        let mut items = vec![];
        if self.is_symbol("*") {
            self.notes.stars.insert(start, self.span());
            self.advance();
        } else {
            items.push(self.item()?);
        }
        while self.eat_symbol(",") {
            items.push(self.item()?);
        }
        self.windowed(start, distinct, items)
    }

    /// ORDER BY, SKIP and LIMIT behind the items of the projection that begins at `start`.
    pub(super) fn windowed(&mut self, start: usize, distinct: bool, items: Vec<Item>) -> Parsed<Projection> {
        let order = self.order()?;
        let skips = self.eat_keyword("SKIP") || self.eat_keyword("OFFSET");
        let skip = if skips { Some(self.expression()?) } else { None };
        let limit = if self.eat_keyword("LIMIT") { Some(self.expression()?) } else { None };
        let span = self.span_from(start);
        Ok(Projection { distinct, items, order, skip, limit, condition: None, span })
    }

    fn order(&mut self) -> Parsed<Vec<Sort>> {
        let mut order = vec![];
        if !self.eat_keyword("ORDER") {
            return Ok(order);
        }
        self.expect_keyword("BY")?;
        loop {
            let expr = self.expression()?;
            let descending = self.eat_keyword("DESC") || self.eat_keyword("DESCENDING");
            if !descending && !self.eat_keyword("ASC") {
                self.eat_keyword("ASCENDING");
            }
            order.push(Sort { expr, descending });
            if !self.eat_symbol(",") {
                return Ok(order);
            }
        }
    }

    pub(super) fn item(&mut self) -> Parsed<Item> {
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

    pub(super) fn end(&mut self) -> Parsed<()> {
        self.eat_symbol(";");
        match self.peek() {
            TokenKind::End => Ok(()),
            _ => Err(self.after_return()),
        }
    }
}
