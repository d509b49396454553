//! Expressions that bind variables of their own: comprehensions over lists, quantifiers and reduce.

use super::super::ast::{Expr, ExprKind, ListComprehension, Quantifier, Reduce, Span};
use super::{Parsed, Parser};

const QUANTIFIERS: &[(&str, Quantifier)] = &[
    ("all", Quantifier::All),
    ("any", Quantifier::Any),
    ("none", Quantifier::None),
    ("single", Quantifier::Single),
];

impl Parser<'_> {
    /// Whether `variable IN` comes next.
    pub(super) fn is_element_of(&self) -> bool {
        self.variable_name().is_some() && self.keyword_ahead(1, "IN")
    }

    /// Behind the opening bracket of `[x IN list WHERE condition | result]`.
    pub(super) fn list_comprehension(&mut self) -> Parsed<ExprKind> {
        let mut inner = self.up_to_bar(Self::elements)?;
        if self.eat_symbol("|") {
            inner.result = Some(self.expression()?);
        }
        if !self.eat_symbol("]") {
            return Err(self.unexpected("`WHERE`, `|` or `]`"));
        }
        self.measured(ExprKind::ListComprehension(Box::new(inner)))
    }

    /// The quantifier whose name and opening parenthesis come next.
    pub(super) fn quantifier_ahead(&self) -> Option<Quantifier> {
        let (_, quantifier) = QUANTIFIERS.iter().find(|(name, _)| self.is_keyword(name))?;
        self.symbol_ahead(1, "(").then_some(*quantifier)
    }

    /// `all(x IN list WHERE condition)`.
    pub(super) fn quantified(&mut self, quantifier: Quantifier) -> Parsed<ExprKind> {
        self.advance();
        self.expect_symbol("(")?;
        let inner = self.elements()?;
        if inner.condition.is_none() {
            return Err(self.unexpected("`WHERE` and a condition on the items"));
        }
        if !self.eat_symbol(")") {
            return Err(self.unexpected("`)` or an operator"));
        }
        self.measured(ExprKind::Quantifier(quantifier, Box::new(inner)))
    }

    /// `x IN list WHERE condition`.
    fn elements(&mut self) -> Parsed<ListComprehension> {
        let variable = self.take_variable("a variable, as in `x IN list`")?;
        self.expect_keyword("IN")?;
        let list = self.expression()?;
        let condition = self.condition()?;
        Ok(ListComprehension { variable, list, condition, result: None })
    }

    /// `reduce(total = start, x IN list | step)`.
    pub(super) fn reduce(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect_symbol("(")?;
        let accumulator =
            self.take_variable("a variable, as in `reduce(total = 0, x IN list | total + x)`")?;
        self.expect_symbol("=")?;
        let start = self.expression()?;
        self.expect_symbol(",")?;
        let ListComprehension { variable, list, condition, .. } = self.up_to_bar(Self::elements)?;
        if condition.is_some() || !self.eat_symbol("|") {
            return Err(self.unexpected("`|`"));
        }
        let step = self.expression()?;
        if !self.eat_symbol(")") {
            return Err(self.unexpected("`)` or an operator"));
        }
        self.measured(ExprKind::Reduce(Box::new(Reduce { accumulator, start, variable, list, step })))
    }

    /// Takes the height of an expression from the tree itself.
    pub(super) fn measured(&mut self, kind: ExprKind) -> Parsed<ExprKind> {
        let expr = Expr { kind, span: Span::default() };
        self.height = height(&expr) - 1;
        self.grow(0)?;
        Ok(expr.kind)
    }
}

fn height(expr: &Expr) -> usize {
    1 + expr.children().into_iter().map(height).max().unwrap_or(0)
}
