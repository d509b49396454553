//! Ranges of keys that a step has found empty because it deleted everything in them.
//!
//! A queue in an overlay is read from its front, entry by entry, and each entry that was taken is a deletion that the
//! next look would have to pass again. A look remembers what it has passed, so that the next begins behind it.

use crate::Direction;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Ranges without an entry: each from a key on, and below another. They are disjoint, and do not touch.
#[derive(Debug, Default)]
pub(crate) struct Emptied(BTreeMap<Vec<u8>, Vec<u8>>);

impl Emptied {
    /// Returns the range from `from` on and below `to` without what is known to be empty at the end at which a scan
    /// begins; `None` if nothing is left.
    pub(crate) fn narrow(
        &self,
        from: &[u8],
        to: Option<&[u8]>,
        direction: Direction,
    ) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let (from, to) = match direction {
            Direction::Forward => (self.end_at(from).unwrap_or(from), to),
            Direction::Backward => (from, to.map(|to| self.start_below(to).unwrap_or(to))),
        };
        to.is_none_or(|to| from < to).then(|| (from.to_vec(), to.map(<[u8]>::to_vec)))
    }

    /// Notes that a scan in this range has met nothing before the key `first`.
    pub(crate) fn add_passed(&mut self, from: &[u8], to: Option<&[u8]>, first: &[u8], direction: Direction) {
        match (direction, to) {
            (Direction::Forward, _) => self.add(from.to_vec(), first.to_vec()),
            // From the shortest key after `first`.
            (Direction::Backward, Some(to)) => self.add([first, &[0]].concat(), to.to_vec()),
            (Direction::Backward, None) => {}
        }
    }

    /// Returns where a scan forward from `from` on can begin instead.
    fn end_at(&self, from: &[u8]) -> Option<&[u8]> {
        let (_, end) = self.0.range::<[u8], _>((Bound::Unbounded, Bound::Included(from))).next_back()?;
        (end.as_slice() > from).then_some(end)
    }

    /// Returns where a scan backward from below `to` on can begin instead.
    fn start_below(&self, to: &[u8]) -> Option<&[u8]> {
        let (start, end) = self.0.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(to))).next_back()?;
        (end.as_slice() >= to).then_some(start)
    }

    /// Notes that nothing is between `start` and `end`.
    pub(crate) fn add(&mut self, mut start: Vec<u8>, mut end: Vec<u8>) {
        if start >= end {
            return;
        }
        while let Some((first, last)) =
            self.0.range::<[u8], _>((Bound::Unbounded, Bound::Included(end.as_slice()))).next_back()
            && *last >= start
        {
            let first = first.clone();
            let last = self.0.remove(&first).expect("it was just found");
            (start, end) = (start.min(first), end.max(last));
        }
        self.0.insert(start, end);
    }

    /// Notes that there is an entry under `key`.
    pub(crate) fn fill(&mut self, key: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        let before = self.0.range_mut::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back();
        let Some((start, end)) = before.filter(|(_, end)| end.as_slice() > key) else { return };
        let (start, end) = (start.clone(), std::mem::replace(end, key.to_vec()));
        if start == key {
            self.0.remove(&start);
        }
        // The shortest key after `key` itself.
        let after = [key, &[0]].concat();
        if after < end {
            self.0.insert(after, end);
        }
    }

    /// Forgets all ranges.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Twice as many places as keys: each key, and the shortest one after it.
    fn key(place: u8) -> Vec<u8> {
        if place.is_multiple_of(2) { vec![place / 2] } else { vec![place / 2, 0] }
    }

    proptest! {
        /// Compared with the set of the places that are known to be empty.
        #[test]
        fn what_is_skipped_is_empty(operations in prop::collection::vec((any::<bool>(), 0u8..40, 0u8..12), 0..60)) {
            let (mut emptied, mut model) = (Emptied::default(), BTreeSet::new());
            for (is_add, at, length) in operations {
                let at = 2 * at;
                if is_add {
                    emptied.add(key(at), key(at + 2 * length));
                    model.extend(at..at + 2 * length);
                } else {
                    emptied.fill(&key(at));
                    model.remove(&at);
                }
                for at in 0..=104 {
                    let end = (at..).find(|at| !model.contains(at)).expect("some are not");
                    prop_assert_eq!(emptied.end_at(&key(at)).map(<[u8]>::to_vec), (end > at).then(|| key(end)));
                    let start = (0..at).rev().find(|at| !model.contains(at)).map_or(0, |full| full + 1);
                    prop_assert_eq!(emptied.start_below(&key(at)).map(<[u8]>::to_vec), (start < at).then(|| key(start)));
                }
            }
        }
    }
}
