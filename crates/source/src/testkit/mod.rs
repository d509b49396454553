//! The base for tests of sources: a store in memory and a driver that can fail at every point.
//!
//! [`Memory`] keeps what a source writes; its commits are all or nothing. [`Driver`] does with a source what the
//! pipeline does: it opens the source, reads, takes in, commits, and says that the commit is durable. On request it
//! drops a commit or kills the source in between ([`Fault`]). Both panic if a source breaks the contract of
//! [`Commit`](crate::source::Commit), which no store can notice in production. On top, [`laws`] is a suite that every
//! source passes; run it on your own one, too.

mod commit;
mod driver;
pub mod laws;
mod memory;

pub use commit::MemoryCommit;
pub use driver::{Driver, Fault, Watcher};
pub use memory::{Logged, Memory, ParkedInput};
