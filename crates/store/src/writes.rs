//! Writes by key: a short sorted list, and a tree once there are many.
//!
//! Most steps write a handful of entries. To make a tree for those, to search it and to drop it takes longer than a list.

use std::collections::BTreeMap;
use std::ops::Bound;

/// A key with what is written under it; without a value the key is deleted.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// Up to so many writes are a list.
const FEW: usize = 16;
/// Room for so many is made at once.
const ROOM: usize = 4;

/// Writes by key, in the order of the keys; of several writes of one key the last.
#[derive(Debug, Clone)]
pub struct Writes(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Few(Vec<Write>),
    Many(BTreeMap<Vec<u8>, Option<Vec<u8>>>),
}

impl Default for Writes {
    fn default() -> Self {
        Self(Kept::Few(Vec::new()))
    }
}

impl Writes {
    /// Returns how many keys are written.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Few(list) => list.len(),
            Kept::Many(tree) => tree.len(),
        }
    }

    /// Returns whether no key is written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes under a key. Returns what was written there before, if anything was.
    pub fn insert(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Option<Vec<u8>>> {
        let list = match &mut self.0 {
            Kept::Few(list) => list,
            Kept::Many(tree) => return tree.insert(key, value),
        };
        if list.capacity() == 0 {
            *list = Vec::with_capacity(ROOM);
        }
        match find(list, &key) {
            Ok(at) => return Some(std::mem::replace(&mut list[at].1, value)),
            Err(at) => list.insert(at, (key, value)),
        }
        if list.len() > FEW {
            self.0 = Kept::Many(std::mem::take(list).into_iter().collect());
        }
        None
    }

    /// Forgets what is written under a key.
    pub fn remove(&mut self, key: &[u8]) {
        match &mut self.0 {
            Kept::Few(list) => {
                if let Ok(at) = find(list, key) {
                    list.remove(at);
                }
            }
            Kept::Many(tree) => {
                tree.remove(key);
            }
        }
    }

    /// Returns what is written under a key, if anything is.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        match &self.0 {
            Kept::Few(list) => find(list, key).ok().map(|at| list[at].1.as_deref()),
            Kept::Many(tree) => tree.get(key).map(Option::as_deref),
        }
    }

    /// Returns whether a key is written that begins with `prefix`.
    pub fn any_below(&self, prefix: &[u8]) -> bool {
        match &self.0 {
            Kept::Few(list) => list.iter().any(|(key, _)| key.starts_with(prefix)),
            Kept::Many(tree) => {
                let mut from = tree.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
                from.next().is_some_and(|(key, _)| key.starts_with(prefix))
            }
        }
    }

    /// Returns all writes, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], Option<&[u8]>)> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }

    /// Returns the writes between two keys, ascending.
    pub fn range<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let (few, many) = match &self.0 {
            Kept::Few(list) => (between(list, from, to), None),
            Kept::Many(tree) => (&[][..], Some(tree.range::<[u8], _>((from, to)))),
        };
        let few = few.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        few.chain(many.into_iter().flatten().map(|(key, value)| (key.as_slice(), value.as_deref())))
    }
}

/// Returns where a key is in a list, or where it would be inserted.
fn find(list: &[Write], key: &[u8]) -> Result<usize, usize> {
    list.binary_search_by(|(have, _)| have.as_slice().cmp(key))
}

/// Returns the part of a list between two keys.
fn between<'a>(list: &'a [Write], from: Bound<&[u8]>, to: Bound<&[u8]>) -> &'a [Write] {
    let before = |key: &[u8]| list.partition_point(|(have, _)| have.as_slice() < key);
    let through = |key: &[u8]| list.partition_point(|(have, _)| have.as_slice() <= key);
    let from = match from {
        Bound::Unbounded => 0,
        Bound::Included(key) => before(key),
        Bound::Excluded(key) => through(key),
    };
    let to = match to {
        Bound::Unbounded => list.len(),
        Bound::Included(key) => through(key),
        Bound::Excluded(key) => before(key),
    };
    &list[from..to.max(from)]
}

impl Extend<Write> for Writes {
    fn extend<I: IntoIterator<Item = Write>>(&mut self, writes: I) {
        for (key, value) in writes {
            self.insert(key, value);
        }
    }
}

impl FromIterator<Write> for Writes {
    fn from_iter<I: IntoIterator<Item = Write>>(writes: I) -> Self {
        let mut all = Self::default();
        all.extend(writes);
        all
    }
}

impl IntoIterator for Writes {
    type Item = Write;
    type IntoIter = std::vec::IntoIter<Write>;

    fn into_iter(self) -> Self::IntoIter {
        match self.0 {
            Kept::Few(list) => list.into_iter(),
            Kept::Many(tree) => tree.into_iter().collect::<Vec<_>>().into_iter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Model = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

    fn owned<'a>(writes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Vec<Write> {
        writes.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect()
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..4, 1..4)
    }

    fn bound(kind: u8, key: &[u8]) -> Bound<&[u8]> {
        match kind {
            0 => Bound::Unbounded,
            1 => Bound::Included(key),
            _ => Bound::Excluded(key),
        }
    }

    proptest! {
        /// Compared with a tree, below and beyond the number at which they become one.
        #[test]
        fn writes_are_an_ordered_map(
            writes in prop::collection::vec((key(), prop::option::of(key()), 0u8..5), 0..3 * FEW),
            probes in prop::collection::vec((key(), key(), 0u8..3, 0u8..3), 1..10),
        ) {
            let (mut kept, mut model) = (Writes::default(), Model::new());
            for (key, value, kind) in writes {
                if kind == 0 {
                    kept.remove(&key);
                    model.remove(&key);
                } else {
                    prop_assert_eq!(kept.insert(key.clone(), value.clone()), model.insert(key, value));
                }
                prop_assert_eq!(kept.len(), model.len());
            }
            for (from, to, first, last) in probes {
                prop_assert_eq!(kept.get(&from), model.get(&from).map(Option::as_deref));
                prop_assert_eq!(kept.any_below(&from), model.keys().any(|key| key.starts_with(&from)));
                let (low, high) = if from < to { (from, to) } else { (to, [from.as_slice(), &[0]].concat()) };
                let (low, high) = (bound(first, &low), bound(last, &high));
                let wanted: Vec<Write> =
                    model.range::<[u8], _>((low, high)).map(|(key, value)| (key.clone(), value.clone())).collect();
                prop_assert_eq!(owned(kept.range(low, high)), wanted.clone());
                prop_assert_eq!(owned(kept.range(low, high).rev()), wanted.into_iter().rev().collect::<Vec<_>>());
            }
            prop_assert!(kept.into_iter().eq(model));
        }
    }
}
