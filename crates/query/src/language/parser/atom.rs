//! Operands: literals, names, parameters, parentheses, lists, maps, CASE and calls.

use super::super::ast::{AggregateOp, Expr, ExprKind, Span};
use super::super::code;
use super::super::nearest::suggest;
use super::super::token::TokenKind;
use super::{Diagnostic, Parsed, Parser, time};
use livewell_model::{SmolStr, Value};

/// The names that GQL has for functions of Cypher.
const ALIASES: &[(&str, &str)] = &[
    ("cardinality", "size"),
    ("ceiling", "ceil"),
    ("collect_list", "collect"),
    ("duration_between", "duration.between"),
    ("element_id", "elementid"),
    ("ln", "log"),
    ("local_datetime", "localdatetime"),
    ("local_time", "localtime"),
    ("path_length", "length"),
    ("percentile_cont", "percentilecont"),
    ("percentile_disc", "percentiledisc"),
    ("stddev_pop", "stdevp"),
    ("stddev_samp", "stdev"),
    ("zoned_datetime", "datetime"),
    ("zoned_time", "time"),
];

impl Parser<'_> {
    /// One operand.
    pub(super) fn atom(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        self.height = 0;
        let kind = match self.peek().clone() {
            TokenKind::Integer(magnitude) => {
                let Ok(int) = i64::try_from(magnitude) else {
                    return Err(Diagnostic::beyond_64_bits(self.span(), &magnitude.to_string()));
                };
                self.literal(Value::Int(int))
            }
            TokenKind::Float(float) => self.literal(Value::Float(float)),
            TokenKind::Text(text) => self.literal(Value::String(text)),
            TokenKind::Parameter(name) => {
                self.advance();
                ExprKind::Parameter(name)
            }
            TokenKind::Symbol("(") if self.is_pattern(0) => self.pattern_predicate()?,
            TokenKind::Symbol("(") => return self.parenthesised(),
            TokenKind::Symbol("[") => self.brackets()?,
            TokenKind::Symbol("{") => self.map()?,
            TokenKind::Quoted(_) if self.is_map_projection() => self.nested(Self::map_projection)?,
            TokenKind::Word(_) => self.word()?,
            TokenKind::Quoted(name) => {
                self.advance();
                ExprKind::Variable(name)
            }
            _ => return Err(self.no_operand()),
        };
        Ok(Expr { kind, span: self.span_from(start) })
    }

    fn no_operand(&self) -> Diagnostic {
        let refused = self.unexpected("an expression");
        let (refused, instead) = match self.peek() {
            TokenKind::Symbol("=") => (refused.with_help("equality is one `=`"), "="),
            TokenKind::Symbol(">") => {
                (refused.with_help("`greater or equal` is `>=`, `not equal` is `<>`"), ">=")
            }
            _ => return refused,
        };
        let before = self.at.checked_sub(1).map(|before| &self.tokens[before]);
        match before.filter(|before| before.kind == TokenKind::Symbol("=")) {
            Some(first) => refused.with_edit(Span { start: first.span.start, ..self.span() }, instead),
            None => refused,
        }
    }

    fn literal(&mut self, value: Value) -> ExprKind {
        self.advance();
        ExprKind::Literal(value)
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        self.expect_symbol("(")?;
        let mut inner = self.expression()?;
        if !self.eat_symbol(")") {
            let refused = self.unexpected("`)` or an operator");
            let is_tuple = self.is_symbol(",");
            return Err(if is_tuple { refused.with_help("a list of values is `[a, b]`") } else { refused });
        }
        inner.span = self.span_from(start);
        Ok(inner)
    }

    /// A list or a comprehension.
    fn brackets(&mut self) -> Parsed<ExprKind> {
        self.expect_symbol("[")?;
        if self.is_element_of() {
            return self.nested(Self::list_comprehension);
        }
        if self.is_pattern_comprehension() {
            return self.nested(Self::pattern_comprehension);
        }
        if self.eat_symbol("]") {
            return Ok(ExprKind::List(vec![]));
        }
        let items = self.expressions()?;
        if !self.eat_symbol("]") {
            return Err(self.unexpected("`,` or `]`"));
        }
        self.grow(0)?;
        Ok(ExprKind::List(items))
    }

    /// Expressions with commas between them. Leaves the height of the highest.
    fn expressions(&mut self) -> Parsed<Vec<Expr>> {
        let mut items = vec![self.expression()?];
        while self.is_symbol(",") {
            self.advance();
            let height = self.height;
            items.push(self.expression()?);
            self.height = self.height.max(height);
        }
        Ok(items)
    }

    fn map(&mut self) -> Parsed<ExprKind> {
        self.expect_symbol("{")?;
        let mut entries: Vec<(SmolStr, Expr)> = vec![];
        if self.eat_symbol("}") {
            return Ok(ExprKind::Map(entries));
        }
        loop {
            let key = self.take_any_name("the key of a map")?;
            self.expect_symbol(":")?;
            if entries.iter().any(|(have, _)| *have == key.text) {
                let message = format!("the key `{}` stands in this map twice", key.text);
                return Err(Diagnostic::semantic(code::COLUMN, key.span, message));
            }
            let height = self.height;
            entries.push((key.text, self.expression()?));
            self.height = self.height.max(height);
            if !self.eat_symbol(",") {
                break;
            }
        }
        if !self.eat_symbol("}") {
            return Err(self.unexpected("`,` or `}`"));
        }
        self.grow(0)?;
        Ok(ExprKind::Map(entries))
    }

    fn word(&mut self) -> Parsed<ExprKind> {
        if self.is_keyword("CASE") {
            return self.case();
        }
        for (keyword, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.is_keyword(keyword) {
                return Ok(self.literal(value));
            }
        }
        if let Some(quantifier) = self.quantifier_ahead() {
            return self.quantified(quantifier);
        }
        if self.is_subquery() {
            return self.subquery();
        }
        if self.symbol_ahead(1, "(") && self.is_keyword("exists") {
            return self.exists_call();
        }
        if self.symbol_ahead(1, "(") && self.is_keyword("reduce") {
            return self.reduce();
        }
        if self.is_map_projection() {
            return self.nested(Self::map_projection);
        }
        self.refuse_call_like()?;
        if let Some((name, tokens)) = self.function_ahead() {
            let span = Span { start: self.span().start, end: self.token(tokens - 1).span.end };
            (0..=tokens).for_each(|_| self.advance());
            return if name == "trim" { self.trim(span) } else { self.call(&name, span) };
        }
        match self.variable_name() {
            Some(name) => {
                self.advance();
                Ok(ExprKind::Variable(name))
            }
            None => Err(self.unexpected("an expression")),
        }
    }

    /// A function's name in lower case and how many tokens it takes, if a call comes next: `name(`, `a.b(`.
    fn function_ahead(&self) -> Option<(String, usize)> {
        let mut name = String::new();
        let mut at = 0;
        loop {
            let TokenKind::Word(part) = self.ahead(at) else { return None };
            name.push_str(&part.to_lowercase());
            at += 1;
            if self.symbol_ahead(at, "(") {
                return Some((name, at));
            }
            if !self.symbol_ahead(at, ".") {
                return None;
            }
            name.push('.');
            at += 1;
        }
    }

    /// Behind the opening parenthesis of a call of the function whose name is at `span`.
    pub(super) fn call(&mut self, name: &str, span: Span) -> Parsed<ExprKind> {
        let name = &*name.strip_prefix("drasi.").map_or(name.into(), |own| format!("livewell.{own}"));
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| known);
        let aggregate = AggregateOp::named(name);
        if aggregate == Some(AggregateOp::Count) && self.symbols_ahead(0, &["*", ")"]) {
            self.advance();
            self.advance();
            return Ok(ExprKind::Aggregate(AggregateOp::Count, vec![], false));
        }
        if self.symbols_ahead(0, &["*", ")"]) {
            return Err(not_countable(name, span));
        }
        let distinct = self.eat_keyword("DISTINCT");
        let arguments = if self.is_symbol(")") { vec![] } else { self.expressions()? };
        if !self.eat_symbol(")") {
            return Err(self.unexpected("`,` or `)`"));
        }
        self.grow(0)?;
        if let Some(called) = time::call(name, &arguments, span) {
            return called;
        }
        let Some(aggregate) = aggregate else {
            if distinct {
                let message = format!("DISTINCT has no meaning in `{name}`, which is not an aggregate");
                let names = AggregateOp::ALL.iter().map(|(name, _)| *name);
                let refused = Diagnostic::semantic(code::CALL, span, message);
                return Err(suggest(refused, (name, span), names, str::to_owned));
            }
            return match (name, arguments.as_slice()) {
                ("startnode" | "endnode", [Expr { kind: ExprKind::Variable(relationship), .. }]) => {
                    self.end_of(relationship, name == "startnode", span)
                }
                ("startnode" | "endnode", [one]) => self.end_of_value(one, name == "startnode", span),
                ("startnode" | "endnode", others) => {
                    let message = format!("`{name}` takes 1 argument, got {}", others.len());
                    Err(Diagnostic::semantic(code::CALL, span, message))
                }
                _ => Ok(ExprKind::Call(name.into(), arguments)),
            };
        };
        let pairs = matches!(
            aggregate,
            AggregateOp::PercentileCont | AggregateOp::PercentileDisc | AggregateOp::LinearGradient
        );
        let (wanted, words) = if pairs { (2, "two arguments") } else { (1, "one argument") };
        if arguments.len() != wanted {
            return Err(Diagnostic::semantic(code::CALL, span, format!("`{name}` takes {words}")));
        }
        let arguments = match aggregate {
            AggregateOp::LinearGradient => vec![time::point(&arguments, span)],
            _ => arguments,
        };
        Ok(ExprKind::Aggregate(aggregate, arguments, distinct))
    }
}

/// Refuses `*` as the argument of anything but `count`.
fn not_countable(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` does not take `*`, which is for `count(*)`");
    suggest(Diagnostic::semantic(code::CALL, span, message), (name, span), ["count"], str::to_owned)
}
