//! Scalar expressions: compiled once against the slots of a row, then evaluated on many rows.
//!
//! Everything Cypher says about values is here and nowhere else: three-valued logic ([`logic`]), equality and
//! comparison ([`compare`]), arithmetic ([`arithmetic`]), access ([`access`]) and functions ([`functions`]).

pub mod access;
pub mod allowance;
pub mod arithmetic;
pub mod compare;
pub mod functions;
pub mod logic;

mod binding;
mod compile;
mod constants;
pub(crate) mod decimal;
mod encoded;
mod environment;
mod error;
mod float;
pub(crate) mod judge;
mod operation;
mod pattern;
mod program;
mod shown;
mod temporal;

pub use crate::types::TypeSet;
pub use allowance::Allowance;
pub use compile::compile;
pub use error::EvalError;
pub(crate) use functions::equal_of;
pub(crate) use temporal::{later_by, moment};

use crate::language::ast::BinaryOp;
use crate::meter::{Meter, size};
use environment::Env;
use livewell_model::Value;
use program::Program;
use std::borrow::Cow;
use std::sync::Arc;

/// Where the variables of an expression stand in the rows it will see.
pub trait Scope {
    /// The place of a variable in the row; `None` if it is not defined.
    fn slot(&self, variable: &str) -> Option<usize>;

    /// What the variable can hold. What is said here must hold for every row: it decides which expressions
    /// count as infallible.
    fn types(&self, variable: &str) -> TypeSet {
        let _ = variable;
        TypeSet::ANY
    }
}

/// An expression ready to be evaluated. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Compiled {
    program: Arc<Program>,
    types: TypeSet,
    infallible: bool,
}

impl Compiled {
    /// The expression's value on a row, which has a value for every slot its scope named.
    ///
    /// # Errors
    /// [`EvalError`] where the row's values do not fit: a wrong type, an overflow, a division by zero.
    pub fn eval(&self, row: &[Value]) -> Result<Value, EvalError> {
        Ok(self.program.eval(Env::of(row), &Allowance::default())?.into_owned())
    }

    /// [`Compiled::eval`] in a step, which holds the value from then on.
    ///
    /// # Errors
    /// Returns the errors of [`Compiled::eval`] and of [`Meter::hold`].
    pub fn eval_in(&self, row: &[Value], meter: &Meter) -> Result<Value, EvalError> {
        if let Some(found) = self.program.find(row) {
            meter.tick()?;
            return Ok(found.clone());
        }
        let before = meter.held();
        let value = self.program.eval(Env::of(row), &Allowance::within(meter))?;
        // What was built on the way is gone.
        meter.reset(before);
        meter.hold(match &value {
            Cow::Borrowed(_) => 0,
            Cow::Owned(value) => size::owned(value),
        })?;
        Ok(value.into_owned())
    }

    /// [`Compiled::is_true`] in a step.
    ///
    /// # Errors
    /// Returns the errors of [`Compiled::is_true`] and of [`Meter::hold`].
    pub fn is_true_in(&self, row: &[Value], meter: &Meter) -> Result<bool, EvalError> {
        if let Some(truth) = self.program.find_truth(row) {
            meter.tick()?;
            return Ok(truth == Some(true));
        }
        let before = meter.held();
        let value = self.program.eval(Env::of(row), &Allowance::within(meter))?;
        meter.reset(before);
        meter.tick()?;
        Ok(logic::truth(&value)? == Some(true))
    }

    /// Whether a WHERE with this expression keeps a row: only true keeps it, false and null do not.
    ///
    /// # Errors
    /// [`EvalError`] as for [`Compiled::eval`], and where the value is neither boolean nor null.
    pub fn is_true(&self, row: &[Value]) -> Result<bool, EvalError> {
        let value = self.program.eval(Env::of(row), &Allowance::default())?;
        Ok(logic::truth(&value)? == Some(true))
    }

    /// Whether [`Compiled::eval`] gives a value whatever the row holds, within what its scope says of the
    /// slots. `false` says nothing.
    pub fn is_infallible(&self) -> bool {
        self.infallible
    }

    /// The types its value can have.
    pub fn types(&self) -> TypeSet {
        self.types
    }

    /// The value, where it is the same on every row.
    pub fn constant(&self) -> Option<&Value> {
        match &*self.program {
            Program::Constant(value) => Some(value),
            _ => None,
        }
    }
}
