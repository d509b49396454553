//! Leftovers in a store: components that were taken out of the configuration, or renamed, with everything they have
//! stored.

use crate::Error;
use crate::component::definition::Definition;
use crate::component::shared::Shared;
use crate::component::unknown;
use crate::feed::reading::followed;
use crate::read::status::{self, Status};
use crate::register::removal;
use crate::source::stored::Held;
use livewell_store::catalog::{self, CATALOG, Kind, Registered};
use livewell_store::{IndexError, Snapshot, Store, WriteSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the removal of a component leaves outside the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// The replication slot of a `postgres` source whose settings are not known here. The server keeps its log for the
    /// slot until somebody drops it.
    pub slot: Option<String>,
}

/// Returns the status of all leftovers: stopped.
pub(crate) fn all(shared: &Shared) -> Result<Vec<Status>, Error> {
    let ids = shared.leftovers.ids(|| find(shared))?;
    let snapshot = shared.store.snapshot()?;
    let mut found = Vec::new();
    for id in ids {
        if let Some(entry) = catalog::find(&*snapshot, &id)?.filter(|entry| is_left(shared, entry)) {
            found.push(status::stored(&snapshot, &entry)?);
        }
    }
    Ok(found)
}

fn find(shared: &Shared) -> Result<BTreeSet<String>, Error> {
    let entries = catalog::all(&*shared.store.snapshot()?)?;
    Ok(entries.into_iter().filter(|entry| is_left(shared, entry)).map(|entry| entry.id).collect())
}

/// Returns the status of the leftover `id`, if it is one.
pub(crate) fn one(shared: &Shared, id: &str) -> Result<Option<Status>, Error> {
    let snapshot = shared.store.snapshot()?;
    let entry = catalog::find(&*snapshot, id)?.filter(|entry| is_left(shared, entry));
    entry.map(|entry| status::stored(&snapshot, &entry)).transpose()
}

fn is_left(shared: &Shared, entry: &Registered) -> bool {
    entry.kind != Kind::Bare && shared.roster().get(&entry.id).is_none()
}

/// Removes a leftover from the store of a running Livewell.
pub(crate) fn remove(shared: &Shared, id: &str) -> Result<Removed, Error> {
    let snapshot = shared.store.snapshot()?;
    let entry = removable(&snapshot, id)?;
    let removed = Removed { slot: slot(&snapshot, &entry)? };
    removal::remove(shared, id, entry.number)?;
    shared.leftovers.forget(id);
    Ok(removed)
}

/// Removes a component, with all it has stored, from a store that nobody runs. A component of the same id that is added
/// later is a new one.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] if another one in the store
/// reads it, or an error if the store cannot be read or written.
pub fn remove_stored(store: &dyn Store, id: &str) -> Result<Removed, Error> {
    let snapshot = store.snapshot()?;
    let entry = removable(&snapshot, id)?;
    let removed = Removed { slot: slot(&snapshot, &entry)? };
    let mut set = WriteSet::over(&*snapshot, CATALOG)?;
    removal::take_out(&mut set, &entry);
    for fate in store.commit(&[set])? {
        fate.map_err(|conflict| Error::from(IndexError::fenced(conflict)))?;
    }
    Ok(removed)
}

/// Returns the entry of `id`, if nothing else in the store reads it.
fn removable(snapshot: &Arc<dyn Snapshot>, id: &str) -> Result<Registered, Error> {
    let entry = catalog::find(&**snapshot, id)?.filter(|entry| entry.kind != Kind::Bare);
    let entry = entry.ok_or_else(|| unknown::in_store(&**snapshot, id, None))?;
    let mut readers = Vec::new();
    for other in catalog::all(&**snapshot)? {
        if reads(&**snapshot, &other, &entry)? {
            readers.push(other.id);
        }
    }
    if readers.is_empty() { Ok(entry) } else { Err(Error::is_read(id, &readers)) }
}

/// Returns whether `other` reads `entry`, by its definition or by the checkpoints that it has.
fn reads(snapshot: &dyn Snapshot, other: &Registered, entry: &Registered) -> Result<bool, Error> {
    Ok(match other.kind {
        Kind::Query | Kind::Reaction => match Definition::read(other) {
            Some(definition) => definition.made.upstreams().contains(&entry.id),
            None => followed(snapshot, other.number)?.contains_key(&entry.number),
        },
        Kind::Source | Kind::Bare => false,
    })
}

/// Returns what a source keeps on its other side, from the store alone.
fn slot(snapshot: &Arc<dyn Snapshot>, entry: &Registered) -> Result<Option<String>, Error> {
    if entry.kind != Kind::Source {
        return Ok(None);
    }
    let held = Held::of(snapshot.clone(), entry.number)?;
    held.settle(livewell_source::kinds::kept_there(&held))
}
