//! Clauses that are short for a WITH that passes every variable on: LET, FILTER, and ORDER BY, SKIP and LIMIT on
//! their own.

use super::super::ast::{Item, Projection, Span};
use super::super::code;
use super::{Diagnostic, Parsed, Parser};

impl Parser<'_> {
    /// The WITH that a clause is short for, if one of them comes next.
    pub(super) fn short_clause(&mut self) -> Parsed<Option<Projection>> {
        let start = self.span();
        let is_window = self.is_keyword("ORDER") && self.keyword_ahead(1, "BY")
            || ["SKIP", "OFFSET", "LIMIT"].iter().any(|word| self.is_keyword(word));
        let mut projection = if is_window {
            self.windowed(start.start, false, vec![])?
        } else if self.eat_keyword("FILTER") {
            let condition = if self.is_keyword("WHERE") {
                self.condition()?
            } else {
                let condition = self.expression()?;
                self.claim(&condition);
                Some(condition)
            };
            Projection { condition, ..nothing() }
        } else if self.eat_keyword("LET") {
            Projection { items: self.definitions()?, ..nothing() }
        } else {
            return Ok(None);
        };
        projection.span = self.span_from(start.start);
        self.notes.stars.insert(start.start, start);
        self.notes.implied.insert(start.start);
        Ok(Some(projection))
    }

    /// `name = expression, name = expression`.
    fn definitions(&mut self) -> Parsed<Vec<Item>> {
        let mut items: Vec<Item> = vec![];
        loop {
            let name = self.take_variable("the name of a variable, as in `LET x = 1`")?;
            self.expect_symbol("=")?;
            let expr = self.expression()?;
            if expr.has_aggregate() {
                let message = "an aggregate cannot stand in LET";
                return Err(Diagnostic::semantic(code::AGGREGATE, expr.span, message)
                    .with_help("compute it in a `WITH` clause: `WITH count(*) AS n`"));
            }
            items.push(Item { expr, name: name.text, aliased: true });
            if !self.eat_symbol(",") {
                return Ok(items);
            }
        }
    }
}

/// A projection of what its `*` stands for.
fn nothing() -> Projection {
    let (order, span) = (vec![], Span::default());
    Projection { distinct: false, items: vec![], order, skip: None, limit: None, condition: None, span }
}
