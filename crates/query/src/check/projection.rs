//! WITH and RETURN: `*`, column names, types, and the names they leave.

use super::aggregation;
use super::checker::{Checked, Checker};
use super::names::Known;
use crate::language::ast::{Expr, ExprKind, Item, Projection, Span};
use crate::language::{Diagnostic, code};
use livewell_model::SmolStr;

/// Which clause a projection is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    With,
    Return,
    /// The RETURN of a subquery.
    Subquery,
}

impl Checker {
    /// Checks a projection and defines its names. Where ORDER BY or WHERE need more than is projected, it
    /// projects that, too, and a second projection takes it away again.
    pub(super) fn projection(
        &mut self,
        mut projection: Projection,
        clause: Clause,
    ) -> Checked<(Projection, Option<Projection>)> {
        if let Some(star) = self.notes.stars.get(&projection.span.start).copied() {
            self.expand(&mut projection, star, clause)?;
        }
        let written = projection.items.clone();
        let mut projected: Vec<Known> = vec![];
        for item in &mut projection.items {
            let known = self.column(item, clause)?;
            if projected.iter().any(|other| other.written == known.written) {
                let message = format!("two columns are named `{}`", short(&known.written));
                return Err(Diagnostic::semantic(code::COLUMN, item.expr.span, message)
                    .with_help("name one of them with `AS`"));
            }
            projected.push(known);
        }
        aggregation::check(&written, &self.names)?;
        for (window, name) in [(&mut projection.skip, "SKIP"), (&mut projection.limit, "LIMIT")] {
            window.as_mut().map_or(Ok(()), |window| self.window(window, name))?;
        }
        let missing = self.beyond(&mut projection, &written, &projected)?;
        self.names.replace(projected.clone());
        if missing.is_empty() {
            return Ok((projection, None));
        }
        let span = projection.span;
        let columns = projected.iter().zip(&written);
        let items = columns.map(|(known, item)| variable_item(known.name.clone(), item.expr.span)).collect();
        projection.items.extend(missing.into_iter().map(|known| variable_item(known.name, span)));
        let narrow = Projection {
            distinct: false,
            items,
            order: vec![],
            skip: None,
            limit: None,
            condition: None,
            span,
        };
        Ok((projection, Some(narrow)))
    }

    /// Checks an item: the name it leaves.
    fn column(&mut self, item: &mut Item, clause: Clause) -> Checked<Known> {
        let unchanged = matches!(&item.expr.kind, ExprKind::Variable(name) if *name == item.name);
        let types = self.item(&mut item.expr)?;
        if clause == Clause::With && !item.aliased && !unchanged {
            let message = "an expression in WITH needs a name";
            return Err(Diagnostic::semantic(code::COLUMN, item.expr.span, message)
                .with_help(format!("write `{} AS name`", short(&item.name))));
        }
        let known = match &item.expr.kind {
            ExprKind::Variable(name) if unchanged => {
                Known { written: item.name.clone(), name: name.clone(), types }
            }
            _ if self.names.is_outer(&item.name) => {
                let message =
                    format!("`{}` is defined around this subquery and cannot be defined again", item.name);
                return Err(Diagnostic::semantic(code::REBOUND, item.expr.span, message)
                    .with_help("use another name"));
            }
            _ => self.names.fresh(&item.name, types),
        };
        item.name.clone_from(&known.name);
        Ok(known)
    }

    /// Puts the variables that `*` stands for before the other items, in the order of the alphabet.
    fn expand(&self, projection: &mut Projection, star: Span, clause: Clause) -> Checked<()> {
        let mut variables: Vec<_> = self.names.own().iter().map(|known| known.written.clone()).collect();
        variables.sort_unstable();
        let implied = self.notes.implied.contains(&projection.span.start);
        if variables.is_empty() && clause != Clause::Subquery && !implied {
            let message = "`*` stands for all variables, but there is none";
            return Err(Diagnostic::semantic(code::COLUMN, star, message));
        }
        let items = variables.into_iter().map(|name| variable_item(name, star));
        projection.items.splice(0..0, items);
        Ok(())
    }
}

/// A variable under its own name.
fn variable_item(name: SmolStr, span: Span) -> Item {
    Item { expr: Expr { kind: ExprKind::Variable(name.clone()), span }, name, aliased: false }
}

/// A column's name as a message shows it.
pub(super) fn short(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    if shown.len() < name.len() { format!("{shown}..") } else { shown }
}
