//! Reads what arrangements hold, as the term that is being extended sees it: as it is stored, or with what the step
//! changes of it.

use super::arrange::{By, Found};
use super::extend::Extension;
use super::pending::Pending;
use super::recent::Sought;
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::Reader;
use livewell_model::{ElementId, Value};

impl Extension<'_> {
    /// The node in a slot whose id is known.
    pub(super) fn node(&mut self, slot: usize) -> Result<Option<Value>, StepError> {
        if self.recent.is_some() || self.pending.is_some() {
            return Ok(self.elements(slot, By::Id, slot, None)?.pop());
        }
        // Most steps are small: there is only what is stored.
        let mut key = self.emptied_key();
        let id = self.known(slot);
        self.plan.write_key(slot - self.plan.width(), By::Id, &[id], &mut key);
        let stored = self.state.get(Area::Operators, &key)?;
        let value = stored.map(|bytes| decoded(&bytes, Some(id), self.meter)).transpose()?;
        self.key = key;
        Ok(value)
    }

    /// All nodes that a slot may be.
    pub(super) fn nodes(&mut self, slot: usize) -> Result<Found, StepError> {
        let key = self.plan.arrangement(self.plan.atom_in(slot).place, By::Id);
        let mut found = read_all(self.state, &key, None, self.meter)?;
        if let Some(pending) = self.unwritten(slot) {
            see(pending, &key, &mut found, self.meter)?;
        }
        Ok(found)
    }

    /// The relationships in a slot by one end that is known; with both ends known the look-up is exact: a node of many
    /// relationships costs no more.
    pub(super) fn relationships(&mut self, slot: usize, by: By) -> Result<Found, StepError> {
        let ends = self.plan.atom_in(slot).kind.ends();
        let ends = ends.expect("only what lies between nodes is found by an end");
        let (near, far) = if by == By::From { (ends.from, ends.to) } else { (ends.to, ends.from) };
        // An undirected relationship is kept both ways round in one arrangement.
        let by = if ends.undirected { By::From } else { by };
        self.elements(slot, by, near, Some(far))
    }

    /// What lies under the id of one node, and of another if that is known, too.
    fn elements(&mut self, slot: usize, by: By, near: usize, far: Option<usize>) -> Result<Found, StepError> {
        let (pending, mut key) = (self.unwritten(slot), self.emptied_key());
        let Self { plan, state, meter, ids, recent, .. } = self;
        let (atom, kind) = (slot - plan.width(), &plan.atom_in(slot).kind);
        let near = ids[near].as_ref().expect("the plan looks up by nodes that are bound");
        let far = far.and_then(|far| ids[far].as_ref());
        let write = |key: &mut Vec<u8>| match far {
            Some(far) => plan.write_key(atom, by, &[near, far], key),
            None => plan.write_key(atom, by, &[near], key),
        };
        let (place, sought) = (plan.atoms[atom].place, Sought { by, near, far });
        let is_undirected = kind.ends().is_some_and(|ends| ends.undirected);
        let mut recent = recent.as_deref_mut().filter(|recent| recent.is_worth());
        let known = recent.as_mut().and_then(|recent| recent.find(place, &sought, is_undirected));
        let mut found = match known {
            Some(found) => {
                meter.hold(found.len() * size_of::<Value>())?;
                found
            }
            None => {
                let read = if by == By::Id { read_one } else { read_all };
                write(&mut key);
                let found = read(*state, &key, Some(near), meter)?;
                if let Some(recent) = recent {
                    recent.put(place, &sought, &found, meter)?;
                }
                found
            }
        };
        if let Some(pending) = pending {
            if key.is_empty() {
                write(&mut key);
            }
            see(pending, &key, &mut found, meter)?;
        }
        self.key = key;
        Ok(found)
    }
}

/// Brings what is stored to what an earlier atom already sees.
fn see(pending: &Pending<'_>, prefix: &[u8], found: &mut Found, meter: &Meter) -> Result<(), StepError> {
    let stored = found.len();
    pending.apply(prefix, found);
    Ok(meter.hold(found.len().saturating_sub(stored) * size_of::<Value>())?)
}

fn read_one(
    state: &dyn State,
    key: &[u8],
    near: Option<&ElementId>,
    meter: &Meter,
) -> Result<Found, StepError> {
    let mut found = Found::new();
    if let Some(bytes) = state.get(Area::Operators, key)? {
        found.push(decoded(&bytes, near, meter)?);
    }
    Ok(found)
}

/// Reads the entries first, so that no scan stays open while the walk goes deeper.
fn read_all(
    state: &dyn State,
    prefix: &[u8],
    near: Option<&ElementId>,
    meter: &Meter,
) -> Result<Found, StepError> {
    let mut found = Found::new();
    state.scan(Area::Operators, prefix, Order::Ascending, &mut |_, bytes| {
        found.push(decoded(bytes, near, meter)?);
        Ok(true)
    })?;
    Ok(found)
}

/// An element that tells the id `near`.
fn decoded(bytes: &[u8], near: Option<&ElementId>, meter: &Meter) -> Result<Value, StepError> {
    let mut reader = Reader::new("arranged element", bytes);
    if let Some(near) = near {
        reader = reader.expecting(near);
    }
    let value = reader.value()?;
    meter.hold(size::owned(&value) + size_of::<Value>())?;
    Ok(value)
}
