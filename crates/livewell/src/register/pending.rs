//! A reset that is requested while nobody runs the store: it is stored, and begins with the component's next run.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::component::unknown;
use crate::source::key::reset_key;
use livewell_store::{Store, WriteSet, catalog};
use std::sync::Arc;

/// Requests a reset of a component in a store that nobody runs. It does what [`crate::Livewell::reset`] does, once the
/// component runs again.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] if it is a source that is
/// sent to; or an error if the store cannot be read or written.
pub fn reset_stored(store: &dyn Store, id: &str) -> Result<(), Error> {
    let snapshot = store.snapshot()?;
    let entry = catalog::find(&*snapshot, id)?.ok_or_else(|| unknown::in_store(&*snapshot, id, None))?;
    if crate::source::remembered::is_sent_to(&*snapshot, entry.number)? {
        return Err(Error::nothing_to_read(id));
    }
    let mut set = of(&*snapshot, entry.number)?;
    set.put(reset_key(entry.number), vec![1]);
    for fate in store.commit(&[set])? {
        fate.map_err(|conflict| Error::from(livewell_store::IndexError::fenced(conflict)))?;
    }
    Ok(())
}

/// Passes a requested reset on before the component starts; a component that does not start yet keeps it.
pub(crate) fn take(shared: &Shared, component: &Arc<Component>) -> Result<(), Error> {
    let turn = shared.positions.take();
    let snapshot = shared.store.snapshot()?;
    let key = reset_key(component.number);
    if component.state() == State::Paused || snapshot.get(&key)?.is_none() {
        return Ok(());
    }
    let mut set = of(&*snapshot, component.number)?;
    set.delete(key);
    let ticket = shared.group.submit(set);
    drop(turn);
    ticket.wait()?;
    component.ask_reset(None);
    Ok(())
}

fn of(snapshot: &dyn livewell_store::Snapshot, number: u32) -> Result<WriteSet, Error> {
    Ok(WriteSet::over(snapshot, number)?)
}
