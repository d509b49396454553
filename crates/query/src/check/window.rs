//! SKIP and LIMIT: the same whole number for every row.

use super::bound::uses;
use super::checker::{Checked, Checker};
use crate::expression::{Scope, compile};
use crate::language::ast::{Expr, ExprKind};
use crate::language::{Diagnostic, code};
use crate::types::TypeSet;
use livewell_model::{Map, Value};

/// Rows without any variable.
struct Nothing;

impl Scope for Nothing {
    fn slot(&self, _variable: &str) -> Option<usize> {
        None
    }
}

impl Checker {
    /// Checks what stands behind `clause`, SKIP or LIMIT.
    pub(super) fn window(&mut self, expr: &mut Expr, clause: &str) -> Checked<()> {
        let mut varies = None;
        uses(expr, &mut vec![], &mut |name, span| {
            varies.get_or_insert_with(|| {
                let message = format!("{clause} is the same for every row and cannot use `{name}`");
                Diagnostic::semantic(code::TYPE, span, message)
            });
        });
        if expr.has_subquery() {
            varies = Some(Diagnostic::not_yet(expr.span, &format!("a subquery in {clause}")));
        }
        varies.map_or(Ok(()), Err)?;
        let types = self.plain(expr, clause)?;
        let bad = |found: String| {
            let message = format!("{clause} takes a whole number, 0 or more, but this is {found}");
            Err(Diagnostic::semantic(code::TYPE, expr.span, message))
        };
        if !types.meets(TypeSet::INTEGER) {
            return bad(format!("always {}", types.describe()));
        }
        if has_parameter(expr) {
            return Ok(());
        }
        match compile(expr, &Nothing, &Map::new())?.eval(&[]) {
            Ok(Value::Int(0..)) => Ok(()),
            Ok(Value::Int(negative)) => bad(negative.to_string()),
            Ok(other) => bad(TypeSet::of(&other).describe()),
            Err(error) => bad(format!("no value: {error}")),
        }
    }
}

fn has_parameter(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Parameter(_)) || expr.children().into_iter().any(has_parameter)
}
