//! What one read brought.

use crate::InputError;
use livewell_model::Transaction;

/// What one read brought.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The transactions, in the order of the stream.
    pub transactions: Vec<Taken>,
    /// What was set aside among them under `on_error: park`.
    pub parked: Vec<Parked>,
    /// Where reading is after them: an encoded [`NatsPosition`](super::NatsPosition), to be stored in the same commit;
    /// `None` if it did not move.
    pub position: Option<Vec<u8>>,
    /// Whether the stream held nothing more.
    pub caught_up: bool,
}

/// A message as a transaction.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// The message in words, for errors: its stream, sequence and subject.
    pub name: String,
    /// What it says. Without a timestamp of its own it has that at which the stream took it.
    pub transaction: Transaction,
    /// Under `on_error: park`, the message as it came: it is set aside if it is refused.
    pub text: Option<String>,
}

/// A message that is not a change, set aside.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    /// How many of the transactions that were read with it come before it.
    pub after: usize,
    /// The message in words: its stream, sequence and subject.
    pub name: String,
    /// What it holds; of a long one that is no change, the beginning.
    pub text: String,
    /// Whether that is all of it, as it came: not cut, and no byte replaced that was no text.
    pub is_whole: bool,
    /// Why it is not a change.
    pub error: InputError,
}
