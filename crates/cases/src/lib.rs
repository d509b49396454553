//! Test cases of standing queries: pages in Markdown whose fenced blocks hold a query, changes going in, and diffs coming
//! out. `livewell test` runs those of users, and the tests of the query guide run those of its pages.
//!
//! [`page`] reads a page, [`source`] makes transactions of its changes, [`settings`] reads the settings of a query, and
//! [`run`] follows the steps with the engine.

pub mod page;
pub mod run;
pub mod settings;
pub mod source;
