//! Removes components from the catalog, with everything that they stored.

use crate::Error;
use crate::component::shared::Shared;
use crate::register::registrar::Registrar;
use livewell_store::catalog::{self, Registered};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{WriteSet, sweep};
use std::collections::BTreeMap;

/// Removes a component that does not run from the catalog and marks everything that it stored as garbage, in one
/// commit. Its last epoch is remembered, so that a new component with the same id begins another history.
pub(crate) fn remove(shared: &Shared, id: &str, number: u32) -> Result<(), Error> {
    let _turn = shared.positions.take();
    let mut catalog = Registrar::begin(shared, BTreeMap::new())?.catalog;
    if let Some(entry) = catalog::find(&*shared.store.snapshot()?, id)? {
        catalog.delete(entry.key());
    }
    mark_garbage(&mut catalog, number);
    for fate in shared.store.commit(&[catalog])? {
        fate.map_err(|conflict| Error::from(livewell_store::IndexError::fenced(conflict)))?;
    }
    Ok(())
}

/// Removes an entry from the catalog and marks everything that it stored as garbage.
pub(crate) fn take_out(catalog: &mut WriteSet, entry: &Registered) {
    catalog.delete(entry.key());
    mark_garbage(catalog, entry.number);
}

fn mark_garbage(catalog: &mut WriteSet, number: u32) {
    for space in [
        Space::Version,
        Space::Epoch,
        Space::Head,
        Space::Snapshot,
        Space::ByValue,
        Space::Log,
        Space::State,
        Space::Checkpoint,
        Space::Upstream,
        Space::Idempotency,
        Space::Parked,
        Space::DeadLetter,
        Space::Expiry,
    ] {
        sweep::mark(catalog, &Key::new(space).number(number).done());
    }
}
