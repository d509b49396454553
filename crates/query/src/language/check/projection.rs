//! Items of WITH and RETURN: `*`, column names, types.

use super::super::ast::{Expr, ExprKind, Item, Projection, Span};
use super::super::code;
use super::{Checked, Diagnostic, Names, aggregation, expression};
use livewell_model::SmolStr;

/// Expands `*`, which stands at `star`, checks the items and gives the names they define.
pub(super) fn check(
    projection: &mut Projection,
    star: Option<Span>,
    names: &Names,
    with: bool,
) -> Checked<Names> {
    if let Some(span) = star {
        expand(projection, span, names)?;
    }
    let mut projected = Names::default();
    for item in &projection.items {
        let types = expression::item(&item.expr, names)?;
        if with && !item.aliased && !matches!(item.expr.kind, ExprKind::Variable(_)) {
            return Err(Diagnostic::semantic(
                code::COLUMN,
                item.expr.span,
                "an expression in WITH needs a name",
            )
            .with_help(format!("write `{} AS name`", short(&item.name))));
        }
        if projected.get(&item.name).is_some() {
            let message = format!("two columns are named `{}`", short(&item.name));
            return Err(Diagnostic::semantic(code::COLUMN, item.expr.span, message)
                .with_help("name one of them with `AS`"));
        }
        projected.define(item.name.clone(), types);
    }
    aggregation::check(&projection.items)?;
    Ok(projected)
}

fn expand(projection: &mut Projection, span: Span, names: &Names) -> Checked<()> {
    let variables = names.sorted();
    if variables.is_empty() {
        return Err(Diagnostic::semantic(
            code::COLUMN,
            span,
            "`*` stands for all variables, but there is none",
        ));
    }
    let items = variables.into_iter().map(|name| variable_item(name, span));
    projection.items.splice(0..0, items);
    Ok(())
}

/// A variable under its own name.
pub(super) fn variable_item(name: SmolStr, span: Span) -> Item {
    Item { expr: Expr { kind: ExprKind::Variable(name.clone()), span }, name, aliased: false }
}

/// A column's name as a message shows it.
fn short(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    if shown.len() < name.len() { format!("{shown}..") } else { shown }
}
