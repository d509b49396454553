//! Queries that are run for each value of parameters: where these may stand, and what may follow.
//!
//! Each row has to belong to one value, or to none: to the one for which a condition `expression = $parameter` is true.
//! And what the query has for a value that nothing has must be no rows, or one that is known beforehand.

use super::checker::Checked;
use super::place::Place;
use crate::for_each::Parameter;
use crate::language::ast::{BinaryOp, Clause, Expr, ExprKind, Match, Projection, Query, SingleQuery, Span};
use crate::language::{Diagnostic, code};
use livewell_model::Map;

/// Checks that `query` can be run for each value of `parameters`; `params` have one value.
///
/// # Errors
/// A [`Diagnostic`] at the place that says otherwise.
pub(crate) fn for_each(query: &Query, parameters: &[Parameter], params: &Map) -> Checked<()> {
    if parameters.is_empty() {
        return Ok(());
    }
    for (at, Parameter { name, .. }) in parameters.iter().enumerate() {
        let twice = parameters[..at].iter().any(|other| other.name == *name);
        if twice || params.get(name).is_some() {
            let message = match twice {
                true => format!("the query is to be run for each `{name}` twice"),
                false => format!("`${name}` has a value, and the query is to be run for each value of it"),
            };
            return Err(Diagnostic::semantic(code::PARAMETER, Span::default(), message));
        }
    }
    let is_union = query.branches.len() > 1;
    query.branches.iter().try_for_each(|branch| {
        let found = vec![false; parameters.len()];
        let is_long = found.clone();
        Walk { parameters, is_union, found, is_long, over_nothing: false }.query(branch)
    })
}

/// How many parts an expression may have that a parameter is equal to twice: the second is compared with a copy of it.
const COPIED_MAX: usize = 16;

/// A walk through a query in the order of the text.
struct Walk<'a> {
    parameters: &'a [Parameter],
    /// Whether other queries give rows, too.
    is_union: bool,
    /// For each parameter whether the rows have a value of it where the walk stands.
    found: Vec<bool>,
    /// For each parameter whether what it is equal to is too long to be compared with, unless it is a column by now.
    is_long: Vec<bool>,
    /// Whether an aggregate before has a row for values that nothing has.
    over_nothing: bool,
}

impl Walk<'_> {
    fn query(mut self, query: &SingleQuery) -> Checked<()> {
        query.clauses.iter().try_for_each(|clause| self.clause(clause))?;
        self.projection(&query.returns)?;
        for item in &query.returns.items {
            if self.parameters.iter().any(|parameter| parameter.name == item.name) {
                let message = format!(
                    "a column is named `{}`, as the column with the values that the query is run for",
                    item.name
                );
                return Err(Diagnostic::semantic(code::COLUMN, item.expr.span, message)
                    .with_help("give it another name with `AS`, or leave it away"));
            }
        }
        let Some(unused) = self.found.iter().position(|found| !found) else { return Ok(()) };
        let name = &self.parameters[unused].name;
        let (query, span) = match self.is_union {
            true => ("each query of the UNION", query.returns.span),
            false => ("the query", Span::default()),
        };
        let message = format!("{query} is to be run for each `{name}`, but `${name}` is not in it");
        Err(Diagnostic::semantic(code::PARAMETER, span, message)
            .with_help(format!("say which rows belong to a value: `WHERE n.property = ${name}`")))
    }

    fn clause(&mut self, clause: &Clause) -> Checked<()> {
        let (name, span, place) = match clause {
            Clause::With(with) => return self.projection(with),
            Clause::Match(matched) if matched.optional => ("OPTIONAL MATCH", matched.span, Place::Optional),
            Clause::Match(matched) => ("MATCH", matched.span, Place::Condition),
            Clause::Unwind(unwind) => ("UNWIND", unwind.span, Place::Unwind),
            Clause::Call(call) => ("CALL", call.span, Place::Subquery),
        };
        self.refuse_over_nothing(span, name)?;
        match clause {
            Clause::Match(matched) if !matched.optional => self.matching(matched),
            clause => clause.exprs().into_iter().try_for_each(|expr| self.refuse(expr, place)),
        }
    }

    fn matching(&mut self, matched: &Match) -> Checked<()> {
        for pattern in &matched.patterns {
            for (_, value) in pattern.nodes.iter().flat_map(|node| &node.properties) {
                self.side(value, false)?;
            }
            for between in &pattern.relationships {
                for (_, value) in &between.properties {
                    match between.length {
                        None => self.side(value, false)?,
                        Some(_) => self.refuse(value, Place::Path)?,
                    }
                }
            }
        }
        matched.condition.as_ref().map_or(Ok(()), |condition| self.condition(condition))
    }

    fn projection(&mut self, projection: &Projection) -> Checked<()> {
        let Projection { distinct, items, order, skip, limit, condition, span } = projection;
        self.is_long.fill(false);
        let aggregates = items.iter().any(|item| item.expr.has_aggregate());
        for item in items {
            self.refuse(&item.expr, Place::Projection)?;
            self.refuse_moving(&item.expr)?;
        }
        if aggregates {
            self.refuse_over_nothing(*span, "a second aggregate")?;
            let grouped = items.iter().any(|item| !item.expr.has_aggregate());
            if !grouped && self.found.contains(&true) {
                if self.is_union {
                    let what = "an aggregate over all rows of a value, under UNION";
                    return Err(Diagnostic::not_yet(*span, what).with_help("make it a query of its own"));
                }
                self.over_nothing = true;
            }
        }
        if *distinct {
            // It would change nothing but what identifies the one row of a value.
            self.refuse_over_nothing(*span, "DISTINCT")?;
        }
        for sort in order {
            self.refuse(&sort.expr, Place::Order)?;
            self.refuse_moving(&sort.expr)?;
        }
        skip.iter().chain(limit).try_for_each(|count| self.refuse(count, Place::Window))?;
        let Some(condition) = condition else { return Ok(()) };
        self.refuse_moving(condition)?;
        self.condition(condition)
    }

    /// A condition whose parts, joined by AND, may give the rows their values.
    fn condition(&mut self, condition: &Expr) -> Checked<()> {
        match &condition.kind {
            ExprKind::Binary(BinaryOp::And, left, right) => {
                self.condition(left)?;
                self.condition(right)
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) => {
                let (value, other) =
                    if self.declared(right).is_some() { (right, left) } else { (left, right) };
                if self.declared(value).is_some() && (other.has_subquery() || other.has_time()) {
                    let lifted = if other.has_time() { "a function of time" } else { "a subquery" };
                    let what = format!("{lifted} in what a parameter with many values is equal to");
                    return Err(Diagnostic::not_yet(other.span, &what)
                        .with_help("give it a name in a `WITH` before: `WITH *, .. AS x WHERE x = $value`"));
                }
                self.refuse(other, Place::Condition)?;
                self.side(value, parts(other, COPIED_MAX + 1) > COPIED_MAX)
            }
            _ => self.refuse(condition, Place::Condition),
        }
    }

    /// What something is equal to that is long or not.
    fn side(&mut self, expr: &Expr, is_long: bool) -> Checked<()> {
        let Some(parameter) = self.declared(expr) else { return self.refuse(expr, Place::Condition) };
        self.refuse_over_nothing(expr.span, &format!("`${}`", self.parameters[parameter].name))?;
        if self.is_long[parameter] {
            let what = format!("`${}` again behind a long expression", self.parameters[parameter].name);
            return Err(Diagnostic::not_yet(expr.span, &what)
                .with_help("give the first expression a name in a `WITH` before, and compare with that"));
        }
        self.is_long[parameter] = is_long && !self.found[parameter];
        self.found[parameter] = true;
        Ok(())
    }

    /// Refuses a parameter with many values that stands in an expression.
    fn refuse(&self, expr: &Expr, place: Place) -> Checked<()> {
        match self.declared(expr) {
            Some(parameter) => Err(place.refusal(&self.parameters[parameter].name, expr.span)),
            None => {
                let within = place.within(expr);
                expr.children().into_iter().try_for_each(|child| self.refuse(child, within))
            }
        }
    }

    /// Refuses what follows on an aggregate that has a row for each value that nobody has: they would all have to be
    /// followed.
    fn refuse_over_nothing(&self, span: Span, what: &str) -> Checked<()> {
        if !self.over_nothing {
            return Ok(());
        }
        let what = format!("{what} behind an aggregate over all rows of a value");
        Err(Diagnostic::not_yet(span, &what).with_help(
            "values that nothing has have a row there, too: let the aggregate come last, or group by something",
        ))
    }

    /// Refuses, behind such an aggregate, an expression whose value moves while its row stays.
    fn refuse_moving(&self, expr: &Expr) -> Checked<()> {
        match &expr.kind {
            ExprKind::Subquery(_) => self.refuse_over_nothing(expr.span, "a subquery"),
            ExprKind::OverTime(..) | ExprKind::Recall(..) => {
                self.refuse_over_nothing(expr.span, "a function of time")
            }
            _ => expr.children().into_iter().try_for_each(|child| self.refuse_moving(child)),
        }
    }

    fn declared(&self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Parameter(name) => self.parameters.iter().position(|have| have.name == *name),
            _ => None,
        }
    }
}

/// How many parts an expression has, up to `most`.
fn parts(expr: &Expr, most: usize) -> usize {
    let mut count = 1;
    for child in expr.children() {
        if count >= most {
            break;
        }
        count += parts(child, most - count);
    }
    count
}
