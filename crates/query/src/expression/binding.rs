//! Expressions that bind a variable to one item of a list after the other: comprehensions, quantifiers, reduce.

use super::environment::Env;
use super::program::Program;
use super::{Allowance, EvalError, logic};
use crate::language::ast::Quantifier;
use livewell_model::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// `x IN list WHERE condition | result`; the condition and the result see the item as the innermost local.
#[derive(Debug)]
pub(super) struct Elements {
    pub list: Program,
    pub condition: Option<Program>,
    pub result: Option<Program>,
}

/// `reduce(total = start, x IN list | step)`; the step sees the item as the innermost local, the total around it.
#[derive(Debug)]
pub(super) struct Reduce {
    pub start: Program,
    pub list: Program,
    pub step: Program,
}

impl Elements {
    /// The list of the results for the items whose condition is true.
    pub(super) fn eval(&self, env: Env<'_>, allowance: &Allowance<'_>) -> Result<Value, EvalError> {
        let Some(items) = items(&self.list, env, allowance)? else { return Ok(Value::Null) };
        let mut results = Vec::new();
        for item in items.iter() {
            allowance.work(1)?;
            let local = env.bind(item);
            let inner = env.within(&local);
            if self.holds(inner, allowance)? != Some(true) {
                continue;
            }
            let result = match &self.result {
                Some(result) => result.eval(inner, allowance)?,
                None => Cow::Borrowed(item),
            };
            allowance.nested(&result)?;
            results.push(result.into_owned());
        }
        Ok(Value::list(results))
    }

    /// Of how many items the condition is true, in three-valued logic: an item whose condition is null may count
    /// or not, and where that decides, the answer is null.
    pub(super) fn quantify(
        &self,
        quantifier: Quantifier,
        env: Env<'_>,
        allowance: &Allowance<'_>,
    ) -> Result<Option<bool>, EvalError> {
        let Some(items) = items(&self.list, env, allowance)? else { return Ok(None) };
        let (mut holding, mut unknown) = (0usize, 0usize);
        for item in items.iter() {
            allowance.work(1)?;
            let local = env.bind(item);
            match self.holds(env.within(&local), allowance)? {
                Some(true) => holding += 1,
                Some(false) => {}
                None => unknown += 1,
            }
        }
        let least = holding;
        let most = holding + unknown;
        let within = |low: usize, high: usize| match () {
            () if low <= least && most <= high => Some(true),
            () if most < low || high < least => Some(false),
            () => None,
        };
        Ok(match quantifier {
            Quantifier::All => within(items.len(), items.len()),
            Quantifier::Any => within(1, usize::MAX),
            Quantifier::None => within(0, 0),
            Quantifier::Single => within(1, 1),
        })
    }

    fn holds(&self, inner: Env<'_>, allowance: &Allowance<'_>) -> Result<Option<bool>, EvalError> {
        match &self.condition {
            Some(condition) => logic::truth(&*condition.eval(inner, allowance)?),
            None => Ok(Some(true)),
        }
    }
}

impl Reduce {
    /// The total after the last item.
    pub(super) fn eval(&self, env: Env<'_>, allowance: &Allowance<'_>) -> Result<Value, EvalError> {
        let mut total = self.start.eval(env, allowance)?.into_owned();
        let Some(items) = items(&self.list, env, allowance)? else { return Ok(Value::Null) };
        for item in items.iter() {
            allowance.work(1)?;
            let next = {
                let outer = env.bind(&total);
                let around = env.within(&outer);
                let inner = around.bind(item);
                self.step.eval(around.within(&inner), allowance)?.into_owned()
            };
            total = next;
        }
        Ok(total)
    }
}

/// The items of a list; `None` is null.
fn items(list: &Program, env: Env<'_>, allowance: &Allowance<'_>) -> Result<Option<Arc<[Value]>>, EvalError> {
    match &*list.eval(env, allowance)? {
        Value::Null => Ok(None),
        Value::List(items) => Ok(Some(Arc::clone(items))),
        other => {
            let message = format!("what stands behind IN must be a list, got a {}", other.type_name());
            Err(EvalError::types(message))
        }
    }
}
