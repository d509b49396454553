//! How many components are in each state, counted as they change it.

use super::lock::lock;
use super::state::{ComponentKind, State};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How many components there are of each kind in each state; a pair without any is absent or 0.
pub type Counts = BTreeMap<(ComponentKind, State), u64>;

/// The counts of the components that were added and not removed.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Tallied>);

#[derive(Debug, Default)]
struct Tallied {
    counts: Counts,
    /// How many of them wait for a disk.
    stalled: u64,
}

/// What counts of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) kind: ComponentKind,
    pub(crate) state: State,
    pub(crate) is_stalled: bool,
}

impl Tally {
    pub(crate) fn enter(&self, one: Counted) {
        let mut tallied = lock(&self.0);
        *tallied.counts.entry((one.kind, one.state)).or_default() += 1;
        tallied.stalled += u64::from(one.is_stalled);
    }

    /// Takes out what was counted.
    pub(crate) fn leave(&self, one: Counted) {
        let mut tallied = lock(&self.0);
        if let Some(count) = tallied.counts.get_mut(&(one.kind, one.state)) {
            *count = count.saturating_sub(1);
        }
        tallied.stalled = tallied.stalled.saturating_sub(u64::from(one.is_stalled));
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.0).counts.clone()
    }

    /// Returns how many components are in a state, of whatever kind.
    pub(crate) fn count(&self, state: State) -> u64 {
        let tallied = lock(&self.0);
        tallied.counts.iter().filter(|((_, of), _)| *of == state).map(|(_, count)| count).sum()
    }

    /// Returns how many components wait for a disk.
    pub(crate) fn stalled(&self) -> u64 {
        lock(&self.0).stalled
    }
}
