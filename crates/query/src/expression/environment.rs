//! What a program sees while it runs: the row, and the variables that the expressions around it bind.

use super::{Allowance, EvalError};
use livewell_model::Value;

/// The row and the innermost variable bound around this place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Env<'v> {
    pub row: &'v [Value],
    locals: Option<&'v Local<'v>>,
}

/// A bound variable and those bound around it; they live on the stack of the evaluation.
#[derive(Debug)]
pub(super) struct Local<'v> {
    value: &'v Value,
    outer: Option<&'v Local<'v>>,
}

impl<'v> Env<'v> {
    /// A row, with nothing bound.
    pub(super) fn of(row: &'v [Value]) -> Self {
        Self { row, locals: None }
    }

    /// A variable with this value, bound inside all that are bound here.
    pub(super) fn bind(self, value: &'v Value) -> Local<'v> {
        Local { value, outer: self.locals }
    }

    /// Returns the row inside a bound variable.
    pub(super) fn within(self, local: &'v Local<'v>) -> Self {
        Self { row: self.row, locals: Some(local) }
    }

    /// The variable bound so many bindings further out.
    pub(super) fn local(self, up: usize) -> &'v Value {
        let mut local = self.locals.expect("the compiler counts the bindings");
        for _ in 0..up {
            local = local.outer.expect("the compiler counts the bindings");
        }
        local.value
    }

    /// Takes the work of looking at values that are looked at once per round of a loop. Outside of one, work is
    /// bounded by what the row holds and the query says.
    pub(super) fn charge(self, values: &[&Value], allowance: &Allowance<'_>) -> Result<(), EvalError> {
        match self.locals {
            Some(_) => values.iter().try_for_each(|value| allowance.look(value)),
            None => Ok(()),
        }
    }

    /// Takes the text that a call in a loop has built; lists take their items where they are built.
    pub(super) fn built(self, value: &Value, allowance: &Allowance<'_>) -> Result<(), EvalError> {
        match (self.locals, value) {
            (Some(_), Value::String(text)) => allowance.text(text.len()),
            _ => Ok(()),
        }
    }
}
