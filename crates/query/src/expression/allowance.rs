//! How much one evaluation may build: a short expression can ask for a result that fills the memory.

use super::EvalError;
use crate::language::code;
use crate::meter::Meter;
use livewell_model::Value;
use std::cell::Cell;

/// The list items and map entries one evaluation may build.
pub const MAX_ITEMS: usize = 2_000_000;

/// The bytes of strings one evaluation may build.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;

/// How deep lists and maps that an expression builds may be nested.
pub const MAX_DEPTH: usize = 100;

/// How much one evaluation may do in the bodies of comprehensions, quantifiers and reduce: their rounds, and the
/// items and pieces of 16 bytes of text that are looked at in them.
pub const MAX_WORK: usize = 50_000_000;

/// So many bytes of text count as one unit of work.
const TEXT_UNIT: usize = 16;

/// Like the three above, but for what one expression has in common on every row: a text is compiled while its caller waits.
const AHEAD: [usize; 3] = [100_000, 1024 * 1024, 200_000];

/// What is left of the limits in one evaluation, and the meter of the step that it is part of.
#[derive(Debug)]
pub struct Allowance<'m> {
    items: Cell<usize>,
    text: Cell<usize>,
    work: Cell<usize>,
    meter: Option<&'m Meter>,
}

impl Default for Allowance<'_> {
    fn default() -> Self {
        Self::of([MAX_ITEMS, MAX_TEXT, MAX_WORK], None)
    }
}

impl<'m> Allowance<'m> {
    /// The limits of one evaluation in a step, which holds what the evaluation builds.
    pub fn within(meter: &'m Meter) -> Self {
        Self::of([MAX_ITEMS, MAX_TEXT, MAX_WORK], Some(meter))
    }

    /// The limits of all that is computed ahead when one expression is compiled.
    pub(super) fn ahead() -> Self {
        Self::of(AHEAD, None)
    }

    fn of(limits: [usize; 3], meter: Option<&'m Meter>) -> Self {
        let [items, text, work] = limits.map(Cell::new);
        Self { items, text, work, meter }
    }

    fn hold(&self, bytes: usize) -> Result<(), EvalError> {
        Ok(self.meter.map_or(Ok(()), |meter| meter.hold(bytes))?)
    }

    /// Takes the building of `count` items.
    ///
    /// # Errors
    /// [`EvalError`] where fewer are left.
    pub fn items(&self, count: usize) -> Result<(), EvalError> {
        take(&self.items, count, || format!("build more than {MAX_ITEMS} list items"))?;
        self.hold(count * size_of::<Value>())
    }

    /// Takes the building of `bytes` of text.
    ///
    /// # Errors
    /// [`EvalError`] where fewer are left.
    pub fn text(&self, bytes: usize) -> Result<(), EvalError> {
        take(&self.text, bytes, || format!("build more than {MAX_TEXT} bytes of text"))?;
        self.hold(bytes)
    }

    /// Takes `units` of work in the body of a comprehension.
    ///
    /// # Errors
    /// [`EvalError`] where less is left.
    pub fn work(&self, units: usize) -> Result<(), EvalError> {
        take(&self.work, units, || format!("take more than {MAX_WORK} steps"))?;
        Ok(self.meter.map_or(Ok(()), |meter| meter.work(units))?)
    }

    /// Takes the work of looking at all of a value.
    ///
    /// # Errors
    /// [`EvalError`] where less is left.
    pub fn look(&self, value: &Value) -> Result<(), EvalError> {
        match value {
            Value::List(items) | Value::Path(items) => {
                self.work(items.len())?;
                let high = |item: &&Value| matches!(item, Value::List(_) | Value::Map(_) | Value::String(_));
                items.iter().filter(high).try_for_each(|item| self.look(item))
            }
            Value::Map(map) => {
                self.work(map.len())?;
                map.iter().try_for_each(|(_, item)| self.look(item))
            }
            Value::String(text) => self.work(text.len() / TEXT_UNIT),
            _ => Ok(()),
        }
    }

    /// Takes a value that is put into a list or map. A list that holds one list many times is small in
    /// memory and yet has all those items to whoever writes it down, so they count.
    ///
    /// # Errors
    /// [`EvalError`] where it is too large or too deep.
    pub fn nested(&self, value: &Value) -> Result<(), EvalError> {
        self.measure(value, 1)
    }

    fn measure(&self, value: &Value, depth: usize) -> Result<(), EvalError> {
        self.items(1)?;
        if depth > MAX_DEPTH {
            return Err(too_large(format!("build lists nested more than {MAX_DEPTH} levels deep")));
        }
        match value {
            Value::List(items) => items.iter().try_for_each(|item| self.measure(item, depth + 1)),
            Value::Map(map) => map.iter().try_for_each(|(_, value)| self.measure(value, depth + 1)),
            _ => Ok(()),
        }
    }
}

fn take(left: &Cell<usize>, count: usize, what: impl FnOnce() -> String) -> Result<(), EvalError> {
    let rest = left.get().checked_sub(count).ok_or_else(|| too_large(what()))?;
    left.set(rest);
    Ok(())
}

fn too_large(what: impl std::fmt::Display) -> EvalError {
    EvalError { code: code::TOO_LARGE, message: format!("the expression would {what}") }
}
