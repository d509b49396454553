//! Feeds: following several of them in one order, the element changes of an entry, and how far back a log reaches.

pub mod checked;
pub(crate) mod element;
pub(crate) mod elements;
pub(crate) mod entry;
pub(crate) mod follow;
pub(crate) mod parts;
pub(crate) mod reading;
pub(crate) mod retention;
pub(crate) mod stuck;
