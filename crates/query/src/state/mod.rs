//! Where operators keep what they must remember, and where the live rows are: an ordered byte map in two areas.
//!
//! The engine never knows what is behind it. In a pipeline it is a snapshot of the store under an overlay of
//! what the running step has written; in tests and volatile uses a [`MemoryState`].

use crate::expression::EvalError;
use crate::language::code;
use crate::meter::{Halt, Meter};
use livewell_model::DecodeError;
use std::borrow::Cow;

mod memory;

pub use memory::MemoryState;

/// The two areas of a query's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// What operators remember, under keys that begin with the operator's number.
    Operators,
    /// The live rows, under their signatures, big-endian.
    Rows,
}

/// Which end of a range a scan begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Why a step could not be taken. The query stops before the change that caused it.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// An expression has no value: a division by zero, a wrong type.
    #[error("{0}")]
    Evaluate(#[source] EvalError),
    /// What stands in the state is not what was put there.
    #[error("the query's stored state is damaged: {0}")]
    Damaged(String),
    /// A limit is reached.
    #[error("{0}")]
    Limit(String),
    /// It would hold more memory than it may.
    #[error("{0}")]
    OverBudget(String),
    /// It was cancelled.
    #[error("the step was cancelled")]
    Cancelled,
    /// What is behind the state failed.
    #[error("{0}")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<EvalError> for StepError {
    fn from(error: EvalError) -> Self {
        match error.code {
            code::STEP_BYTES => Self::OverBudget(error.message),
            code::CANCELLED => Self::Cancelled,
            _ => Self::Evaluate(error),
        }
    }
}

impl From<Halt> for StepError {
    fn from(halt: Halt) -> Self {
        EvalError::from(halt).into()
    }
}

impl From<DecodeError> for StepError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// What a scan hands each entry to: key, value; `false` ends the scan.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<bool, StepError>;

/// A key with what is put under it; without a value the key is deleted.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// The state a step reads and writes. A read sees what the step wrote before it.
pub trait State {
    /// The value under `key`.
    ///
    /// # Errors
    /// [`StepError::State`] where what is behind it fails.
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError>;

    /// Visits the entries whose keys begin with `prefix`.
    ///
    /// # Errors
    /// What `visit` gives, and as [`State::get`].
    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError>;

    /// Visits the entries whose keys begin with `prefix`, from the place `at` on: in ascending order the keys from it on,
    /// in descending order those before it. `at` begins with `prefix`, too.
    ///
    /// # Errors
    /// Returns the errors of [`State::scan`].
    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError>;

    /// Puts `value` under `key`.
    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>);

    /// Deletes `key`, if it is there.
    fn delete(&mut self, area: Area, key: Vec<u8>);

    /// Makes many writes of an operator, in the order of their keys; of several writes of one key the last counts. A state
    /// may have a faster way than to make one after the other.
    fn write_all(&mut self, writes: Vec<Write>) {
        for (key, value) in writes {
            match value {
                Some(value) => self.put(Area::Operators, key, value),
                None => self.delete(Area::Operators, key),
            }
        }
    }

    /// What a step may hold. Without one of its own the state sets no limit.
    fn meter(&self) -> Meter {
        Meter::unlimited()
    }
}
