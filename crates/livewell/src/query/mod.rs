//! Queries: a query follows its feeds, steps its engine and commits the results.

pub(crate) mod base;
pub(crate) mod builds;
pub(crate) mod difference;
pub(crate) mod fill;
pub(crate) mod large;
pub(crate) mod net;
pub(crate) mod pipeline;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod seated;
pub(crate) mod state;
