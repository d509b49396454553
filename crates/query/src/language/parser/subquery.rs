//! Queries inside expressions: patterns as conditions, pattern comprehensions, EXISTS, COUNT and COLLECT.

use super::super::ast::{
    BinaryOp, Call, Clause, END_OF, ENDS_OF, Expr, ExprKind, Gives, Item, ListComprehension, Match, Name,
    NodePattern, Pattern, RelationshipPattern, Span, Subquery, UnaryOp, Way,
};
use super::super::code;
use super::{Diagnostic, Parsed, Parser};
use livewell_model::SmolStr;

impl Parser<'_> {
    /// A pattern in the place of an expression.
    pub(super) fn pattern_predicate(&mut self) -> Parsed<ExprKind> {
        let matched = self.lone_pattern()?;
        self.loose.push(matched.span);
        self.subquery_of(Gives::Exists, vec![Clause::Match(matched)])
    }

    /// A pattern that binds no variables.
    fn lone_pattern(&mut self) -> Parsed<Match> {
        let start = self.span().start;
        self.notes.predicates.insert(start);
        let (pattern, inline) = self.with_inline(Self::pattern)?;
        let condition = self.all_of(inline, None)?;
        Ok(self.matching(start, vec![pattern], condition))
    }

    fn matching(&self, start: usize, patterns: Vec<Pattern>, condition: Option<Expr>) -> Match {
        Match { optional: false, patterns, condition, span: self.span_from(start) }
    }

    fn subquery_of(&mut self, gives: Gives, clauses: Vec<Clause>) -> Parsed<ExprKind> {
        self.measured(ExprKind::Subquery(Box::new(Subquery { gives, clauses })))
    }

    /// Lets the patterns in a condition stand: those it consists of and those it joins by AND, OR, XOR, NOT.
    pub(super) fn claim(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::Subquery(subquery) => {
                if let [Clause::Match(matched)] = &*subquery.clauses {
                    self.loose.retain(|pattern| *pattern != matched.span);
                }
            }
            ExprKind::Unary(UnaryOp::Not, inner) => self.claim(inner),
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or | BinaryOp::Xor, left, right) => {
                self.claim(left);
                self.claim(right);
            }
            _ => {}
        }
    }

    pub(super) fn pattern_as_value(pattern: Span) -> Diagnostic {
        let message = "a pattern is a condition and has no value here";
        Diagnostic::semantic(code::TYPE, pattern, message)
            .with_help("ask with `EXISTS { (a)-->(b) }`, or list its matches with `[(a)-->(b) | b]`")
    }

    /// `exists(pattern)` or `exists(x.key)`.
    pub(super) fn exists_call(&mut self) -> Parsed<ExprKind> {
        let start = self.span().start;
        self.advance();
        self.expect_symbol("(")?;
        let kind = if self.is_pattern(0) {
            let matched = self.lone_pattern()?;
            self.subquery_of(Gives::Exists, vec![Clause::Match(matched)])?
        } else {
            let inner = self.expression()?;
            if !matches!(inner.kind, ExprKind::Property(..) | ExprKind::Index(..)) {
                let message = "`exists` takes a property or a pattern";
                return Err(Diagnostic::semantic(code::CALL, self.span_from(start), message)
                    .with_help("whether a value is there is asked with `x IS NOT NULL`"));
            }
            self.grow(0)?;
            ExprKind::IsNull(Box::new(inner), true)
        };
        if !self.eat_symbol(")") {
            return Err(self.unexpected("`)`"));
        }
        Ok(kind)
    }

    /// `startNode(r)` or `endNode(r)`: a relationship knows its ends by their ids alone, so the node is looked
    /// for, as in `head([(n)-[r]->() | n])`.
    pub(super) fn end_of(&mut self, relationship: &SmolStr, start: bool, span: Span) -> Parsed<ExprKind> {
        let name = Name { text: END_OF.into(), span };
        let node = |variable| NodePattern { variable, labels: vec![], test: None, properties: vec![], span };
        let between = RelationshipPattern {
            variable: Some(Name { text: relationship.clone(), span }),
            types: vec![],
            test: None,
            properties: vec![],
            way: if start { Way::Right } else { Way::Left },
            length: None,
            span,
        };
        let nodes = vec![node(Some(name.clone())), node(None)];
        let pattern = Pattern { path: None, nodes, relationships: vec![between] };
        let result = Expr { kind: ExprKind::Variable(name.text), span };
        let matched = Match { optional: false, patterns: vec![pattern], condition: None, span };
        let kind = self.subquery_of(Gives::Collect(result), vec![Clause::Match(matched)])?;
        Ok(ExprKind::Call("head".into(), vec![Expr { kind, span }]))
    }

    /// `startNode(value)` of anything but a variable: `head([r IN [value] | startNode(r)])`.
    pub(super) fn end_of_value(&mut self, value: &Expr, start: bool, span: Span) -> Parsed<ExprKind> {
        let variable = Name { text: ENDS_OF.into(), span };
        let result = Some(Expr { kind: self.end_of(&variable.text, start, span)?, span });
        let list = Expr { kind: ExprKind::List(vec![value.clone()]), span };
        self.grow(0)?;
        let list = ListComprehension { variable, list, condition: None, result };
        let kind = ExprKind::ListComprehension(Box::new(list));
        Ok(ExprKind::Call("head".into(), vec![Expr { kind, span }]))
    }

    /// Whether a pattern comprehension follows the opening bracket that was just taken.
    pub(super) fn is_pattern_comprehension(&self) -> bool {
        let named = self.variable_name().is_some() && self.symbol_ahead(1, "=");
        self.is_pattern(if named { 2 } else { 0 })
    }

    /// Behind the opening bracket of `[p = (a)-->(b) WHERE condition | result]`.
    pub(super) fn pattern_comprehension(&mut self) -> Parsed<ExprKind> {
        let start = self.span().start;
        let (pattern, inline) = self.with_inline(Self::pattern)?;
        let condition = self.up_to_bar(Self::condition)?;
        let condition = self.all_of(inline, condition)?;
        let matched = self.matching(start, vec![pattern], condition);
        if !self.eat_symbol("|") {
            return Err(self.unexpected("`WHERE`, or `|` and what each match becomes"));
        }
        let result = self.expression()?;
        if !self.eat_symbol("]") {
            return Err(self.unexpected("`]` or an operator"));
        }
        self.subquery_of(Gives::Collect(result), vec![Clause::Match(matched)])
    }

    /// Whether EXISTS, COUNT or COLLECT with its opening brace comes next.
    pub(super) fn is_subquery(&self) -> bool {
        ["EXISTS", "COUNT", "COLLECT"].iter().any(|word| self.is_keyword(word)) && self.symbol_ahead(1, "{")
    }

    /// `EXISTS { .. }` and its kin.
    pub(super) fn subquery(&mut self) -> Parsed<ExprKind> {
        self.nested(|parser| {
            let word = parser.span();
            let (counts, collects) = (parser.is_keyword("COUNT"), parser.is_keyword("COLLECT"));
            parser.advance();
            parser.advance();
            let named = parser.variable_name().is_some() && parser.symbol_ahead(1, "=");
            let (clauses, returned) = if named || parser.is_symbol("(") {
                (vec![parser.pattern_subquery()?], None)
            } else {
                parser.subquery_clauses()?
            };
            let gives = match (collects, returned) {
                (false, _) if counts => Gives::Count,
                (false, _) => Gives::Exists,
                (true, Some(column)) => Gives::Collect(column),
                (true, None) => {
                    let message = "the subquery COLLECT needs a RETURN with one column";
                    return Err(Diagnostic::semantic(code::COLUMN, word, message));
                }
            };
            parser.subquery_of(gives, clauses)
        })
    }

    /// Patterns and a condition without the word MATCH, and the closing brace.
    fn pattern_subquery(&mut self) -> Parsed<Clause> {
        let start = self.span().start;
        let (patterns, inline) = self.with_inline(Self::patterns)?;
        let condition = self.condition()?;
        let condition = self.all_of(inline, condition)?;
        let matched = self.matching(start, patterns, condition);
        match self.eat_symbol("}") {
            true => Ok(Clause::Match(matched)),
            false => Err(self.unexpected("`,`, `WHERE` or `}`; a query begins with `MATCH` here, too")),
        }
    }

    /// The clauses of a subquery and the closing brace. A RETURN becomes the last of them; returns its column, if
    /// it has just one. Several queries under UNION become one CALL.
    fn subquery_clauses(&mut self) -> Parsed<(Vec<Clause>, Option<Expr>)> {
        let start = self.span().start;
        let (clauses, column) = self.returning_clauses()?;
        if clauses.is_empty() {
            return Err(self.no_clause(true));
        }
        if self.eat_symbol("}") {
            return Ok((clauses, column));
        }
        let returns = matches!(clauses.last(), Some(Clause::With(with)) if self.notes.returns.contains(&with.span.start));
        if !self.is_keyword("UNION") {
            return Err(if returns {
                self.unexpected("`}`, or more of `RETURN`")
            } else {
                self.no_clause(false)
            });
        }
        if !returns {
            let what = "UNION in a subquery of queries without RETURN";
            return Err(self.unsupported(what).with_help("give each a `RETURN` with the same columns"));
        }
        let mut branches = vec![clauses];
        let distinct = self.union_branches(&mut branches)?;
        let (imports, columns) = (None, vec![]);
        let union = Call { imports, branches, distinct, columns, span: self.span_from(start) };
        Ok((vec![Clause::Call(union)], column))
    }

    /// The queries behind the first one, and the closing brace; returns whether equal rows become one.
    fn union_branches(&mut self, branches: &mut Vec<Vec<Clause>>) -> Parsed<bool> {
        let mut distinct = None;
        while !self.eat_symbol("}") {
            let union = self.span();
            if !self.eat_keyword("UNION") {
                return Err(self.unexpected("`}`, `UNION`, or more of `RETURN`"));
            }
            let drops_equal = self.eat_keyword("DISTINCT") || !self.eat_keyword("ALL");
            if distinct.replace(drops_equal).is_some_and(|before| before != drops_equal) {
                let message = "one query cannot have both UNION and UNION ALL";
                return Err(Diagnostic::semantic(code::UNEXPECTED, union, message));
            }
            let (clauses, _) = self.returning_clauses()?;
            let ends = matches!(clauses.last(), Some(Clause::With(with)) if self.notes.returns.contains(&with.span.start));
            if !ends {
                return Err(self.no_clause(clauses.is_empty()));
            }
            branches.push(clauses);
        }
        Ok(distinct.unwrap_or(false))
    }

    /// Clauses up to a RETURN, if there is one; and its column, if it has just one.
    fn returning_clauses(&mut self) -> Parsed<(Vec<Clause>, Option<Expr>)> {
        let mut clauses = vec![];
        while let Some(clause) = self.clause()? {
            clauses.push(clause);
        }
        let span = self.span();
        if !self.eat_keyword("RETURN") {
            return Ok((clauses, None));
        }
        self.notes.returns.insert(span.start);
        let mut returned = self.projection(span.start)?;
        // The columns of RETURN need no alias, those of the WITH it becomes do.
        returned.items.iter_mut().for_each(|item| item.aliased = true);
        let column = match &*returned.items {
            [item] if !self.notes.stars.contains_key(&span.start) => Some(variable(item)),
            _ => None,
        };
        clauses.push(Clause::With(returned));
        Ok((clauses, column))
    }
}

/// What an item becomes for those behind it.
fn variable(item: &Item) -> Expr {
    Expr { kind: ExprKind::Variable(item.name.clone()), span: item.expr.span }
}
