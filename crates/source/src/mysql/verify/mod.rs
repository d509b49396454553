//! Compares what is stored with the tables of the database.
//!
//! A snapshot equals a place in the log. Once the source has stored that place, it has every change up to there, and
//! perhaps later ones, so a row that differs is only a *suspect*: it is read again in later snapshots, and is wrong if it
//! differs in the same way each time (`suspects`). Rows come in one statement for each table, in any order. What is stored
//! and is in no row is found by a count and a sum for each bucket of ids (`buckets`), without holding all ids.

mod buckets;
mod scan;
mod server;
mod suspects;

pub(super) use server::Server;
