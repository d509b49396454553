//! Sources that are read from outside: one runner for every kind that is a [`Source`](livewell_source::Source), and
//! what such a source finds in the store and writes there.

mod commit;
mod progress;
mod runner;
mod stage;
mod stored;

pub(crate) use progress::Progress;
pub(crate) use runner::{Runner, run};

use crate::Error;
use crate::shared::{Component, Shared};
use livewell_source::settings::PostgresSettings;
use stored::Held;

/// The slot that a source uses on its server, if it has one.
pub(crate) fn slot_of(shared: &Shared, source: &Component) -> Result<Option<String>, Error> {
    let held = Held::read(shared, source)?;
    held.settle(livewell_source::postgres::slot_of(&held))
}

/// The tables that a source follows or copies.
pub(crate) fn tables_of(shared: &Shared, source: &Component) -> Result<Vec<String>, Error> {
    let held = Held::read(shared, source)?;
    held.settle(livewell_source::postgres::tables_of(&held))
}

/// Drops the slot of a source that was removed, so that the server no longer keeps its log for it.
pub(crate) fn drop_slot(settings: &PostgresSettings, slot: &str) {
    let (id, publication) = (&settings.id, settings.publication());
    match livewell_source::postgres::drop_slot(settings, slot) {
        Ok(()) => tracing::info!(
            source = %id,
            "dropped the slot `{slot}`; if nobody else uses the publication `{publication}`: DROP PUBLICATION {publication}"
        ),
        Err(error) => tracing::warn!(
            source = %id,
            "{error}; drop the slot by hand, or the server keeps its log: SELECT pg_drop_replication_slot('{slot}')"
        ),
    }
}
