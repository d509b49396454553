//! What measurements run: a query for each operator, over a graph of any size in memory, and changes of that graph.
//!
//! `cargo xtask growth` measures how their cost grows, `cargo xtask instructions` counts what they take.

mod cases;
mod running;
mod stored;

pub use cases::{CASES, Case, Growth, Load, Random};
pub use running::Running;
pub use stored::Stored;
