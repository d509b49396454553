//! A MariaDB as a source, by its binary log.
//!
//! In the order of the data: `connection` (login, statements), `session` (what the server says of itself and its log);
//! `catalog` knows the tables, and refuses those whose changes the log does not have; `log` turns events to groups of
//! steps; a `value` comes from the text of a `SELECT` or from the bytes of the log, by its `kind`; `mapping` makes
//! elements of rows. `copy` reads the tables in one snapshot, `follow` the log after it, and `live` applies what came to
//! the elements that queries see.
//!
//! [`Database`] is the source. Its `position` is a place in the log, with what proves that the log is the one that was
//! read. Everything here blocks.

mod catalog;
mod connection;
mod copy;
mod database;
mod failure;
mod fields;
mod follow;
mod kind;
mod live;
mod log;
mod mapping;
mod notes;
mod position;
mod probe;
mod session;
mod value;
mod verify;

pub use database::Database;
pub(crate) use probe::probe;
