//! Reactions that write files: [`Append`] adds a line per query result, [`Table`] keeps the rows true now.

mod append;
mod mark;
mod place;
mod rotate;
mod settings;
mod table;

pub use append::Append;
pub use settings::{FileMode, FileSettings, Rotate};
pub use table::Table;
