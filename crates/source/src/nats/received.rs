//! The result of one read.

use crate::InputError;
use livewell_model::Transaction;

/// The result of one read.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The transactions, in the order of the stream.
    pub transactions: Vec<Taken>,
    /// The messages set aside among them under `on_error: park`.
    pub parked: Vec<Parked>,
    /// The position after them: an encoded [`NatsPosition`](super::NatsPosition), to be stored in the same commit;
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
    /// What it says. A transaction without a timestamp of its own has the time at which the stream stored the message.
    pub transaction: Transaction,
    /// Under `on_error: park`, the message as it came: to set aside if it is refused.
    pub text: Option<String>,
}

/// A message that is not a change, set aside.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    /// How many of the transactions that were read with it come before it.
    pub after: usize,
    /// The message in words: its stream, sequence and subject.
    pub name: String,
    /// The message; of a long one that is not a change, the beginning.
    pub text: String,
    /// Whether that is the whole message, as it came: not cut, and no byte that was not text replaced.
    pub is_whole: bool,
    /// Why it is not a change.
    pub error: InputError,
}
