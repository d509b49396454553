//! Removes components from the catalog, with everything that they stored.

use crate::Error;
use crate::component::shared::Shared;
use crate::register::registrar::Registrar;
use livewell_store::catalog::{self, Registered};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{WriteSet, sweep};
use std::collections::BTreeMap;

impl Registrar<'_> {
    /// Removes a component that does not run from the catalog and marks everything that it stored as garbage, in the
    /// commit of the registration. Its last epoch is remembered, so that a new component with the same id begins another
    /// history.
    pub(crate) fn remove(&mut self, id: &str, number: u32) -> Result<(), Error> {
        if let Some(entry) = catalog::find(&*self.snapshot, id)? {
            self.catalog.delete(entry.key());
        }
        mark_garbage(&mut self.catalog, number);
        Ok(())
    }
}

/// Removes a component that was not added, in a commit of its own.
pub(crate) fn remove(shared: &Shared, id: &str, number: u32) -> Result<(), Error> {
    let _turn = shared.positions.take();
    let mut registrar = Registrar::begin(shared, BTreeMap::new())?;
    registrar.remove(id, number)?;
    registrar.commit()
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
        Space::Due,
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
