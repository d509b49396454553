//! Map projections: `n {.name, .*, total: 1, other}`.

use super::super::ast::{Expr, ExprKind, MapProjection};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// Whether a variable with an opening brace behind it comes next.
    pub(super) fn is_map_projection(&self) -> bool {
        self.symbol_ahead(1, "{") && self.variable_name().is_some()
    }

    /// A variable, and in braces what its map holds.
    pub(super) fn map_projection(&mut self) -> Parsed<ExprKind> {
        let name = self.take_variable("a variable")?;
        let base = Expr { kind: ExprKind::Variable(name.text), span: name.span };
        self.expect_symbol("{")?;
        let (mut all, mut entries) = (false, vec![]);
        while !self.is_symbol("}") {
            if self.eat_symbol(".") {
                if self.eat_symbol("*") {
                    all = true;
                } else {
                    let key = self.take_any_name("the name of a property, or `*`, after `.`")?;
                    let property = ExprKind::Property(Box::new(base.clone()), key.text.clone());
                    entries.push((key.text, Expr { kind: property, span: key.span }));
                }
            } else {
                let key = self.take_any_name("`.name`, `.*`, `name: value` or a variable")?;
                let value = if self.eat_symbol(":") {
                    self.expression()?
                } else {
                    Expr { kind: ExprKind::Variable(key.text.clone()), span: key.span }
                };
                entries.push((key.text, value));
            }
            if !self.eat_symbol(",") {
                break;
            }
        }
        if !self.eat_symbol("}") {
            return Err(self.unexpected("`,` or `}`"));
        }
        self.measured(ExprKind::MapProjection(Box::new(MapProjection { base, all, entries })))
    }
}
