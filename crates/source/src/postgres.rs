//! A PostgreSQL database as a source, by logical replication.
//!
//! In the way of the data: `connection` (getting in by `livewell-link`, and messages),
//! `session` and `catalog` (what the server is and has), `snapshot` (the rows that were there),
//! `stream` (what came after), which takes `pgoutput` messages, `assemble`s them to transactions (kept in a
//! `spool`) and turns them into steps by its `tables`: `map` for rows, `value`, `array` and `temporal`
//! for what they hold. `layout` is what is stored of all that, with the position.
//!
//! A [`Snapshot`], once [`Prepared`], makes the slot and gives the rows at the point from which the slot begins; a [`Stream`] goes on
//! from the position that it gave. Everything here blocks.

mod array;
mod assemble;
mod bytes;
mod catalog;
mod connection;
mod failure;
mod layout;
mod map;
mod pgoutput;
mod session;
mod snapshot;
mod spool;
mod stream;
mod tables;
mod temporal;
mod value;

pub use map::Step;
pub use snapshot::{Prepared, Snapshot};
pub use stream::{Received, Stream, Upstream};

/// Whether a URL can be read; else why not.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    livewell_link::postgres::Address::parse(url).map(drop).map_err(|error| error.to_string())
}

/// Drops the slot of a source that no longer needs it; one that is not there is fine.
///
/// # Errors
/// Where the slot is in use or somebody else's; where the database is out of reach.
pub fn drop_slot(settings: &crate::settings::PostgresSettings) -> Result<(), crate::SourceError> {
    session::Session::open(settings)?.drop_slot(&settings.slot())
}
