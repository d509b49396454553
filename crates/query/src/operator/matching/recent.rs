//! What a large step has read of arrangements of late: what its changes have in common is read once.

use super::arrange::{By, Found};
use crate::meter::{Halt, Meter, size};
use hashbrown::{Equivalent, HashMap};
use livewell_model::{ElementId, Value};
use std::hash::{Hash, Hasher};

/// So many look-ups are remembered at most; then all are forgotten.
const MOST: usize = 1 << 14;
/// Where more elements lie, nothing is remembered: to look through them would take longer than a look-up.
const FEW: usize = 32;
/// The part of what a step may hold that it may take.
const PART: usize = 16;
/// After so many look-ups, one in so many has to have been known already.
const TRIAL: usize = 1 << 13;
const WORTH: usize = 4;

/// What look-ups have found in the state.
#[derive(Debug)]
pub(super) struct Recent {
    /// For each place, so that it is forgotten when something is written there.
    places: Vec<HashMap<Known, Found>>,
    remembered: usize,
    held: usize,
    looked_up: usize,
    known: usize,
}

/// What is looked for in a place: what lies under an id, or between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sought<'i> {
    pub by: By,
    pub near: &'i ElementId,
    pub far: Option<&'i ElementId>,
}

/// What was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    by: By,
    near: ElementId,
    far: Option<ElementId>,
}

impl Known {
    fn sought(&self) -> Sought<'_> {
        Sought { by: self.by, near: &self.near, far: self.far.as_ref() }
    }
}

impl Hash for Sought<'_> {
    /// Mostly all elements are of one source.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.by as u8);
        self.near.id.hash(state);
        self.far.iter().for_each(|far| far.id.hash(state));
    }
}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sought().hash(state);
    }
}

impl Equivalent<Known> for Sought<'_> {
    fn equivalent(&self, known: &Known) -> bool {
        *self == known.sought()
    }
}

impl Recent {
    pub(super) fn new(places: usize) -> Self {
        Self { places: vec![HashMap::new(); places], remembered: 0, held: 0, looked_up: 0, known: 0 }
    }

    /// About how many bytes it holds.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether enough is found here to go on remembering.
    pub(super) fn is_worth(&self) -> bool {
        self.looked_up < TRIAL || self.known * WORTH >= self.looked_up
    }

    /// What lies there, if it was looked for of late.
    pub(super) fn find(&mut self, place: usize, sought: &Sought<'_>, is_undirected: bool) -> Option<Found> {
        let found = self.get(place, sought).cloned();
        let found = found.or_else(|| self.between(place, sought, is_undirected));
        self.looked_up += 1;
        self.known += usize::from(found.is_some());
        found
    }

    fn get(&self, place: usize, sought: &Sought<'_>) -> Option<&Found> {
        self.places[place].get(sought)
    }

    /// The relationships between two nodes, if all of one of them were looked for of late.
    fn between(&self, place: usize, sought: &Sought<'_>, is_undirected: bool) -> Option<Found> {
        let Sought { by, near, far: Some(far) } = *sought else { return None };
        let from_far = if is_undirected || by == By::To { By::From } else { By::To };
        let all = self.get(place, &Sought { by, near, far: None });
        let all = all.or_else(|| self.get(place, &Sought { by: from_far, near: far, far: None }))?;
        let lies_between = |value: &&Value| match value {
            Value::Relationship(found) => {
                let ends = (&found.from, &found.to);
                ends == (near, far) || ends == (far, near)
            }
            _ => false,
        };
        Some(all.iter().filter(lies_between).cloned().collect())
    }

    /// Remembers what lies there. What the elements hold is held already.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    pub(super) fn put(
        &mut self,
        place: usize,
        sought: &Sought<'_>,
        found: &Found,
        meter: &Meter,
    ) -> Result<(), Halt> {
        if found.len() > FEW {
            return Ok(());
        }
        if self.remembered == MOST || self.held > meter.most() / PART {
            (0..self.places.len()).for_each(|place| self.forget(place, meter));
            self.remembered = 0;
        }
        self.remembered += 1;
        meter.hold(own(found))?;
        self.held += own(found) + elements(found);
        let known = Known { by: sought.by, near: sought.near.clone(), far: sought.far.cloned() };
        self.places[place].insert(known, found.clone());
        Ok(())
    }

    /// Forgets what lay in a place, where something is written. What rows share of it they still hold.
    pub(super) fn forget(&mut self, place: usize, meter: &Meter) {
        for (_, found) in self.places[place].drain() {
            let bytes = own(&found) + elements(&found);
            meter.release(bytes);
            self.held = self.held.saturating_sub(bytes);
        }
    }
}

/// What it takes to remember a look-up, without the elements.
fn own(found: &Found) -> usize {
    size::entry(size_of::<Known>() + size_of::<Found>() + found.len() * size_of::<Value>())
}

fn elements(found: &Found) -> usize {
    found.iter().map(size::owned).sum()
}
