//! Operators by precedence. From loose to tight: OR, XOR, AND, NOT, comparisons (which chain), the tests IN,
//! STARTS WITH, ENDS WITH, CONTAINS and IS NULL, sums, products, powers, signs, and what stands behind an
//! operand (`.key`, `[index]`, `:Label`).

use super::super::ast::{BinaryOp, Expr, ExprKind, Span, UnaryOp};
use super::super::token::TokenKind;
use super::super::{MAX_HEIGHT, code};
use super::{Diagnostic, Parsed, Parser};
use livewell_model::Value;

const OR: u8 = 1;
const XOR: u8 = 2;
const AND: u8 = 3;
const NOT: u8 = 4;
const COMPARISON: u8 = 5;
pub(super) const TEST: u8 = 6;
const SUM: u8 = 7;
const PRODUCT: u8 = 8;
const POWER: u8 = 9;

/// How many expressions a query may repeat without writing them twice: a chain `a < b < c` stands for
/// `a < b AND b < c`, and `CASE x WHEN < 1, 2` for `CASE WHEN x < 1 OR x = 2`.
const MAX_COPIED: usize = 10_000;

/// An operator that comes next: how many tokens it takes, how tight it binds, and what it is.
pub(super) struct Ahead {
    pub tokens: usize,
    pub power: u8,
    pub operator: Operator,
}

pub(super) enum Operator {
    Binary(BinaryOp),
    IsNull(bool),
    /// A type comes next; with `true`: it must not be.
    IsTyped(bool),
}

impl Parser<'_> {
    /// One whole expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(|parser| parser.operators(0))
    }

    /// An operand and all operators behind it that bind at least as tight as `floor`.
    pub(super) fn operators(&mut self, floor: u8) -> Parsed<Expr> {
        let mut left = self.prefixed(floor)?;
        let mut chained: Option<Expr> = None;
        while let Some(ahead) = self.operator_ahead() {
            if ahead.power < floor {
                break;
            }
            (0..ahead.tokens).for_each(|_| self.advance());
            let height = self.height;
            let operator = match ahead.operator {
                Operator::Binary(operator) => operator,
                Operator::IsNull(negated) => {
                    left = self.is_null(left, negated)?;
                    continue;
                }
                Operator::IsTyped(negated) => {
                    left = self.is_typed(left, negated)?;
                    continue;
                }
            };
            let right = self.operators(ahead.power + 1)?;
            self.grow(height)?;
            left = if ahead.power == COMPARISON {
                self.chain(left, operator, right, &mut chained)?
            } else {
                binary(operator, left, right)
            };
        }
        Ok(left)
    }

    /// Puts a comparison behind what stands already: `a < b` and then `< c` is `a < b AND b < c`.
    fn chain(
        &mut self,
        left: Expr,
        operator: BinaryOp,
        right: Expr,
        last: &mut Option<Expr>,
    ) -> Parsed<Expr> {
        let Some(middle) = last.replace(right.clone()) else { return Ok(binary(operator, left, right)) };
        self.copy(&middle)?;
        self.grow(self.height)?;
        Ok(binary(BinaryOp::And, left, binary(operator, middle, right)))
    }

    /// Counts an expression that stands in the tree once more than in the text.
    pub(super) fn copy(&mut self, copied: &Expr) -> Parsed<()> {
        self.copied += size(copied);
        if self.copied <= MAX_COPIED {
            return Ok(());
        }
        let message = "these comparisons repeat too large an expression";
        Err(Diagnostic::not_supported(code::LIMIT, copied.span, message)
            .with_help("name the expression in a `WITH` clause"))
    }

    pub(super) fn is_null(&mut self, inner: Expr, negated: bool) -> Parsed<Expr> {
        self.grow(self.height)?;
        let span = self.span_from(inner.span.start);
        Ok(Expr { kind: ExprKind::IsNull(Box::new(inner), negated), span })
    }

    /// Notes that an expression became one higher than the higher of its parts.
    pub(super) fn grow(&mut self, other: usize) -> Parsed<()> {
        self.height = self.height.max(other) + 1;
        if self.height <= MAX_HEIGHT {
            return Ok(());
        }
        let message = format!("this expression chains more than {MAX_HEIGHT} operators");
        Err(Diagnostic::not_supported(code::LIMIT, self.span(), message)
            .with_help("write alternatives as `x IN [a, b, c]`, or name a part in a `WITH` clause"))
    }

    /// NOT and signs, which stand before their operand.
    fn prefixed(&mut self, floor: u8) -> Parsed<Expr> {
        let start = self.span().start;
        if self.is_keyword("NOT") {
            if floor > NOT {
                return Err(self
                    .unexpected("an expression")
                    .with_help("put the negation in parentheses: `(NOT x)`"));
            }
            self.advance();
            return self.unary(UnaryOp::Not, start, |parser| parser.operators(NOT));
        }
        if self.eat_symbol("-") {
            if self.peek() == &TokenKind::Integer(1 << 63) {
                self.advance();
                let kind = ExprKind::Literal(Value::Int(i64::MIN));
                let smallest = Expr { kind, span: self.span_from(start) };
                self.height = 0;
                return self.suffixed(smallest);
            }
            return self.unary(UnaryOp::Minus, start, |parser| parser.prefixed(POWER + 1));
        }
        if self.eat_symbol("+") {
            return self.unary(UnaryOp::Plus, start, |parser| parser.prefixed(POWER + 1));
        }
        let atom = self.atom()?;
        self.suffixed(atom)
    }

    fn unary(
        &mut self,
        operator: UnaryOp,
        start: usize,
        operand: impl FnOnce(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let inner = self.nested(operand)?;
        self.grow(0)?;
        Ok(Expr { kind: ExprKind::Unary(operator, Box::new(inner)), span: self.span_from(start) })
    }

    /// `.key`, `[index]`, `[from..to]` and `:Label` behind an operand.
    fn suffixed(&mut self, mut base: Expr) -> Parsed<Expr> {
        loop {
            let start = base.span.start;
            let height = self.height;
            let kind = if self.eat_symbol(".") {
                let key = self.take_any_name("the name of a property after `.`")?.text;
                self.height = 0;
                ExprKind::Property(Box::new(base), key)
            } else if self.eat_symbol("[") {
                self.height = 0;
                self.index(base)?
            } else if self.is_labels() {
                self.advance();
                ExprKind::HasLabels(Box::new(base), self.labels(true)?)
            } else {
                return Ok(base);
            };
            self.grow(height)?;
            base = Expr { kind, span: self.span_from(start) };
        }
    }

    /// Behind an opening bracket: an index or a slice.
    fn index(&mut self, base: Expr) -> Parsed<ExprKind> {
        let mut from = None;
        if !self.is_symbol("..") {
            let index = Box::new(self.expression()?);
            if self.eat_symbol("]") {
                return Ok(ExprKind::Index(Box::new(base), index));
            }
            from = Some(index);
        }
        if !self.eat_symbol("..") {
            return Err(self.unexpected("`]` or `..`"));
        }
        let height = self.height;
        let to = if self.is_symbol("]") { None } else { Some(Box::new(self.expression()?)) };
        self.height = self.height.max(height);
        self.expect_symbol("]")?;
        Ok(ExprKind::Slice(Box::new(base), from, to))
    }

    pub(super) fn operator_ahead(&self) -> Option<Ahead> {
        let found =
            |tokens, power, operator| Some(Ahead { tokens, power, operator: Operator::Binary(operator) });
        match self.peek() {
            TokenKind::Symbol("::") => self.type_test(),
            TokenKind::Symbol(symbol) => {
                let (power, operator) = symbol_operator(symbol)?;
                found(1, power, operator)
            }
            TokenKind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "or" => found(1, OR, BinaryOp::Or),
                "xor" => found(1, XOR, BinaryOp::Xor),
                "and" => found(1, AND, BinaryOp::And),
                "in" => found(1, TEST, BinaryOp::In),
                "contains" => found(1, TEST, BinaryOp::Contains),
                "starts" if self.keyword_ahead(1, "WITH") => found(2, TEST, BinaryOp::StartsWith),
                "ends" if self.keyword_ahead(1, "WITH") => found(2, TEST, BinaryOp::EndsWith),
                "is" => self.null_test().or_else(|| self.type_test()),
                _ => None,
            },
            _ => None,
        }
    }

    fn null_test(&self) -> Option<Ahead> {
        let negated = self.keyword_ahead(1, "NOT");
        let tokens = if negated { 3 } else { 2 };
        let complete = self.keyword_ahead(tokens - 1, "NULL");
        complete.then_some(Ahead { tokens, power: TEST, operator: Operator::IsNull(negated) })
    }
}

fn symbol_operator(symbol: &str) -> Option<(u8, BinaryOp)> {
    Some(match symbol {
        "=" => (COMPARISON, BinaryOp::Equal),
        "=~" => (COMPARISON, BinaryOp::Matches),
        "<>" | "!=" => (COMPARISON, BinaryOp::NotEqual),
        "<" => (COMPARISON, BinaryOp::Less),
        "<=" => (COMPARISON, BinaryOp::LessOrEqual),
        ">" => (COMPARISON, BinaryOp::Greater),
        ">=" => (COMPARISON, BinaryOp::GreaterOrEqual),
        "+" => (SUM, BinaryOp::Add),
        "-" => (SUM, BinaryOp::Subtract),
        "||" => (SUM, BinaryOp::Concatenate),
        "*" => (PRODUCT, BinaryOp::Multiply),
        "/" => (PRODUCT, BinaryOp::Divide),
        "%" => (PRODUCT, BinaryOp::Modulo),
        "^" => (POWER, BinaryOp::Power),
        _ => return None,
    })
}

pub(super) fn binary(operator: BinaryOp, left: Expr, right: Expr) -> Expr {
    let span = Span { start: left.span.start, end: right.span.end };
    Expr { kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)), span }
}

fn size(expr: &Expr) -> usize {
    1 + expr.children().into_iter().map(size).sum::<usize>()
}
