//! Reactions: a reaction effects results and then commits its checkpoint.

pub(crate) mod begin;
pub mod dead_letters;
pub(crate) mod deliver;
pub(crate) mod held;
pub(crate) mod letters;
pub(crate) mod notes;
pub(crate) mod whole;
