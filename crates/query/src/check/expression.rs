//! Expressions: names are defined, aggregates stand where they can, types can fit. Names that an expression
//! binds for itself become unique.

use super::checker::{Checked, Checker};
use crate::expression::judge::{Facts, judge};
use crate::language::ast::{Expr, ExprKind, ListComprehension, Reduce};
use crate::language::{Diagnostic, code};
use crate::types::TypeSet;

/// Where an expression stands, as far as aggregates go.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// In an item of WITH or RETURN: aggregates are fine.
    Item,
    /// Inside an aggregate.
    Aggregate,
    /// In the condition of a WHERE, which takes none.
    Condition,
    /// In this other place, which takes none.
    Elsewhere(&'a str),
}

const BODY: Place<'_> = Place::Elsewhere("what is evaluated for each item of a list");

impl Checker {
    /// An item of WITH or RETURN: the types it can have.
    pub(super) fn item(&mut self, expr: &mut Expr) -> Checked<TypeSet> {
        Ok(self.whole(expr, Place::Item)?.types)
    }

    /// An expression in a place without aggregates: the types it can have.
    pub(super) fn plain(&mut self, expr: &mut Expr, place: &str) -> Checked<TypeSet> {
        Ok(self.whole(expr, Place::Elsewhere(place))?.types)
    }

    /// The condition of a WHERE.
    pub(super) fn condition(&mut self, expr: &mut Expr) -> Checked<()> {
        let mark = self.mark();
        match self.boolean(expr, Place::Condition) {
            Ok(_) => Ok(()),
            Err(error) => self.beside(error, mark).map(drop),
        }
    }

    /// An expression that stands by itself.
    fn whole(&mut self, expr: &mut Expr, place: Place<'_>) -> Checked<Facts> {
        let mark = self.mark();
        self.facts(expr, place).or_else(|error| self.beside(error, mark))
    }

    fn boolean(&mut self, expr: &mut Expr, place: Place<'_>) -> Checked<Facts> {
        let facts = self.facts(expr, place)?;
        let types = facts.types;
        if types.meets(TypeSet::BOOLEAN) || types == TypeSet::NULL {
            return Ok(facts);
        }
        let message = format!("a condition must be boolean, but this is always {}", types.describe());
        Err(Diagnostic::semantic(code::TYPE, expr.span, message))
    }

    /// Only this function calls itself for most kinds of expression, so its small frame is all that a high one
    /// costs.
    pub(super) fn facts(&mut self, expr: &mut Expr, place: Place<'_>) -> Checked<Facts> {
        let inner = inside(expr, place)?;
        if matches!(expr.kind, ExprKind::OverTime(..) | ExprKind::Recall(..)) {
            self.has_a_row(expr, place)?;
        }
        if binds(expr) {
            return self.binding(expr, inner);
        }
        let children = expr.children_mut();
        let mut parts = Vec::with_capacity(children.len());
        for child in children {
            let mark = if binds(child) { self.mark() } else { None };
            let part = match self.facts(child, inner) {
                Ok(part) => part,
                Err(error) => self.beside(error, mark)?,
            };
            parts.push(part);
        }
        let leaf = self.leaf(expr)?;
        judge(expr, &parts, leaf)
    }

    /// A function of time follows a row from step to step, so there must be one that it stands on.
    fn has_a_row(&self, expr: &Expr, place: Place<'_>) -> Checked<()> {
        let what = match place {
            Place::Elsewhere(place) => format!("a function of time in {place}"),
            _ if self.subqueries > 0 => "a function of time in a subquery".into(),
            _ => return Ok(()),
        };
        Err(Diagnostic::not_yet(expr.span, &what).with_help("give it a name in a `WITH` before"))
    }

    fn leaf(&self, expr: &mut Expr) -> Checked<TypeSet> {
        match &mut expr.kind {
            ExprKind::Literal(value) => Ok(TypeSet::of(value)),
            ExprKind::Variable(name) => match self.names.get(name) {
                Some(known) => {
                    name.clone_from(&known.name);
                    Ok(known.types)
                }
                None => Err(self.names.undefined(name, expr.span)),
            },
            _ => Ok(TypeSet::ANY),
        }
    }

    /// An expression that binds variables for some of its parts.
    fn binding(&mut self, expr: &mut Expr, place: Place<'_>) -> Checked<Facts> {
        let parts = match &mut expr.kind {
            ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
                self.elements(inner, place)?
            }
            ExprKind::Reduce(reduce) => self.reduce(reduce, place)?,
            ExprKind::Subquery(subquery) => {
                let types = self.subquery(subquery)?;
                return Ok(Facts { types, infallible: false, constant: false });
            }
            _ => unreachable!("only those bind variables"),
        };
        let facts = judge(expr, &parts, TypeSet::ANY)?;
        let types = match &expr.kind {
            ExprKind::ListComprehension(_) => TypeSet::LIST.or_null(),
            _ => facts.types,
        };
        Ok(Facts { types, ..facts })
    }

    fn elements(&mut self, inner: &mut ListComprehension, place: Place<'_>) -> Checked<Vec<Facts>> {
        let mut parts = vec![self.facts(&mut inner.list, place)?];
        let items = items_of(&inner.list, parts[0].types, BEHIND_IN)?;
        inner.variable.text = self.names.define_local(&inner.variable.text, items);
        if let Some(condition) = &mut inner.condition {
            parts.push(self.boolean(condition, Place::Elsewhere("the WHERE of a list"))?);
        }
        if let Some(result) = &mut inner.result {
            parts.push(self.facts(result, BODY)?);
        }
        self.names.forget(1);
        Ok(parts)
    }

    fn reduce(&mut self, reduce: &mut Reduce, place: Place<'_>) -> Checked<Vec<Facts>> {
        let Reduce { accumulator, start, variable, list, step } = reduce;
        let mut parts = vec![self.facts(start, place)?, self.facts(list, place)?];
        let items = items_of(list, parts[1].types, BEHIND_IN)?;
        if accumulator.text == variable.text {
            let message = format!("`{}` cannot be both the result so far and the item", variable.text);
            return Err(Diagnostic::semantic(code::REBOUND, variable.span, message));
        }
        accumulator.text = self.names.define_local(&accumulator.text, TypeSet::ANY);
        variable.text = self.names.define_local(&variable.text, items);
        parts.push(self.facts(step, BODY)?);
        self.names.forget(2);
        Ok(parts)
    }

    /// A list whose items become a variable: the types of the items.
    pub(super) fn list(&mut self, expr: &mut Expr, place: Place<'_>, what: &str) -> Checked<TypeSet> {
        let types = self.whole(expr, place)?.types;
        match items_of(expr, types, what) {
            Ok(items) => Ok(items),
            Err(error) => Ok(self.beside(error, None)?.types),
        }
    }
}

const BEHIND_IN: &str = "what stands behind IN";

/// The types that the items of a list can have, as far as the list is written out.
fn items_of(list: &Expr, types: TypeSet, what: &str) -> Checked<TypeSet> {
    if !types.without_null().meets(TypeSet::LIST) && types != TypeSet::NULL {
        let message = format!("{what} must be list, but this is always {}", types.describe());
        return Err(Diagnostic::semantic(code::TYPE, list.span, message));
    }
    let ExprKind::List(items) = &list.kind else { return Ok(TypeSet::ANY) };
    let written = items.iter().map(|item| match &item.kind {
        ExprKind::Literal(value) => TypeSet::of(value),
        ExprKind::List(_) => TypeSet::LIST,
        ExprKind::Map(_) => TypeSet::MAP,
        _ => TypeSet::ANY,
    });
    Ok(written.reduce(TypeSet::or).unwrap_or(TypeSet::ANY))
}

fn binds(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::ListComprehension(_)
            | ExprKind::Quantifier(..)
            | ExprKind::Reduce(_)
            | ExprKind::Subquery(_)
    )
}

/// The place in which the parts of an expression stand.
fn inside<'a>(expr: &Expr, place: Place<'a>) -> Checked<Place<'a>> {
    match (&expr.kind, place) {
        (ExprKind::Aggregate(..), Place::Item) => Ok(Place::Aggregate),
        (ExprKind::Aggregate(..), place) => Err(misplaced(expr, place)),
        (ExprKind::OverTime(..) | ExprKind::Recall(..), _) => Ok(Place::Elsewhere("a function of time")),
        _ => Ok(place),
    }
}

pub(super) fn misplaced(expr: &Expr, place: Place<'_>) -> Diagnostic {
    let message = match place {
        Place::Elsewhere(place) => format!("an aggregate cannot stand in {place}"),
        Place::Condition => "an aggregate cannot stand in WHERE".into(),
        _ => "an aggregate cannot stand inside another".into(),
    };
    Diagnostic::semantic(code::AGGREGATE, expr.span, message)
        .with_help("compute it in a `WITH` clause first: `WITH count(*) AS n WHERE n > 1`")
}
