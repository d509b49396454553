//! Verification: compares a query's live results with its evaluation from scratch by the reference, at one sequence.
//!
//! One snapshot of the store gives the live rows, the query's checkpoints, and what functions of time remember; the rows
//! are copied, as bytes. The elements are then read as they were at the checkpoints, in pieces
//! (`read::seen`), and packed. The evaluation itself needs nothing of the store.

mod bag;
mod rows;
mod values;

use crate::component::holds::Holds;
use crate::read::seen::{Reading, Seen};
use crate::read::value::values::Values;
use crate::{Error, ErrorKind};
use livewell_query::Meter;
use livewell_query::expression::EvalError;
use livewell_query::language::code;
use livewell_query::meter::Halt;
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_store::Store;
use rows::LiveRows;
use values::ByValue;

pub use livewell_source::verified::{Difference, TableVerified, Verified as SourceVerified};

/// How many rows pass between two reports.
const PROGRESS_ROWS: u64 = 4_096;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sequence at which rows and evaluation were compared.
    pub sequence: u64,
    /// How many live rows there are.
    pub rows: u64,
    /// The first differences, in words; empty if there are none.
    pub differences: Vec<String>,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many of about so many elements have been read.
    Read {
        /// How many have been read.
        elements: u64,
        /// How many there were at the beginning.
        of: u64,
    },
    /// All elements have been read; the evaluation has given so many rows, to be compared with so many live ones.
    Compared {
        /// How many rows the evaluation has given.
        rows: u64,
        /// How many live rows there are.
        of: u64,
    },
}

/// How a verification is carried out.
pub(crate) struct Verification<'a> {
    pub(crate) store: &'a dyn Store,
    /// The holds on logs in the process that writes the store; `None` if nobody writes it.
    pub(crate) holds: Option<&'a Holds>,
    /// How much it may hold, and whether it is to end.
    pub(crate) meter: Meter,
    /// Called from time to time.
    pub(crate) on_progress: &'a dyn Fn(Progress),
}

/// Compares a query's live results with its evaluation from scratch.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown query, LW0529 or LW0534 if the query is too far behind for a
/// comparison, or an error if the evaluation fails or the store cannot be read.
pub fn verify(store: &dyn Store, query_id: &str) -> Result<Verified, Error> {
    verify_within(store, query_id, &Meter::unlimited(), &|_| ())
}

/// Like [`verify`], but holds no more than the meter allows, ends soon after it is cancelled, and reports its progress.
///
/// The store must not be written meanwhile by another process; [`crate::Livewell::verify_within`] is for the process
/// that writes it.
///
/// # Errors
/// Returns the errors of [`verify`]; LW0543 if it is cancelled or would hold more.
pub fn verify_within(
    store: &dyn Store,
    query_id: &str,
    meter: &Meter,
    on_progress: &dyn Fn(Progress),
) -> Result<Verified, Error> {
    Verification { store, holds: None, meter: meter.clone(), on_progress }.run(query_id, None)
}

/// Compares the rows of one value of a query with `for_each` with the evaluation of the query with that parameter.
///
/// # Errors
/// Returns the errors of [`verify_within`], and LW0544 if the values are not those that the query declares.
pub fn verify_value_within(
    store: &dyn Store,
    query_id: &str,
    values: &Values,
    meter: &Meter,
    on_progress: &dyn Fn(Progress),
) -> Result<Verified, Error> {
    Verification { store, holds: None, meter: meter.clone(), on_progress }.run(query_id, Some(values))
}

/// What one snapshot of the store says of a query.
struct Begun<'a> {
    seen: Seen<'a>,
    sequence: u64,
    live: Live,
    row_count: u64,
}

/// The live rows.
enum Live {
    All(LiveRows),
    ByValue(ByValue),
}

impl<'a> Verification<'a> {
    /// Verifies one query, or one value of it.
    ///
    /// # Errors
    /// Returns the errors of [`verify_within`], for a value those of [`verify_value_within`].
    pub(crate) fn run(&self, query_id: &str, of: Option<&Values>) -> Result<Verified, Error> {
        let not_to_the_end = |error| not_to_the_end(query_id, error);
        let Begun { seen, sequence, live, row_count } = self.begin(query_id, of).map_err(not_to_the_end)?;
        let query = seen.query.clone();
        let on_read = |elements, of| (self.on_progress)(Progress::Read { elements, of });
        let graph = seen.graph(&self.reading(), &on_read).map_err(not_to_the_end)?;
        let mut given = 0;
        let mut on_row = || {
            if given % PROGRESS_ROWS == 0 {
                (self.on_progress)(Progress::Compared { rows: given, of: row_count });
            }
            given += 1;
        };
        let named = |error| of_evaluation(query_id, error);
        let differences = match live {
            Live::ByValue(rows) => rows.compare(&query, &graph, &mut on_row, &named)?,
            Live::All(mut rows) => {
                let settings = query.engine_settings();
                let reference = Reference::with(&parse(&query.cypher)?, &query.params, &settings)?;
                let compare = &mut |row| {
                    on_row();
                    rows.compare(&row);
                    Ok(())
                };
                reference.each_row(&graph, compare).map_err(named)?;
                rows.differences()
            }
        };
        Ok(Verified { sequence, rows: row_count, differences })
    }

    /// Reads what has to be of one moment.
    fn begin(&self, query_id: &str, of: Option<&Values>) -> Result<Begun<'a>, Error> {
        let (seen, live) = Seen::begin(&self.reading(), query_id)?;
        let (sequence, mut row_count) = (live.0.head.sequence, live.row_count());
        let rows = match ByValue::read(&seen.query, &live, of, &self.meter)? {
            None => Live::All(LiveRows::read(&live, &self.meter)?),
            Some(by_value) => {
                row_count = by_value.row_count();
                Live::ByValue(by_value)
            }
        };
        Ok(Begun { seen, sequence, live: rows, row_count })
    }

    fn reading(&self) -> Reading<'a> {
        Reading { store: self.store, holds: self.holds, meter: self.meter.clone() }
    }
}

/// Returns the error of a verification that did not finish, before its evaluation.
fn not_to_the_end(query_id: &str, error: Error) -> Error {
    match error.is_cancelled() {
        true => of_evaluation(query_id, Halt::Cancelled.into()),
        false if error.code == code::STEP_BYTES => of_evaluation(query_id, Halt::OverBudget(0).into()),
        false => error,
    }
}

/// Returns the error of a verification whose evaluation did not finish.
fn of_evaluation(query_id: &str, error: EvalError) -> Error {
    match error.code {
        code::CANCELLED => {
            let message = format!("verifying `{query_id}` was cancelled before its end");
            Error::new(ErrorKind::Unavailable, "LW0543", message)
        }
        code::STEP_BYTES => {
            let message = format!(
                "evaluating `{query_id}` from scratch takes more memory than `server.limits.verify_bytes` allows; allow \
                 more there, or stop the server and run `livewell verify {query_id} --store DIRECTORY`"
            );
            Error::stopped("LW0543", message)
        }
        _ => Error::stopped(error.code, error.message),
    }
}
