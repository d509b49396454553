//! CASE: with conditions, with a subject that is compared, and with a subject behind which comparisons stand.

use super::super::ast::{BinaryOp, Case, Expr, ExprKind};
use super::super::token::TokenKind;
use super::expression::{Operator, binary};
use super::{Parsed, Parser};

/// What stands behind one WHEN.
enum When {
    /// A value that the subject equals, or without a subject a condition.
    Value(Expr),
    /// A condition on the subject.
    Condition(Expr),
}

impl Parser<'_> {
    /// `CASE .. END`.
    pub(super) fn case(&mut self) -> Parsed<ExprKind> {
        self.expect_keyword("CASE")?;
        let subject = if self.is_keyword("WHEN") { None } else { Some(self.expression()?) };
        let mut branches = vec![];
        while self.eat_keyword("WHEN") {
            let whens = self.whens(subject.as_ref())?;
            self.expect_keyword("THEN")?;
            branches.push((whens, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("`WHEN`"));
        }
        let otherwise = if self.eat_keyword("ELSE") { Some(self.expression()?) } else { None };
        self.expect_keyword("END")?;
        let case = match subject {
            Some(subject) => self.with_subject(subject, branches, otherwise)?,
            None => {
                let conditions = branches.into_iter().map(|(whens, then)| (only(whens), then));
                Case { subject: None, branches: conditions.collect(), otherwise }
            }
        };
        self.measured(ExprKind::Case(Box::new(case)))
    }

    /// What stands between WHEN and THEN.
    fn whens(&mut self, subject: Option<&Expr>) -> Parsed<Vec<When>> {
        let Some(subject) = subject else {
            let condition = self.expression()?;
            self.claim(&condition);
            return Ok(vec![When::Value(condition)]);
        };
        let mut whens = vec![self.when(subject)?];
        while self.eat_symbol(",") {
            whens.push(self.when(subject)?);
        }
        Ok(whens)
    }

    /// A value, or an operator whose left side is the subject: `< 3`, `STARTS WITH 'a'`, `IS NULL`.
    fn when(&mut self, subject: &Expr) -> Parsed<When> {
        let compares = match self.peek() {
            TokenKind::Symbol(symbol) => ["=", "<>", "!=", "<", "<=", ">", ">=", "=~", "::"].contains(symbol),
            TokenKind::Word(_) => ["IS", "STARTS", "ENDS"].iter().any(|word| self.is_keyword(word)),
            _ => false,
        };
        let Some(ahead) = self.operator_ahead().filter(|_| compares) else {
            return self.expression().map(When::Value);
        };
        self.copy(subject)?;
        (0..ahead.tokens).for_each(|_| self.advance());
        match ahead.operator {
            Operator::Binary(operator) => {
                let right = self.nested(|parser| parser.operators(ahead.power + 1))?;
                Ok(When::Condition(binary(operator, subject.clone(), right)))
            }
            Operator::IsNull(negated) => self.is_null(subject.clone(), negated).map(When::Condition),
            Operator::IsTyped(negated) => self.is_typed(subject.clone(), negated).map(When::Condition),
        }
    }

    /// A CASE with a subject; where a WHEN has more than one value or a condition, the one with conditions that
    /// means the same.
    fn with_subject(
        &mut self,
        subject: Expr,
        branches: Vec<(Vec<When>, Expr)>,
        otherwise: Option<Expr>,
    ) -> Parsed<Case> {
        let is_plain = |(whens, _): &(Vec<When>, Expr)| matches!(&**whens, [When::Value(_)]);
        if branches.iter().all(is_plain) {
            let branches = branches.into_iter().map(|(whens, then)| (only(whens), then)).collect();
            return Ok(Case { subject: Some(subject), branches, otherwise });
        }
        let mut conditions = vec![];
        for (whens, then) in branches {
            let mut any: Option<Expr> = None;
            self.height = 0;
            for when in whens {
                let condition = match when {
                    When::Condition(condition) => condition,
                    When::Value(value) => {
                        self.copy(&subject)?;
                        binary(BinaryOp::Equal, subject.clone(), value)
                    }
                };
                any = Some(match any {
                    Some(before) => {
                        self.grow(0)?;
                        binary(BinaryOp::Or, before, condition)
                    }
                    None => condition,
                });
            }
            conditions.extend(any.map(|condition| (condition, then)));
        }
        Ok(Case { subject: None, branches: conditions, otherwise })
    }
}

/// The only one of the WHENs, as it is written.
fn only(mut whens: Vec<When>) -> Expr {
    match whens.pop().expect("there is one") {
        When::Value(expr) | When::Condition(expr) => expr,
    }
}
