//! `kind: postgres`: a table that equals the live results, or a statement for each diff; exactly once, because the
//! checkpoint moves in the same transaction of the target database.

mod checkpoint;
mod execute;
mod kind;
mod layout;
mod login;
mod parameter;
mod place;
mod refusal;
mod session;
mod settings;
mod snapshot;
mod statement;
mod table;
mod text;
mod write;

pub use execute::Execute;
pub use settings::{PostgresMode, PostgresSettings};
pub use table::Table;
