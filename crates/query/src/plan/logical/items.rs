//! Subqueries over the items of a list: a row for each item is needed, so the list expression around them becomes a
//! subquery itself, over `UNWIND list AS item`.

use crate::language::Diagnostic;
use crate::language::ast::{
    BinaryOp, Case, Clause, Expr, ExprKind, Gives, Item, ListComprehension, Name, Projection, Reduce, Sort,
    Span, Subquery, Unwind,
};
use livewell_model::{SmolStr, Value};

/// The list of a list expression; `None` for any other expression.
pub(super) fn list_of(expr: &mut Expr) -> Option<&mut Expr> {
    match &mut expr.kind {
        ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => Some(&mut inner.list),
        ExprKind::Reduce(reduce) => Some(&mut reduce.list),
        _ => None,
    }
}

/// Whether a subquery uses an item of this list expression, or of one inside it.
pub(super) fn are_used(expr: &Expr) -> bool {
    let mut names = Vec::new();
    bound(expr, &mut names);
    !names.is_empty() && parts(expr).into_iter().any(|part| uses(part, &names))
}

/// What is evaluated for each item.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
            inner.condition.iter().chain(&inner.result).collect()
        }
        ExprKind::Reduce(reduce) => vec![&reduce.step],
        _ => Vec::new(),
    }
}

/// The names that list expressions bind here, outside of subqueries. No name stands for two things.
fn bound(expr: &Expr, names: &mut Vec<SmolStr>) {
    match &expr.kind {
        ExprKind::Subquery(_) => return,
        ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) => {
            names.push(inner.variable.text.clone());
        }
        ExprKind::Reduce(reduce) => {
            names.extend([reduce.accumulator.text.clone(), reduce.variable.text.clone()]);
        }
        _ => {}
    }
    expr.children().into_iter().for_each(|child| bound(child, names));
}

fn uses(expr: &Expr, names: &[SmolStr]) -> bool {
    match &expr.kind {
        ExprKind::Subquery(_) => names.iter().any(|name| mentions(expr, name)),
        _ => expr.children().into_iter().any(|child| uses(child, names)),
    }
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let here = match &expr.kind {
        ExprKind::Variable(variable) => variable == name,
        ExprKind::Subquery(subquery) => subquery.pattern_variables().into_iter().any(|have| have == name),
        _ => false,
    };
    here || expr.children().into_iter().any(|child| mentions(child, name))
}

/// A list expression as one whose subqueries do not use its items: they stand in a subquery over the items. Its list
/// is a plain variable by now, or cheap.
///
/// # Errors
/// Returns an error if a subquery uses the accumulator of a reduce, so that each item's rows depend on those before.
pub(super) fn as_subquery(expr: &Expr, name: &mut dyn FnMut() -> SmolStr) -> Result<Expr, Diagnostic> {
    let span = expr.span;
    match &expr.kind {
        ExprKind::ListComprehension(inner) => Ok(collected(inner, span, name)),
        ExprKind::Quantifier(quantifier, inner) => {
            // all(x IN list WHERE c) is all(t IN [x IN list | c] WHERE t).
            let truths =
                ListComprehension { condition: None, result: inner.condition.clone(), ..(**inner).clone() };
            let truth = Name { text: name(), span };
            let condition = Some(variable(&truth.text, span));
            let list = collected(&truths, span, name);
            let over = ListComprehension { variable: truth, list, condition, result: None };
            Ok(at(span, ExprKind::Quantifier(*quantifier, Box::new(over))))
        }
        ExprKind::Reduce(reduce) => reduced(reduce, span, name),
        _ => unreachable!("only list expressions have items"),
    }
}

/// `CASE WHEN list IS NULL THEN null ELSE COLLECT { UNWIND range(0, size(list) - 1) AS place
/// WITH place, list[place] AS item WHERE condition RETURN result ORDER BY place } END`.
fn collected(inner: &ListComprehension, span: Span, name: &mut dyn FnMut() -> SmolStr) -> Expr {
    let ListComprehension { variable: item, list, condition, result } = inner;
    let place = Name { text: name(), span };
    let here = || variable(&place.text, span);
    let integer = |int: i64| at(span, ExprKind::Literal(Value::Int(int)));
    // A slice is of a list alone, while other things have a size, too.
    let whole = at(span, ExprKind::Slice(Box::new(list.clone()), Some(Box::new(integer(0))), None));
    let size = at(span, ExprKind::Call("size".into(), vec![whole]));
    let last = at(span, ExprKind::Binary(BinaryOp::Subtract, size.into(), integer(1).into()));
    let places = at(span, ExprKind::Call("range".into(), vec![integer(0), last]));
    let is_null = || at(span, ExprKind::IsNull(Box::new(list.clone()), false));
    let none = at(span, ExprKind::List(Vec::new()));
    let unwind = Unwind { list: when(is_null(), none, places, span), variable: place.clone(), span };
    let found = at(span, ExprKind::Index(Box::new(list.clone()), Box::new(here())));
    let with = Projection {
        distinct: false,
        items: vec![
            Item { expr: here(), name: place.text.clone(), aliased: true },
            Item { expr: found, name: item.text.clone(), aliased: true },
        ],
        order: vec![Sort { expr: here(), descending: false }],
        skip: None,
        limit: None,
        condition: condition.clone(),
        span,
    };
    let result = result.clone().unwrap_or_else(|| variable(&item.text, span));
    let clauses = vec![Clause::Unwind(unwind), Clause::With(with)];
    let subquery =
        at(span, ExprKind::Subquery(Box::new(Subquery { gives: Gives::Collect(result), clauses })));
    when(is_null(), at(span, ExprKind::Literal(Value::Null)), subquery, span)
}

/// reduce over `[item, subquery, subquery ..]` for each item.
fn reduced(reduce: &Reduce, span: Span, name: &mut dyn FnMut() -> SmolStr) -> Result<Expr, Diagnostic> {
    let Reduce { accumulator, start, variable: item, list, step } = reduce;
    let each = Name { text: name(), span };
    let place = |at_place: i64| {
        let index = at(span, ExprKind::Literal(Value::Int(at_place)));
        ExprKind::Index(Box::new(variable(&each.text, span)), Box::new(index))
    };
    let (mut step, mut values) = (step.clone(), vec![variable(&item.text, span)]);
    take_out(&mut step, &accumulator.text, &mut values, &place)?;
    rename(&mut step, &item.text, &place(0));
    let tuples = ListComprehension {
        variable: item.clone(),
        list: list.clone(),
        condition: None,
        result: Some(at(span, ExprKind::List(values))),
    };
    let list = collected(&tuples, span, name);
    let (accumulator, start) = (accumulator.clone(), start.clone());
    Ok(at(span, ExprKind::Reduce(Box::new(Reduce { accumulator, start, variable: each, list, step }))))
}

/// Puts places of the tuple where subqueries, and list expressions with them, stood.
fn take_out(
    expr: &mut Expr,
    accumulator: &str,
    values: &mut Vec<Expr>,
    place: &dyn Fn(i64) -> ExprKind,
) -> Result<(), Diagnostic> {
    if !expr.has_subquery() {
        return Ok(());
    }
    if !matches!(expr.kind, ExprKind::Subquery(_)) && list_of(expr).is_none() {
        let children = expr.children_mut();
        return children.into_iter().try_for_each(|child| take_out(child, accumulator, values, place));
    }
    if mentions(expr, accumulator) {
        let what = "a subquery that uses the running value of `reduce`";
        return Err(Diagnostic::not_yet(expr.span, what)
            .with_help("compute what it gives for each item first: `[x IN list | COUNT { (x)-->() }]`"));
    }
    let kind = place(i64::try_from(values.len()).expect("a query is short"));
    values.push(at(expr.span, std::mem::replace(&mut expr.kind, kind)));
    Ok(())
}

fn rename(expr: &mut Expr, name: &str, kind: &ExprKind) {
    match &expr.kind {
        ExprKind::Variable(variable) if variable == name => expr.kind = kind.clone(),
        _ => expr.children_mut().into_iter().for_each(|child| rename(child, name, kind)),
    }
}

fn when(condition: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
    let case = Case { subject: None, branches: vec![(condition, then)], otherwise: Some(otherwise) };
    at(span, ExprKind::Case(Box::new(case)))
}

fn variable(name: &SmolStr, span: Span) -> Expr {
    at(span, ExprKind::Variable(name.clone()))
}

fn at(span: Span, kind: ExprKind) -> Expr {
    Expr { kind, span }
}
