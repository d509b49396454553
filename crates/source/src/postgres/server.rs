//! Answers questions about the database while the source is at work, or after it was removed.

use super::begin::Home;
use super::catalog::facts::UnitFacts;
use super::catalog::publication;
use super::copy::Copy;
use super::notes;
use super::session::Session;
use super::verify::verify;
use crate::SourceError;
use crate::settings::PostgresSettings;
use crate::source::{Here, OtherSide, Stored};
use crate::verified::Verified;
use std::collections::BTreeSet;

/// The server of a source with these settings.
pub(super) struct Server(pub PostgresSettings);

impl OtherSide for Server {
    fn check_table(&self, table: &str, stored: &dyn Stored) -> Result<(), SourceError> {
        self.0.check_table(table, &tables_of(stored)?).map_err(SourceError::settings)
    }

    fn verify(&self, table: Option<&str>, here: &Here<'_>) -> Result<Verified, SourceError> {
        verify(&self.0, table, here)
    }

    fn kept_there(&self, stored: &dyn Stored) -> Result<Option<String>, SourceError> {
        slot_of(stored)
    }

    /// Drops the slot, and the publication that Livewell created for it.
    fn drop_there(&self, store: &str, slot: &str) -> Result<(), SourceError> {
        let drop = || -> Result<(), SourceError> {
            let mut session = Session::open(&self.0)?;
            session.drop_slot(slot)?;
            publication::remove(&mut session.connection, &self.0, store)
        };
        drop().map_err(|error| {
            let way_out = "drop the slot by hand, or the server keeps its log";
            let message = format!("{error}; {way_out}: SELECT pg_drop_replication_slot('{slot}')");
            SourceError { message, ..error }
        })
    }
}

/// Returns the tables that a stored source follows or copies, as `schema.name`; partitioned tables rather than their
/// partitions.
fn tables_of(stored: &dyn Stored) -> Result<Vec<String>, SourceError> {
    let mut tables = BTreeSet::new();
    let mut add = |facts: &UnitFacts| {
        let (schema, name) = &facts.root_name;
        tables.insert(format!("{schema}.{name}"));
    };
    notes::each(stored, notes::FACTS, |_, bytes| {
        add(&notes::decode(bytes)?);
        Ok(())
    })?;
    if let Some(copy) = Copy::load(stored)? {
        copy.units.values().for_each(|unit| add(&unit.facts));
    }
    Ok(tables.into_iter().collect())
}

/// Returns the name of the slot that a stored source uses, if it has one.
///
/// # Errors
/// Returns an error if what is stored cannot be read.
pub(crate) fn slot_of(stored: &dyn Stored) -> Result<Option<String>, SourceError> {
    let home = stored.note(notes::HOME)?.map(|bytes| notes::decode::<Home>(&bytes)).transpose()?;
    Ok(home.map(|home| home.slot))
}
