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

    /// What a step may hold. Without one of its own the state sets no limit.
    fn meter(&self) -> Meter {
        Meter::unlimited()
    }
}

/// A state in plain memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    operators: Entries,
    rows: Entries,
    meter: Meter,
}

/// The entries of one area.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

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
        let row = |(key, value): (&Vec<u8>, &Vec<u8>)| {
            let signature = key.as_slice().try_into().expect("a signature has eight bytes");
            (u64::from_be_bytes(signature), Row::decode(value).expect("the engine wrote the row"))
        };
        self.rows.iter().map(row).collect()
    }

    /// How many entries the operators keep.
    pub fn operator_entries(&self) -> usize {
        self.operators.len()
    }

    fn of(&self, area: Area) -> &Entries {
        match area {
            Area::Operators => &self.operators,
            Area::Rows => &self.rows,
        }
    }

    fn of_mut(&mut self, area: Area) -> &mut Entries {
        match area {
            Area::Operators => &mut self.operators,
            Area::Rows => &mut self.rows,
        }
    }
}

impl State for MemoryState {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        Ok(self.of(area).get(key).map(|value| Cow::Borrowed(value.as_slice())))
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        match order {
            Order::Ascending => self.scan_from(area, prefix, prefix, order, visit),
            Order::Descending => {
                let end = end_of(prefix);
                let within = (Bound::Included(prefix), end.as_ref().map(Vec::as_slice));
                visit_all(self.of(area).range::<[u8], _>(within).rev(), visit)
            }
        }
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        let entries = self.of(area);
        match order {
            Order::Ascending => {
                // To look at each key costs less than to search for the end.
                let behind = entries.range::<[u8], _>((Bound::Included(at), Bound::Unbounded));
                visit_all(behind.take_while(|(key, _)| key.starts_with(prefix)), visit)
            }
            Order::Descending => {
                let within = (Bound::Included(prefix), Bound::Excluded(at));
                visit_all(entries.range::<[u8], _>(within).rev(), visit)
            }
        }
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.of_mut(area).insert(key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.of_mut(area).remove(&key);
    }

    fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

/// The end of the keys that begin with `prefix`.
fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(last) = prefix.iter().rposition(|byte| *byte != u8::MAX) else { return Bound::Unbounded };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bound::Excluded(end)
}

fn visit_all<'e>(
    entries: impl Iterator<Item = (&'e Vec<u8>, &'e Vec<u8>)>,
    visit: Visit<'_>,
) -> Result<(), StepError> {
    for (key, value) in entries {
        if !visit(key, value)? {
            break;
        }
    }
    Ok(())
}
