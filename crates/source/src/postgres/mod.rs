//! A PostgreSQL database as a source, by logical replication.
//!
//! In the order of the data: `connection` (login by `livewell-link`, and messages), `session` and `slot` (what the
//! server is, and the position it keeps); `catalog` knows the tables and what a change of them means; `stream` receives
//! `pgoutput` messages, `assemble`d to transactions (kept in a `spool`), which `replay` turns into `step`s: `rows`
//! become elements, of `value`s, `array`s and `temporal` values. `copy` reads tables beside the stream; `live` applies
//! steps to what queries see.
//!
//! [`Database`] is the source. `begin` creates its slot on the server; from then on `follow` reads (a copy, the
//! stream) and plans `work`, `look` looks at the catalogs (`suspects` says what it may not see yet), `judge` decides
//! what they require, and `take` writes it, with the `position` and the `notes`. `server` answers questions from other
//! threads; `verify` compares what is stored with the database. Everything here blocks.

mod array;
mod assemble;
mod begin;
mod bytes;
mod catalog;
mod connection;
mod copy;
mod database;
mod failure;
mod follow;
mod form;
mod judge;
mod keys;
mod live;
mod look;
mod notes;
mod pgoutput;
mod position;
mod probe;
mod replay;
mod rows;
mod server;
mod server_error;
mod session;
mod slot;
mod spool;
mod spooled;
mod step;
mod stream;
mod suspects;
mod take;
mod temporal;
mod upstream;
mod value;
mod verify;
mod visible;
mod work;

pub use database::Database;
pub(crate) use probe::probe;
pub(crate) use server::slot_of;

/// Returns the files that a URL names: certificates and keys.
pub(crate) fn files(url: &str) -> Vec<std::path::PathBuf> {
    let Ok(address) = livewell_link::postgres::Address::parse(url) else { return Vec::new() };
    let root = match address.tls.root {
        Some(livewell_link::postgres::RootCertificates::File(file)) => Some(file),
        _ => None,
    };
    let client = address.tls.client.into_iter().flat_map(|(certificate, key)| [certificate, key]);
    root.into_iter().chain(client).collect()
}

/// Checks that a URL can be parsed; the error says why not.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    livewell_link::postgres::Address::parse(url).map(drop).map_err(|error| error.to_string())
}
