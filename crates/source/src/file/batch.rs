//! The result of one read: transactions, and the input that was set aside among them.

use crate::{InputError, Place};
use livewell_model::Transaction;
use std::fmt;

/// The result of one [`FileSource::read`](super::FileSource::read).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// The transactions, in the order of the file.
    pub transactions: Vec<Transaction>,
    /// Under `on_error: park`, the line that each of them was read from, which is set aside if the transaction is
    /// refused.
    pub lines: Vec<Line>,
    /// The lines set aside among them under `on_error: park`.
    pub parked: Vec<Parked>,
    /// The position after them: an encoded [`FilePosition`](super::FilePosition), to be stored in the same commit.
    pub position: Vec<u8>,
    /// Whether everything has been read and nothing will follow.
    pub end: bool,
}

/// A line (or row) that a transaction was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of its file in the list, from 0.
    pub file: usize,
    /// Where it begins, in lines from 1.
    pub line: u64,
    /// The line as it is in the file.
    pub text: String,
}

/// A line (or row) that is not a change, set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// How many of the batch's transactions come before it.
    pub after: usize,
    /// The number of its file in the list, from 0.
    pub file: usize,
    /// Where it begins, in lines from 1.
    pub line: u64,
    /// Whether the text is all of it, as it came: not cut, and no byte that was not text replaced.
    pub is_whole: bool,
    /// The line as it is in the file; of one beyond the limit, only the beginning.
    pub text: String,
    /// Where the error is.
    pub place: Place,
    /// Why it is not a change.
    pub error: InputError,
}

impl fmt::Display for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.error)
    }
}
