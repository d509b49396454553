//! Queries: a query follows its feeds, steps its engine and commits the results.

pub(crate) mod awaited;
pub(crate) mod base;
pub(crate) mod builds;
pub(crate) mod difference;
pub(crate) mod drain;
pub(crate) mod due;
pub(crate) mod fill;
pub(crate) mod hash;
pub(crate) mod large;
pub(crate) mod net;
pub(crate) mod pipeline;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod seated;
pub(crate) mod state;
