//! What a step changes of an arrangement, in the order of its keys: to be seen before it is written, and to be written.

use super::arrange::{Found, id_of};
use super::parts::Match;
use crate::meter::{Meter, size};
use crate::operator::scan::Scanned;
use crate::operator::sorting::sort_by_key;
use crate::operator::writing::Writing;
use crate::state::{State, StepError};
use livewell_model::ElementId;
use livewell_model::codec::Writer;
use smallvec::SmallVec;

/// The changes of what some atoms share, ordered by key.
#[derive(Debug)]
pub(super) struct Pending<'c> {
    /// The atom under whose number they lie.
    pub place: usize,
    changed: &'c [Scanned],
    entries: Vec<Entry>,
    held: usize,
}

/// One key that a change touches.
#[derive(Debug)]
struct Entry {
    key: Vec<u8>,
    /// The number of the change.
    at: usize,
    /// Whether the element lies under the key afterwards.
    stays: bool,
}

impl<'c> Pending<'c> {
    /// The changes of the elements that are remembered in this place: copies of what is used of them.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    pub(super) fn new(
        plan: &Match,
        place: usize,
        changed: &'c [Scanned],
        meter: &Meter,
    ) -> Result<Self, StepError> {
        let (mut entries, mut held) = (Vec::with_capacity(changed.len()), 0);
        for (at, scanned) in changed.iter().enumerate() {
            let before = held;
            let new = plan.keys(place, scanned.after.as_ref());
            let gone = plan.gone_keys(place, scanned, &new);
            let touched =
                gone.into_iter().map(|key| (key, false)).chain(new.into_iter().map(|key| (key, true)));
            for (key, stays) in touched {
                held += size_of::<Entry>() + size::entry(key.len());
                entries.push(Entry { key, at, stays });
            }
            meter.hold(held - before)?;
        }
        sort_by_key(&mut entries, |entry: &Entry| &entry.key, meter)?;
        Ok(Self { place, changed, entries, held })
    }

    /// How many bytes it holds.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Brings what was found under the beginning of a key to what is there afterwards.
    pub(super) fn apply(&self, prefix: &[u8], found: &mut Found) {
        let first = self.entries.partition_point(|entry| entry.key.as_slice() < prefix);
        let touched = || {
            let entries = self.entries[first..].iter().take_while(|entry| entry.key.starts_with(prefix));
            entries.map(|entry| (entry.stays, &self.changed[entry.at]))
        };
        let gone = touched().filter_map(|(_, scanned)| scanned.before.as_ref().map(id_of));
        let mut gone: SmallVec<[&ElementId; 4]> = gone.collect();
        if !gone.is_empty() {
            gone.sort_unstable();
            found.retain(|value| gone.binary_search(&id_of(value)).is_err());
        }
        found.extend(touched().filter(|(stays, _)| *stays).filter_map(|(_, scanned)| scanned.after.clone()));
    }

    /// Writes the changes.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::tick`].
    pub(super) fn write(self, state: &mut dyn State, meter: &Meter) -> Result<(), StepError> {
        let (mut bytes, mut writing) = (Writer::new(), Writing::of_about(self.entries.len(), meter));
        for Entry { key, at, stays } in self.entries {
            meter.tick()?;
            let value = self.changed[at].after.as_ref().filter(|_| stays).map(|value| {
                bytes.bytes.clear();
                bytes.value(value);
                // The copy is as long as it has to be.
                bytes.bytes.clone()
            });
            writing.write(state, key, value)?;
        }
        writing.finish(state)?;
        meter.release(self.held);
        Ok(())
    }
}
