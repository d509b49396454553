//! Whether everything is done: all that was sent or read is taken in and delivered.

use super::status::behind;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::{ComponentKind, State};
use crate::feed::reading::Reading;
use livewell_store::Snapshot;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Returns a component that has something left to do; `None` if there is none. One that is in error has nothing left,
/// nor has one that waits for one in error, or has long waited for a disk. `last` is the component that was found
/// before: as long as it is busy, no other one is looked at.
pub(crate) fn busy(shared: &Shared, last: Option<Arc<Component>>) -> Result<Option<Arc<Component>>, Error> {
    if let Some(last) = last
        && shared.roster().numbered(last.number).is_some_and(|one| Arc::ptr_eq(one, &last))
        && is_busy(shared, &*shared.store.snapshot()?, &last)?
    {
        return Ok(Some(last));
    }
    // At first without the store, which only says more of those that are at rest.
    if let Some(found) = shared.roster().all().find(|component| !is_at_rest(component)) {
        return Ok(Some(found.clone()));
    }
    let snapshot = shared.store.snapshot()?;
    let mut reading = Reading::new(&*snapshot, &shared.marks);
    for component in shared.roster().all() {
        if is_behind(&mut reading, component)? {
            return Ok(Some(component.clone()));
        }
    }
    Ok(None)
}

fn is_busy(shared: &Shared, snapshot: &dyn Snapshot, component: &Component) -> Result<bool, Error> {
    let mut reading = Reading::new(snapshot, &shared.marks);
    Ok(!is_at_rest(component) || is_behind(&mut reading, component)?)
}

fn is_at_rest(component: &Component) -> bool {
    if component.is_stalled_for_long() {
        return true;
    }
    let state = component.state();
    // A paused component begins again when it runs again. A source in error asks itself for it as often as it tries.
    let waits = matches!(state, State::Paused | State::Stopped);
    let is_asked = component.reset.load(Ordering::Acquire)
        && !(component.kind == ComponentKind::Source && state == State::Error);
    if !waits && (is_asked || component.is_ordered() && state != State::Error) {
        return false;
    }
    matches!(state, State::CaughtUp | State::Paused | State::Stopped | State::Error)
}

fn is_behind(reading: &mut Reading<'_>, component: &Component) -> Result<bool, Error> {
    let waits = matches!(component.state(), State::Paused | State::Stopped | State::Error)
        || component.is_stalled_for_long();
    Ok(!waits && behind(reading, component.number, &component.follows)?.sequences > 0)
}
