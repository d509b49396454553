//! Parses JSON from lines of files, bodies of calls and messages: changes in Livewell's own form, one or a
//! `{"transaction":[...]}`, or records of any shape by a mapping.
//!
//! Parsing is strict, because what is guessed here is wrong everywhere after: unknown fields, repeated keys, ids that
//! are not strings and values nested beyond the limit are errors that name their column.

mod change;
mod exact;
#[cfg(feature = "kafka")]
mod key;
mod object;
mod print;
mod reader;
mod record;
mod typed;
mod unavailable;

#[cfg(feature = "kafka")]
pub(crate) use exact::Exact;
pub use print::{changes_to_json, transaction_to_json};
pub(crate) use reader::too_long;
pub use reader::{Reader, parse_transaction};
