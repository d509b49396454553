//! Sources that are read from outside: one runner for every kind that is a [`Source`](livewell_source::Source), and
//! what such a source finds in the store and writes there.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::source::stored::Held;
use livewell_source::settings::PostgresSettings;
use livewell_store::Snapshot;
use std::sync::Arc;

/// The slot that a source uses on its server, if it has one.
pub(crate) fn slot_of(snapshot: &Arc<dyn Snapshot>, source: u32) -> Result<Option<String>, Error> {
    let held = Held::of(snapshot.clone(), source)?;
    held.settle(livewell_source::postgres::slot_of(&held))
}

/// The tables that a source follows or copies.
pub(crate) fn tables_of(shared: &Shared, source: &Component) -> Result<Vec<String>, Error> {
    let held = Held::read(shared, source)?;
    held.settle(livewell_source::postgres::tables_of(&held))
}

/// Drops what a source that was removed has left on its server, which would keep its log for it otherwise.
pub(crate) fn remove(settings: &PostgresSettings, store: &str, slot: &str) {
    if let Err(error) = livewell_source::postgres::remove(settings, store, slot) {
        let id = &settings.id;
        tracing::warn!(
            source = %id,
            "{error}; drop the slot by hand, or the server keeps its log: SELECT pg_drop_replication_slot('{slot}')"
        );
    }
}

/// A few characters that tell a store from others, in the names that its sources have elsewhere.
pub(crate) fn store_name(shared: &Shared) -> String {
    let id = format!("{:032x}", shared.store.id().0);
    id[..6].to_owned()
}
