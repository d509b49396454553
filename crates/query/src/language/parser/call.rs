//! `CALL (x) { query }`, and the older `CALL { WITH x .. }`.

use super::super::ast::{Call, Clause, ExprKind, Name, Projection};
use super::super::code;
use super::{Diagnostic, Parsed, Parser};

impl Parser<'_> {
    /// Whether CALL with a query in braces comes next.
    pub(super) fn is_call(&self) -> bool {
        self.is_keyword("CALL") && (self.symbol_ahead(1, "{") || self.symbol_ahead(1, "("))
    }

    /// `CALL (x) { query }`.
    pub(super) fn call_clause(&mut self) -> Parsed<Call> {
        let start = self.span().start;
        self.advance();
        let mut imports = Some(vec![]);
        let has_scope = self.is_symbol("(");
        if has_scope {
            imports = self.call_scope()?;
        }
        self.expect_symbol("{")?;
        let (branches, distinct) = self.nested(|parser| parser.call_branches(has_scope, &mut imports))?;
        let span = self.span_from(start);
        if self.is_keyword("IN") {
            return Err(self.unsupported("IN TRANSACTIONS").with_help("leave it out: nothing is written"));
        }
        Ok(Call { imports, branches, distinct, columns: vec![], span })
    }

    /// `(x, y)`, `()` or `(*)`.
    fn call_scope(&mut self) -> Parsed<Option<Vec<Name>>> {
        self.expect_symbol("(")?;
        let mut names = vec![];
        if self.eat_symbol("*") {
            self.expect_symbol(")")?;
            return Ok(None);
        }
        while !self.is_symbol(")") {
            names.push(self.take_variable("a variable")?);
            if !self.eat_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Ok(Some(names))
    }

    fn call_branches(
        &mut self,
        has_scope: bool,
        imports: &mut Option<Vec<Name>>,
    ) -> Parsed<(Vec<Vec<Clause>>, bool)> {
        let (mut branches, mut distinct) = (vec![], None);
        loop {
            if !has_scope && self.is_keyword("WITH") {
                self.importing_with(imports)?;
            }
            branches.push(self.call_branch()?);
            if self.eat_symbol("}") {
                return Ok((branches, distinct.unwrap_or(false)));
            }
            let union = self.span();
            if !self.eat_keyword("UNION") {
                return Err(self.unexpected("`}`, `UNION`, or more of `RETURN`"));
            }
            let drops_equal = self.eat_keyword("DISTINCT") || !self.eat_keyword("ALL");
            if distinct.replace(drops_equal).is_some_and(|before| before != drops_equal) {
                let message = "one query cannot have both UNION and UNION ALL";
                return Err(Diagnostic::semantic(code::UNEXPECTED, union, message));
            }
        }
    }

    /// The WITH at the beginning that says which variables the query sees.
    fn importing_with(&mut self, imports: &mut Option<Vec<Name>>) -> Parsed<()> {
        let start = self.span();
        self.advance();
        let with = self.projection(start.start)?;
        let is_star = self.notes.stars.remove(&start.start).is_some();
        let condition = self.condition()?;
        let Projection { distinct, order, skip, limit, items, .. } = with;
        let mut names = vec![];
        for item in &items {
            match &item.expr.kind {
                ExprKind::Variable(name) if *name == item.name => {
                    names.push(Name { text: name.clone(), span: item.expr.span });
                }
                _ => names.clear(),
            }
        }
        let window = !order.is_empty() || skip.is_some() || limit.is_some();
        if distinct || window || condition.is_some() || (!is_star && names.len() < items.len()) {
            let message = "the WITH at the beginning of a CALL names the variables that the query sees, and nothing else";
            return Err(Diagnostic::semantic(code::UNEXPECTED, start, message)
                .with_help("write `CALL (x) { .. }`, and a WITH of any kind inside"));
        }
        match imports {
            _ if is_star => *imports = None,
            Some(all) => all.extend(names),
            None => {}
        }
        Ok(())
    }

    fn call_branch(&mut self) -> Parsed<Vec<Clause>> {
        let mut clauses = vec![];
        while let Some(clause) = self.clause()? {
            clauses.push(clause);
        }
        let start = self.span();
        if !self.eat_keyword("RETURN") {
            if self.is_symbol("}") {
                let what = "a CALL without RETURN";
                return Err(self.unsupported(what).with_help("it changes nothing; leave it out"));
            }
            return Err(self.no_clause(clauses.is_empty()));
        }
        clauses.push(Clause::With(self.projection(start.start)?));
        Ok(clauses)
    }
}
