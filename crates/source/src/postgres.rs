//! A PostgreSQL database as a source, by logical replication.
//!
//! In the way of the data: `connection` (getting in by `livewell-link`, and
//! messages), `session` and `slot`
//! (what the server is, and the place it keeps); `catalog` says what the tables are and what a change of that means;
//! `stream` receives `pgoutput` messages, `assemble`d to transactions (kept in a `spool`), which `replay` turns into
//! `step`s: `rows` become elements, of `value`s, `array`s and `temporal` values. `copy` reads tables beside the stream;
//! `live` is what a step changes in what queries see.
//!
//! [`Database`] is the source. `begin` makes its place on the server; from then on `follow` reads (a copy, the stream) and
//! plans `work`, `look` looks at the catalogs, `judge` says what they ask for, and `take` writes it, with the `position`
//! and the `notes`. `verify` compares what is stored with the database. Everything here blocks.

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
mod judge;
mod live;
mod look;
mod notes;
mod pages;
mod pgoutput;
mod position;
mod replay;
mod rows;
mod session;
mod slot;
mod spool;
mod spooled;
mod step;
mod stream;
mod take;
mod temporal;
mod value;
pub mod verify;
mod visible;
mod work;

pub use database::Database;

/// Whether a URL can be read; else why not.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    livewell_link::postgres::Address::parse(url).map(drop).map_err(|error| error.to_string())
}

/// Drops the slot of a source that is removed, and the publication that Livewell made for it.
///
/// # Errors
/// If the slot is in use or somebody else's; if the database is out of reach or refuses.
pub fn remove(
    settings: &crate::settings::PostgresSettings,
    store: &str,
    slot: &str,
) -> Result<(), crate::SourceError> {
    let mut session = session::Session::open(settings)?;
    session.drop_slot(slot)?;
    catalog::publication::remove(&mut session.connection, settings, store)
}

/// The tables that a stored source follows or copies, as `schema.name`; those above partitions, not the partitions.
///
/// # Errors
/// If what is stored cannot be read.
pub fn tables_of(stored: &dyn crate::source::Stored) -> Result<Vec<String>, crate::SourceError> {
    let mut tables = std::collections::BTreeSet::new();
    let mut add = |facts: &catalog::facts::UnitFacts| {
        let (schema, name) = &facts.root_name;
        tables.insert(format!("{schema}.{name}"));
    };
    notes::each(stored, notes::FACTS, |_, bytes| {
        add(&notes::decode(bytes)?);
        Ok(())
    })?;
    if let Some(copy) = copy::Copy::load(stored)? {
        copy.units.values().for_each(|unit| add(&unit.facts));
    }
    Ok(tables.into_iter().collect())
}

/// The name of the slot that a stored source uses, if it has one.
///
/// # Errors
/// If what is stored cannot be read.
pub fn slot_of(stored: &dyn crate::source::Stored) -> Result<Option<String>, crate::SourceError> {
    let home = stored.note(notes::HOME)?.map(|bytes| notes::decode::<begin::Home>(&bytes)).transpose()?;
    Ok(home.map(|home| home.slot))
}
