//! Reactions: a reaction effects results and then commits its checkpoint.

pub(crate) mod begin;
pub(crate) mod compare;
pub mod dead_letters;
pub(crate) mod deliver;
pub(crate) mod detail;
pub(crate) mod letters;
pub(crate) mod notes;
pub(crate) mod whole;
