//! The target of a reaction that keeps a copy of the live results, looked at beside the reaction: how many rows there
//! are, and whether they are the live results of its checkpoint. Nothing in the target changes.

use crate::ReactionError;
use crate::reached::Reached;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use livewell_model::json::Data;

/// How many differences of each sort are shown.
pub const SHOWN_MAX: usize = 20;
/// How much of a row is shown, in characters.
const TEXT_CHARS_MAX: usize = 1_000;

/// Reads the target of a reaction, from any thread, while the reaction is at work or not.
pub trait Target: Send + Sync {
    /// Counts the rows of the target and reads its checkpoint.
    ///
    /// # Errors
    /// Returns an error if the target is out of reach or refuses, or once [`Kept::is_over`] returns true.
    fn look(&self, kept: &Kept<'_>) -> Result<Held, ReactionError>;

    /// Compares the rows of the target with the live results of its checkpoint.
    ///
    /// # Errors
    /// Returns the errors of [`Target::look`] and of `live`; [`ReactionError::Unsettled`] if the target moved while it
    /// was read, or has no checkpoint.
    fn compare(&self, kept: &Kept<'_>, live: &mut dyn Live) -> Result<Compared, ReactionError>;
}

/// The copy of the live results that a reaction keeps.
pub struct Kept<'a> {
    /// The store's identity, as in [`crate::Start`].
    pub store: &'a str,
    /// The reaction's id.
    pub reaction: &'a str,
    /// The query that it follows.
    pub query_id: &'a str,
    /// Reads the checkpoint as it is stored now.
    pub stored: &'a dyn Fn() -> Result<Stored, ReactionError>,
    /// Returns whether nobody waits for the answer any more.
    pub is_over: &'a dyn Fn() -> bool,
}

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// How far the reaction is.
    pub reached: Reached,
    /// The detail; empty before the first delivery.
    pub detail: Vec<u8>,
}

/// The live results at the checkpoint of a target.
pub trait Live {
    /// Begins to read the rows at this place, from the first one on. Returns the names of the columns.
    ///
    /// # Errors
    /// Returns [`ReactionError::Unsettled`] if the rows of that place cannot be computed any more, or not yet; an error
    /// if the store cannot be read.
    fn begin(&mut self, at: &Reached) -> Result<Vec<SmolStr>, ReactionError>;

    /// Returns the next row, ascending by signature; `None` at the end.
    ///
    /// # Errors
    /// Returns [`ReactionError::Unsettled`] if the query is rebuilt meanwhile; an error if the store cannot be read.
    fn next(&mut self) -> Result<Option<(u64, Columns)>, ReactionError>;

    /// Returns one row, as it was at the place that [`Live::begin`] was given.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn row(&mut self, signature: u64) -> Result<Option<Columns>, ReactionError>;

    /// Holds so many bytes more, until the next [`Live::begin`].
    ///
    /// # Errors
    /// Returns an error if that is more than a comparison may hold, or if nobody waits for it any more.
    fn hold(&self, bytes: usize) -> Result<(), ReactionError>;
}

/// What a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The target in words.
    pub target: String,
    /// How many rows there are.
    pub rows: u64,
    /// The checkpoint that the rows are of; `None` if there is none, or what is there is not what was written.
    pub reached: Option<Reached>,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The target in words.
    pub target: String,
    /// The checkpoint of the target, at which the rows were compared.
    pub reached: Reached,
    /// How many rows the target has.
    pub there: u64,
    /// How many live results there were at the checkpoint.
    pub live: u64,
    /// Live results that the target does not have.
    pub missing: Found,
    /// Rows with other values than the live results of their keys.
    pub changed: Found,
    /// Rows of the target that are not among the live results.
    pub extra: Found,
}

impl Compared {
    /// Begins a comparison in which nothing was read yet.
    pub(crate) fn begin(target: String, reached: Reached) -> Self {
        let [missing, changed, extra] = [const { Found { count: 0, first: Vec::new() } }; 3];
        Self { target, reached, there: 0, live: 0, missing, changed, extra }
    }

    /// Returns whether nothing differs.
    pub fn is_equal(&self) -> bool {
        [&self.missing, &self.changed, &self.extra].iter().all(|found| found.count == 0)
    }
}

/// Differences of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many there are.
    pub count: u64,
    /// The first of them, at most [`SHOWN_MAX`].
    pub first: Vec<Difference>,
}

impl Found {
    /// Counts a difference, and describes it if it is among the first.
    ///
    /// # Errors
    /// Returns the error of `describe`.
    pub(crate) fn add<E>(&mut self, describe: impl FnOnce() -> Result<Difference, E>) -> Result<(), E> {
        self.count += 1;
        if self.first.len() < SHOWN_MAX {
            self.first.push(describe()?);
        }
        Ok(())
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How the target tells rows apart: the key of the row, or its signature.
    pub key: String,
    /// The row that should be there, as JSON; `None` if none should be.
    pub expected: Option<String>,
    /// What is there; `None` if nothing is.
    pub found: Option<String>,
}

impl Difference {
    /// Describes a row, with long texts cut.
    pub(crate) fn new(key: String, expected: Option<String>, found: Option<String>) -> Self {
        Self { key: cut(key), expected: expected.map(cut), found: found.map(cut) }
    }
}

/// Returns a row as JSON.
pub(crate) fn row_text(names: &[SmolStr], columns: &Columns) -> String {
    serde_json::to_string(&Data { names, columns }).expect("a row always has a JSON form")
}

/// Cuts a text that is too long to be shown.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns a place as people read it: `1-18402`.
pub(crate) fn place_text(reached: &Reached) -> String {
    format!("{}-{}", reached.epoch, reached.sequence)
}

/// Returns the error that a target has no checkpoint.
pub(crate) fn no_checkpoint(target: String) -> ReactionError {
    let cause = "it holds no checkpoint of this reaction: nothing has been delivered yet, or the reaction is being \
                 rebuilt";
    ReactionError::Unsettled { target, cause: cause.into() }
}

/// Returns the error that a target moved while it was read.
pub(crate) fn moved(target: String, from: &Reached, to: Option<&Reached>) -> ReactionError {
    let to = to.map_or_else(|| "no checkpoint".to_owned(), place_text);
    let cause = format!("it moved from {} to {to} while it was read", place_text(from));
    ReactionError::Unsettled { target, cause }
}

/// Returns the error that nobody waits for the answer any more.
pub(crate) fn given_up(kept: &Kept<'_>, target: &str) -> Result<(), ReactionError> {
    if (kept.is_over)() {
        let cause = "nobody waits for the answer any more".to_owned();
        return Err(ReactionError::Unsettled { target: target.to_owned(), cause });
    }
    Ok(())
}
