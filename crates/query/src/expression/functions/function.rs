//! A function as the table has it: what it takes, what it returns, and how it is computed.

use super::refused;
use crate::expression::{Allowance, EvalError, TypeSet};
use crate::language::Diagnostic;
use crate::language::ast::Span;
use livewell_model::Value;

/// A scalar function.
#[derive(Debug)]
pub struct Function {
    /// Its name, as the documentation writes it; calls may use any case.
    pub name: &'static str,
    /// The fewest and the most arguments.
    pub arguments: (usize, usize),
    /// What each argument can be besides null; the last stands for all further ones.
    parameters: &'static [TypeSet],
    /// What it gives.
    pub result: TypeSet,
    /// Whether it may fail on arguments of those types.
    pub fallible: bool,
    /// Whether a null among the arguments makes the result null.
    strict: bool,
    implementation: Implementation,
}

/// The arguments (none null for a strict function) and what may be built.
pub(super) type Implementation = fn(&[Value], &Allowance<'_>) -> Result<Value, EvalError>;

/// A function that succeeds on all arguments of its types.
pub(super) const fn total(
    name: &'static str,
    parameters: &'static [TypeSet],
    result: TypeSet,
    implementation: Implementation,
) -> Function {
    let arguments = (parameters.len(), parameters.len());
    let result = result.or_null();
    Function { name, arguments, parameters, result, fallible: false, strict: true, implementation }
}

/// A function that fails on some arguments of its types.
pub(super) const fn partial(
    name: &'static str,
    parameters: &'static [TypeSet],
    result: TypeSet,
    implementation: Implementation,
) -> Function {
    let mut function = total(name, parameters, result, implementation);
    function.fallible = true;
    function
}

/// A function that reads a clock, which a standing query does not have: all it has is null for null.
pub(super) const fn clock(name: &'static str) -> Function {
    total(name, &[TypeSet::NULL], TypeSet::NULL, |arguments, _| Err(EvalError::arguments(arguments)))
}

impl Function {
    /// Why a call with an argument of these types is refused, if it would read a clock.
    pub(crate) fn refusal(&self, argument: Option<TypeSet>, span: Span) -> Option<Diagnostic> {
        let reads = self.parameters == [TypeSet::NULL] && argument != Some(TypeSet::NULL);
        reads.then(|| refused::clock_with_argument(self.name, span))
    }

    pub(super) const fn variadic(mut self) -> Self {
        self.arguments.1 = usize::MAX;
        self
    }

    /// The last `count` arguments may be left out.
    pub(super) const fn optional(mut self, count: usize) -> Self {
        self.arguments.0 -= count;
        self
    }

    /// The implementation sees nulls.
    pub(super) const fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// What argument number `at` can be, besides null.
    pub fn parameter(&self, at: usize) -> TypeSet {
        self.parameters.get(at).or(self.parameters.last()).copied().unwrap_or(TypeSet::ANY)
    }

    /// The function's value.
    ///
    /// # Errors
    /// [`EvalError`] where an argument has a type or value the function does not take.
    pub fn apply(&self, arguments: &[Value], allowance: &Allowance<'_>) -> Result<Value, EvalError> {
        if self.strict && arguments.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        (self.implementation)(arguments, allowance)
            .map_err(|error| EvalError { message: format!("`{}` {}", self.name, error.message), ..error })
    }
}
