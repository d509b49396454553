//! The logical plan: what a query computes, as data.
//!
//! A list of operators, each behind those it takes its input from. Expressions are trees over the names of slots;
//! nothing is compiled, and nothing is decided that depends on how the result is maintained: that is
//! [`super::physical`].
//!
//! What one row cannot compute is an operator of its own here already: a subquery, a call of a function of time, and a
//! list expression whose items a subquery uses. Such an operator appends a slot, and a variable replaces what it
//! computes. The operators of a subquery run over the rows around it, whose slots they carry along, so that
//! its groups, windows and distinct rows are those of one row around.

mod build;
mod builder;
mod call;
mod clauses;
mod each;
mod identity;
mod items;
mod nodes;
mod nothing;
mod order;
mod pattern;
mod projection;
mod schema;
mod show;
mod subquery;

pub(super) use build::build;
pub use nodes::{
    Between, Bind, Call, Element, Ends, Gives, Item, Logical, LogicalOp, Match, Node, Reach, Slot,
};
pub(super) use show::show;
