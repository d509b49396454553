//! What comes as JSON, as a line of a file, of the body of a call, or as a message: changes in the form of Livewell,
//! one or a `{"transaction":[...]}`, or records of any shape by a mapping.
//!
//! Parsing is strict, because what is guessed here is wrong everywhere after: unknown fields, repeated keys,
//! ids that are no strings and values nested beyond the limit are errors that name their column.

mod change;
mod object;
mod print;
mod reader;
mod record;
mod typed;
mod unavailable;

pub use print::transaction_to_json;
pub(crate) use reader::too_long;
pub use reader::{Reader, parse_transaction};
