//! The physical plan: how a query's result is maintained, as data.
//!
//! The operators of [`crate::operator`] with everything they are given: slots as indexes, conditions in their scans,
//! what is kept of each element, the look-ups that complete a pattern, and the numbers under which state
//! lies. It is made of the logical plan in steps, each in a file of its own: `conditions` moves conditions into
//! scans, `needs` finds what is used of each slot, `lower` and `matching` put the operators together,
//! `lookups` orders the extension of a pattern, `shared` finds where elements need not be copied,
//! and `room` how far rows grow.
//!
//! `encoding` writes a plan as bytes that are equal if state of one plan can be continued by the other.

mod conditions;
mod encoding;
mod lookups;
mod lower;
mod matching;
mod names;
mod needs;
mod nodes;
mod pattern;
mod reads;
mod room;
mod shared;
mod show;

pub(super) use lower::lower;
pub use nodes::{Node, Physical, PhysicalOp};
pub use reads::Reads;
pub(super) use show::{details, show, title};
