//! Where operators keep what they must remember, and where the live rows are: an ordered byte map in two areas.
//!
//! The engine never knows what is behind it. In a pipeline it is a snapshot of the store under an overlay of
//! what the running step has written; here is also the plain map that tests and volatile uses need.

use crate::expression::EvalError;
use crate::language::code;
use crate::meter::{Halt, Meter};
use livewell_model::{DecodeError, Row};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

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

    /// Puts `value` under `key`.
    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>);

    /// Deletes `key`, if it is there.
    fn delete(&mut self, area: Area, key: Vec<u8>);

    /// What a step may hold. Without one of its own the state sets no limit.
    fn meter(&self) -> Meter {
        Meter::unlimited()
    }
}

/// A state in plain memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    map: BTreeMap<(Area, Vec<u8>), Vec<u8>>,
    meter: Meter,
}

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits what a step over this state may hold; what it keeps in the state itself does not count.
    #[must_use]
    pub fn within(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// The live rows by signature.
    ///
    /// # Panics
    /// Where a row cannot be decoded, which nothing but the engine has written.
    pub fn rows(&self) -> Vec<(u64, Row)> {
        let rows = self.map.range((Area::Rows, Vec::new())..);
        rows.map(|((_, key), value)| {
            let signature = key.as_slice().try_into().expect("a signature has eight bytes");
            (u64::from_be_bytes(signature), Row::decode(value).expect("the engine wrote the row"))
        })
        .collect()
    }

    /// How many entries the operators keep.
    pub fn operator_entries(&self) -> usize {
        self.map.range(..(Area::Rows, Vec::new())).count()
    }
}

impl State for MemoryState {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        Ok(self.map.get(&(area, key.to_vec())).map(|value| Cow::Borrowed(value.as_slice())))
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        let from = Bound::Included((area, prefix.to_vec()));
        let entries = self.map.range((from, Bound::Unbounded));
        let mut entries: Box<dyn Iterator<Item = _>> =
            Box::new(entries.take_while(|((have, key), _)| *have == area && key.starts_with(prefix)));
        if order == Order::Descending {
            entries = Box::new(entries.collect::<Vec<_>>().into_iter().rev());
        }
        for ((_, key), value) in entries {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.map.insert((area, key), value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.map.remove(&(area, key));
    }

    fn meter(&self) -> Meter {
        self.meter.clone()
    }
}
