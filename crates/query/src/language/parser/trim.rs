//! `trim(BOTH 'x' FROM text)` and its shorter forms.

use super::super::ast::{ExprKind, Span};
use super::super::token::{TokenKind, is_reserved};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// Behind the opening parenthesis of `trim(`.
    pub(super) fn trim(&mut self, span: Span) -> Parsed<ExprKind> {
        if !self.has_from() {
            return self.call("trim", span);
        }
        let ends = [("LEADING", "lTrim"), ("TRAILING", "rTrim"), ("BOTH", "bTrim")];
        let ends = ends.into_iter().find(|(word, _)| self.eat_keyword(word));
        let name = ends.map_or("bTrim", |(_, name)| name).to_lowercase();
        let characters = if self.is_keyword("FROM") { None } else { Some(self.expression()?) };
        let height = if characters.is_some() { self.height } else { 0 };
        self.expect_keyword("FROM")?;
        let text = self.expression()?;
        if !self.eat_symbol(")") {
            return Err(self.unexpected("`)` or an operator"));
        }
        self.grow(height)?;
        Ok(ExprKind::Call(name.into(), [text].into_iter().chain(characters).collect()))
    }

    /// Whether a FROM with an operand behind it stands before the closing parenthesis. A variable or a property
    /// may have that name, too.
    fn has_from(&self) -> bool {
        let mut depth = 0usize;
        for at in 0.. {
            match self.ahead(at) {
                TokenKind::Symbol("(" | "[" | "{") => depth += 1,
                TokenKind::Symbol(")" | "]" | "}") if depth == 0 => return false,
                TokenKind::Symbol(")" | "]" | "}") => depth -= 1,
                TokenKind::End => return false,
                _ => {}
            }
            let named = at > 0 && self.symbol_ahead(at - 1, ".");
            if depth == 0 && !named && self.keyword_ahead(at, "FROM") && self.is_operand(at + 1) {
                return true;
            }
        }
        false
    }

    fn is_operand(&self, distance: usize) -> bool {
        match self.ahead(distance) {
            TokenKind::Word(word) => {
                let begins = ["case", "null", "true", "false", "exists"];
                !is_reserved(word) || begins.iter().any(|begin| word.eq_ignore_ascii_case(begin))
            }
            TokenKind::Symbol(symbol) => *symbol == "(",
            TokenKind::End => false,
            _ => true,
        }
    }
}
