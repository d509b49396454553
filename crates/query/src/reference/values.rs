//! Which values a query that is run for each value of parameters can have rows for.
//!
//! Up to the clause in which the last parameter is found, a row says by itself which values it belongs to, if nothing
//! groups or chooses rows once a first one was found. So the same clauses without these conditions give them all, and
//! some more.

use super::Reference;
use crate::for_each::Parameter;
use crate::language::Diagnostic;
use crate::language::ast::{
    BinaryOp, Clause, Expr, ExprKind, Item, LOCAL, Match, Name, Projection, Query, SingleQuery, Span,
};
use crate::settings::Settings;
use livewell_model::Map;

/// Compiles a query whose columns are what the parameters of `settings` are equal to, with the values among them for
/// which `query` has rows. Returns `None` if no such query is known.
///
/// # Errors
/// Returns the errors of [`Reference::new`].
pub fn of_values(query: &Query, params: &Map, settings: &Settings) -> Result<Option<Reference>, Diagnostic> {
    let parameters = &settings.for_each;
    let branch = |branch| Search { parameters, found: vec![None; parameters.len()], names: 0 }.branch(branch);
    let Some(branches) = query.branches.iter().map(branch).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let query = Query { branches, distinct: true };
    let settings = Settings { for_each: Vec::new(), ..settings.clone() };
    Reference::with(&query, params, &settings).map(Some)
}

struct Search<'a> {
    parameters: &'a [Parameter],
    /// What each parameter is equal to, once that is known.
    found: Vec<Option<Expr>>,
    /// How many elements without a name were given one.
    names: usize,
}

impl Search<'_> {
    fn branch(&mut self, branch: &SingleQuery) -> Option<SingleQuery> {
        let mut clauses = Vec::new();
        for clause in &branch.clauses {
            if self.found.iter().all(Option::is_some) {
                break;
            }
            clauses.push(self.clause(clause)?);
        }
        let item = |(parameter, expr): (&Parameter, &Option<Expr>)| {
            Some(Item { expr: expr.clone()?, name: parameter.name.clone(), aliased: true })
        };
        let items = self.parameters.iter().zip(&self.found).map(item).collect::<Option<Vec<_>>>()?;
        let returns = Projection {
            distinct: true,
            items,
            order: Vec::new(),
            skip: None,
            limit: None,
            condition: None,
            span: branch.returns.span,
        };
        Some(SingleQuery { clauses, returns })
    }

    fn clause(&mut self, clause: &Clause) -> Option<Clause> {
        match clause {
            Clause::Match(matched) if !matched.optional => Some(Clause::Match(self.matched(matched))),
            Clause::With(_) if self.found.iter().any(Option::is_some) => None,
            Clause::With(with) => {
                let condition = with.condition.as_ref().and_then(|condition| self.condition(condition));
                Some(Clause::With(Projection { condition, ..with.clone() }))
            }
            clause => Some(clause.clone()),
        }
    }

    fn matched(&mut self, matched: &Match) -> Match {
        let mut matched = matched.clone();
        for pattern in &mut matched.patterns {
            for node in &mut pattern.nodes {
                self.properties(&mut node.variable, &mut node.properties, node.span);
            }
            for between in &mut pattern.relationships {
                self.properties(&mut between.variable, &mut between.properties, between.span);
            }
        }
        matched.condition = matched.condition.take().and_then(|condition| self.condition(&condition));
        matched
    }

    /// Takes the parameters out of the properties of an element of a pattern.
    fn properties(&mut self, variable: &mut Option<Name>, properties: &mut Vec<(Name, Expr)>, span: Span) {
        properties.retain(|(property, value)| {
            let Some(parameter) = self.declared(value) else { return true };
            let name = variable.get_or_insert_with(|| {
                self.names += 1;
                Name { text: format!("{LOCAL}element{}", self.names).into(), span }
            });
            let element = Expr { kind: ExprKind::Variable(name.text.clone()), span };
            let kind = ExprKind::Property(Box::new(element), property.text.clone());
            self.found[parameter].get_or_insert(Expr { kind, span });
            false
        });
    }

    /// Returns what is left of a condition.
    fn condition(&mut self, condition: &Expr) -> Option<Expr> {
        match &condition.kind {
            ExprKind::Binary(BinaryOp::And, left, right) => {
                match (self.condition(left), self.condition(right)) {
                    (Some(left), Some(right)) => {
                        let kind = ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right));
                        Some(Expr { kind, span: condition.span })
                    }
                    (left, right) => left.or(right),
                }
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) => {
                let sides = [(left, self.declared(right)), (right, self.declared(left))];
                let found = sides.into_iter().find_map(|(expr, parameter)| Some((expr, parameter?)));
                let Some((expr, parameter)) = found else { return Some(condition.clone()) };
                self.found[parameter].get_or_insert_with(|| (**expr).clone());
                None
            }
            _ => Some(condition.clone()),
        }
    }

    fn declared(&self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Parameter(name) => self.parameters.iter().position(|have| have.name == *name),
            _ => None,
        }
    }
}
