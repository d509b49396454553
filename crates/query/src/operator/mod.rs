//! The operators: a bag algebra over weighted rows (Z-sets), maintained change by change.
//!
//! An operator is a function `F` on bags. Its incremental form takes the change of its inputs and gives the
//! change of its output: `F(A + dA) - F(A)`, reading and updating whatever of `A` it has to remember. The
//! laws each one keeps are stated at its file's top and held by comparing with [`crate::reference`].
//!
//! Sources: F. McSherry, D. Murray, R. Isaacs, M. Isard, "Differential dataflow", CIDR 2013; M. Budiu et al.,
//! "DBSP: Automatic Incremental View Maintenance for Rich Query Languages", VLDB 2023.

pub mod aggregate;
pub mod apply;
pub mod filter;
pub mod matching;
pub mod nested;
pub mod outer;
pub mod output;
mod place;
pub mod project;
pub mod recalled;
pub mod scan;
mod sorting;
pub mod timed;
pub mod union;
pub mod unit;
pub mod unwind;
pub mod window;
mod writing;

pub use crate::batch::{Batch, Weighted};

use crate::meter::Meter;
use crate::meter::size::{self, Measure};
use crate::state::{State, StepError};
use hashbrown::{DefaultHashBuilder, HashTable};
use livewell_model::{AppliedChange, Timestamp, Value};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// From nothing to the empty graph, where rows that need no element arise, and on to a first part of the base.
    Begin,
    /// A part of the base: what was before the query.
    Base,
    /// The changes of a transaction.
    Transaction,
    /// No changes: the timers fire that are due.
    Tick,
}

/// What a step gives its operators.
pub struct Step<'a> {
    /// The query's state.
    pub state: &'a mut dyn State,
    /// The elements the transaction changed, each once.
    pub changes: &'a [AppliedChange],
    /// What kind of step it is.
    pub kind: StepKind,
    /// The query's time: the largest time of a transaction so far, or the moment of a tick.
    pub now: Timestamp,
    /// What the step may hold.
    pub meter: &'a Meter,
}

impl Step<'_> {
    /// Whether rows arise that need no element.
    pub fn begins(&self) -> bool {
        self.kind == StepKind::Begin
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("changes", &self.changes.len()).field("kind", &self.kind).finish()
    }
}

/// What is remembered of one row at one function of time.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Where in the query's text the function's call begins.
    pub place: usize,
    /// The row's key.
    pub key: Vec<u8>,
    /// Since when the call's first argument is what it is.
    pub since: Timestamp,
    /// The first argument.
    pub held: Value,
    /// The last value it had that was another one.
    pub previous: Option<Value>,
}

/// The changes of an operator's inputs, in their order: mostly of one.
pub type Inputs = SmallVec<[Batch; 1]>;

/// One operator of a plan.
///
/// **Versions.** Beside each operator there is a constant `LAYOUT`, which is part of the identity of stored state. It has
/// to be raised by every change after which state that an earlier version wrote is not what this one would have
/// written: other keys or other bytes under the same key, something more or less that is remembered, and other rows for
/// the same input, since operators behind it have stored those. It stays for everything else: speed, words, messages.
/// What expressions mean has a version of its own.
pub trait Operator: Send + Sync + fmt::Debug {
    /// Takes the changes of its inputs and gives the consolidated change of its output.
    ///
    /// # Errors
    /// Returns an error if an expression has no value, a limit is reached or the state fails.
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError>;

    /// Whether it looks at the changed elements themselves, so that it has work also where its inputs have not
    /// changed.
    fn reads_changes(&self) -> bool {
        false
    }

    /// When its first timer is due, if it has any.
    ///
    /// # Errors
    /// Returns an error if the state fails.
    fn next_due(&self, _state: &dyn State) -> Result<Option<Timestamp>, StepError> {
        Ok(None)
    }

    /// Visits what it remembers of each row over time.
    ///
    /// # Errors
    /// Returns an error if the state fails.
    fn histories(&self, _state: &dyn State, _visit: &mut dyn FnMut(History)) -> Result<(), StepError> {
        Ok(())
    }

    /// Whether what it gives moves with the history of rows and the clock. So it is with every operator that has timers.
    fn tells_time(&self) -> bool {
        false
    }
}

/// The rows of an operator's only input.
fn only(inputs: Inputs) -> Batch {
    inputs.into_iter().next().unwrap_or_default()
}

/// The rows of an operator's two inputs.
fn pair(inputs: Inputs) -> [Batch; 2] {
    <[Batch; 2]>::try_from(inputs.into_vec()).expect("the plan gives it two inputs")
}

/// Adds the weights of equal rows and drops those that come to nothing.
///
/// Without it, rows that were never true (one input already new, another still old) would reach expressions.
///
/// # Errors
/// Returns the errors of [`Meter::hold`].
pub fn consolidate(mut batch: Batch, meter: &Meter) -> Result<Batch, StepError> {
    const FEW: usize = 8;
    if batch.len() <= FEW {
        add_up_few(&mut batch);
    } else {
        add_up_many(&mut batch, meter)?;
    }
    batch.retain(|entry| entry.weight != 0);
    Ok(batch)
}

/// Moves each row's weight to where the row comes first, in place.
fn add_up_few(batch: &mut Batch) {
    for at in 1..batch.len() {
        let (before, rest) = batch.split_at_mut(at);
        if let Some(have) = before.iter_mut().find(|have| have.row == rest[0].row) {
            have.weight += std::mem::take(&mut rest[0].weight);
        }
    }
}

/// Moves each row's weight to where the row comes first, in place, by the rows' hashes. Hashes only find places: the
/// order of the rows stays.
fn add_up_many(batch: &mut Batch, meter: &Meter) -> Result<(), StepError> {
    /// What finds one row, in a table that may be half empty.
    const PLACE: usize = 2 * (size_of::<usize>() + 1);
    let held = batch.len() * PLACE;
    meter.hold(held)?;
    let hasher = DefaultHashBuilder::default();
    let mut first: HashTable<usize> = HashTable::with_capacity(batch.len());
    for at in 0..batch.len() {
        meter.tick()?;
        let (before, rest) = batch.split_at_mut(at);
        let hash = hash_of(&rest[0].row, &hasher);
        match first.find(hash, |place| before[*place].row == rest[0].row) {
            Some(place) => before[*place].weight += std::mem::take(&mut rest[0].weight),
            None => {
                let hash_of = |place: &usize| hash_of(&before[*place].row, &hasher);
                first.insert_unique(hash, at, hash_of);
            }
        }
    }
    meter.release(held);
    Ok(())
}

/// The hash of a row; of an element only its id is looked at, which almost always tells it apart.
fn hash_of(row: &[Value], hasher: &DefaultHashBuilder) -> u64 {
    let mut state = hasher.build_hasher();
    for value in row {
        match value {
            Value::Node(node) => node.id.hash(&mut state),
            Value::Relationship(relationship) => relationship.id.hash(&mut state),
            value => value.hash(&mut state),
        }
    }
    state.finish()
}

/// Measures what an operator holds, if that has grown: its output, and `others` bytes of what it was given.
fn settle(meter: &Meter, others: usize, out: &Batch) {
    meter.settle(|| others + Measure::default().batch(out));
}

/// Puts a row out of an operator, which holds it from then on.
fn put(out: &mut Batch, row: Vec<Value>, weight: i64, meter: &Meter) -> Result<(), StepError> {
    meter.hold(size::row(row.len()))?;
    out.push(Weighted { row, weight });
    Ok(())
}

/// Puts the row out that goes and the one that comes in its place, if they are two.
fn replace(
    out: &mut Batch,
    gone: Option<Vec<Value>>,
    come: Option<Vec<Value>>,
    meter: &Meter,
) -> Result<(), StepError> {
    if gone == come {
        return Ok(());
    }
    for (row, weight) in [(gone, -1), (come, 1)] {
        if let Some(row) = row {
            put(out, row, weight, meter)?;
        }
    }
    Ok(())
}
