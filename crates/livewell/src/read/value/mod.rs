//! Queries that are read for one value of their parameters: its rows, and its part of each result.

pub(crate) mod dealer;
pub(crate) mod dealers;
pub(crate) mod inbox;
pub(crate) mod listener;
pub(crate) mod one;
pub(crate) mod part;
pub(crate) mod values;
